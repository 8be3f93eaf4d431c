import assert from 'node:assert/strict'
import {test} from 'node:test'
import {mayChangeColumns} from '../../../src/stream/ddl-columns.ts'
import {readDdl} from '../../../src/stream/ddl.ts'

const harmless = [
  'TRUNCATE t',
  'truncate table `t`',
  'ANALYZE TABLE t',
  'CREATE VIEW v AS SELECT * FROM t',
  'CREATE OR REPLACE VIEW v AS SELECT * FROM t',
  'CREATE DEFINER=`root`@`%` TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
  'DROP TRIGGER r',
  'CREATE FULLTEXT INDEX i ON t (c)',
  'DROP TEMPORARY TABLE IF EXISTS `t`',
  "GRANT SELECT ON d.t TO 'a'@'%'",
]
const changing = [
  'ALTER TABLE t ADD c INT',
  'RENAME TABLE t TO u',
  'DROP TABLE t',
  'CREATE TABLE t (id INT)',
  'CREATE UNIQUE INDEX i ON t (c)',
  'CREATE INDEX i ON t (c)',
  'DROP INDEX `PRIMARY` ON t',
  'DROP DATABASE d',
  '/* tool */ alter table t rename column a to b',
  '/*!50000 ALTER TABLE t DROP c */',
]

for (const sql of harmless) {
  test(`leaves the columns of every table as they are: ${sql}`, () => {
    assert.equal(mayChangeColumns(readDdl(sql).verb), false)
  })
}
for (const sql of changing) {
  test(`may give a table other columns or another key: ${sql}`, () => {
    assert.equal(mayChangeColumns(readDdl(sql).verb), true)
  })
}
