import assert from 'node:assert/strict'
import {test} from 'node:test'
import {keywordOf, meaningOf, type QueryMeaning} from '../../../src/binlog/query-event.ts'

const inside: readonly (readonly [string, QueryMeaning])[] = [
  ['COMMIT', 'commit'],
  ['ROLLBACK', 'rollback'],
  ['rollback to `a`', 'rollback-to'],
  ['SAVEPOINT `a`', 'savepoint'],
  ['insert into t values (1)', 'change'],
  ['/* c */ -- d\n UPDATE t SET a = 1', 'change'],
  ['/*!50003 DELETE FROM t */', 'change'],
  ['SELECT `d`.`f`()', 'change'],
  ['CALL p()', 'change'],
  ['TABLE t', 'change'],
  ['(SELECT 1)', 'change'],
  ['CREATE TABLE a (b int) START TRANSACTION', 'query'],
  ['DROP TEMPORARY TABLE IF EXISTS `a`', 'query'],
  ["XA END X'61',X'',1", 'xa-end'],
]
const outside: readonly (readonly [string, QueryMeaning])[] = [
  ['begin', 'begin'],
  ["XA START X'61',X'',1", 'xa-begin'],
  ["XA COMMIT X'61',X'',1", 'xa-commit'],
  ["XA ROLLBACK X'61',X'',1", 'xa-rollback'],
  ["XA ANYTHING X'61',X'',1", 'change'],
  ['ALTER TABLE t ADD c INT', 'query'],
  ['TRUNCATE t', 'query'],
  ['GRANT SELECT ON *.* TO a', 'query'],
  ["SET PASSWORD FOR 'a' = 'b'", 'query'],
  ['REPLACE INTO t VALUES (1)', 'change'],
  ['LOAD DATA INFILE "x" INTO TABLE t', 'change'],
  ["DELETE FROM mysql.rds_sysinfo where name = 'innodb_txn_key'", 'ignored'],
  ['DELETE FROM mysql.users', 'change'],
  ["INSERT INTO t VALUES ('mysql.rds_x')", 'change'],
]

for (const [where, cases] of [
  ['inside', inside],
  ['outside', outside],
] as const) {
  for (const [sql, meaning] of cases) {
    test(`${where} a transaction, ${JSON.stringify(sql)} is ${meaning}`, () => {
      assert.equal(meaningOf(sql, {inTransaction: where === 'inside'}), meaning)
    })
  }
}

test('the keyword of a statement is its first word behind comments', () => {
  assert.equal(keywordOf("/* a */ insert INTO t VALUES ('x')"), 'INSERT')
  assert.equal(keywordOf('('), 'unknown')
})
