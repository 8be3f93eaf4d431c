import assert from 'node:assert/strict'
import {test} from 'node:test'
import {mayTouch, readDdl} from '../../../src/stream/ddl.ts'

const VERBS: readonly (readonly [string, string])[] = [
  ['ALTER TABLE t ADD COLUMN c INT', 'ALTER TABLE'],
  ['alter  table\n`t` add c int', 'ALTER TABLE'],
  ['TRUNCATE TABLE t', 'TRUNCATE TABLE'],
  ['truncate t', 'TRUNCATE T'],
  ['DROP TABLE IF EXISTS t', 'DROP TABLE'],
  ['DROP DATABASE d', 'DROP DATABASE'],
  ['drop schema `d`', 'DROP SCHEMA'],
  ['RENAME TABLE t TO u', 'RENAME TABLE'],
  ['/* by me */ ALTER TABLE t ENGINE=InnoDB', 'ALTER TABLE'],
  ['-- by me\nTRUNCATE TABLE t', 'TRUNCATE TABLE'],
  ['# by me\nTRUNCATE TABLE t', 'TRUNCATE TABLE'],
  ['/*!40000 DROP DATABASE IF EXISTS `d`*/', 'DROP DATABASE'],
  ['rename /* gh-ost */ table `d`.`t` to `d`.`_t_del`', 'RENAME TABLE'],
]
for (const [sql, verb] of VERBS) {
  test(`the verb of ${JSON.stringify(sql)} is ${verb}`, () => {
    assert.equal(readDdl(sql).verb, verb)
  })
}

interface Touch {
  readonly sql: string
  readonly database: string
  /** Tables that it must be taken to touch, and those that it must not, as `database.table`. */
  readonly yes?: readonly string[]
  readonly no?: readonly string[]
}

const TOUCHES: readonly Touch[] = [
  {sql: 'ALTER TABLE t ADD c INT', database: 'd', yes: ['d.t', 'D.T'], no: ['d.u', 'e.t']},
  {sql: 'ALTER TABLE d.t ADD c INT', database: 'x', yes: ['d.t'], no: ['e.t']},
  {sql: 'ALTER TABLE `d` . `t` ADD c INT', database: '', yes: ['d.t']},
  {sql: 'ALTER TABLE `a``b` ADD c INT', database: 'd', yes: ['d.a`b'], no: ['d.a', 'd.ab']},
  {sql: 'ALTER TABLE `two words` ADD c INT', database: 'd', yes: ['d.two words']},
  {sql: 'ALTER TABLE "t" ADD c INT', database: 'd', yes: ['d.t']},
  {sql: 'ALTER TABLE größe ADD c INT', database: 'd', yes: ['d.größe', 'd.GRÖSSE'.replace('SS', 'ß')]},
  {sql: 'ALTER TABLE $t_1 ADD c INT', database: 'd', yes: ['d.$t_1'], no: ['d.t_1']},
  {sql: 'DROP TABLE a, d.b, `e`.`c`', database: 'd', yes: ['d.a', 'd.b', 'e.c'], no: ['d.f', 'f.a']},
  {sql: 'DROP TABLES a, b', database: 'd', yes: ['d.a', 'd.b']},
  {sql: 'DROP DATABASE d', database: 'x', yes: ['d.anything'], no: ['e.anything']},
  {sql: 'DROP SCHEMA IF EXISTS `d`', database: '', yes: ['d.t']},
  {sql: 'ALTER DATABASE d CHARACTER SET latin1', database: 'x', yes: ['d.t'], no: ['e.t']},
  // gh-ost's and pt-online-schema-change's last step.
  {sql: 'rename /* gh-ost */ table `d`.`t` to `d`.`_t_del`, `d`.`_t_gho` to `d`.`t`', database: '', yes: ['d.t']},
  {sql: 'RENAME TABLE `d`.`t` TO `d`.`_t_old`, `d`.`_t_new` TO `d`.`t`', database: 'd', yes: ['d.t']},
  {sql: "ALTER TABLE u COMMENT 't'", database: 'd', yes: ['d.u'], no: ['d.t']},
  {sql: "ALTER TABLE u COMMENT 'it''s t \\' t'", database: 'd', no: ['d.t']},
  {sql: 'ALTER TABLE u /* t */ ENGINE=InnoDB', database: 'd', no: ['d.t']},
  {sql: 'ALTER TABLE u -- t\n ENGINE=InnoDB', database: 'd', no: ['d.t']},
  {sql: 'ALTER TABLE u # t\n ENGINE=InnoDB', database: 'd', no: ['d.t']},
  {sql: "ALTER TABLE u COMMENT '# not a comment' , RENAME TO t", database: 'd', yes: ['d.t']},
  {sql: 'ALTER TABLE u COMMENT "/*", RENAME TO t', database: 'd', yes: ['d.t']},
  {sql: 'CREATE INDEX i ON t (a)', database: 'd', yes: ['d.t']},
  {sql: 'ALTER TABLE part EXCHANGE PARTITION p WITH TABLE t', database: 'd', yes: ['d.part', 'd.t']},
]
for (const {sql, database, yes = [], no = []} of TOUCHES) {
  test(`${JSON.stringify(sql)} in ${JSON.stringify(database)} touches ${yes.join(' ')}${no.length > 0 ? `, not ${no.join(' ')}` : ''}`, () => {
    const reading = readDdl(sql)
    for (const table of yes) assert.equal(mayTouch(reading, database, idOf(table)), true, table)
    for (const table of no) assert.equal(mayTouch(reading, database, idOf(table)), false, table)
  })
}

function idOf(text: string): {database: string; table: string} {
  const dot = text.indexOf('.')
  return {database: text.slice(0, dot), table: text.slice(dot + 1)}
}

const CHANGES_ROWS: readonly string[] = [
  'TRUNCATE TABLE t',
  'truncate t',
  'DROP TABLE t',
  'DROP TABLES t',
  'DROP DATABASE d',
  'RENAME TABLE t TO u',
  'RENAME TABLES t TO u',
  'ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 5',
  'ALTER TABLE t ADD c INT',
  'ALTER TABLE t DROP c',
  'ALTER TABLE t MODIFY c BIGINT',
  'ALTER TABLE t CHANGE a b INT',
  'ALTER TABLE t RENAME COLUMN a TO b',
  'ALTER TABLE t RENAME TO u',
  'ALTER TABLE t DROP PARTITION p0',
  'ALTER TABLE t TRUNCATE PARTITION p0',
  'ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u',
  'ALTER TABLE t CONVERT TO CHARACTER SET latin1',
  'ALTER TABLE t ADD PRIMARY KEY (id)',
  'ALTER TABLE t ADD CONSTRAINT PRIMARY KEY (id)',
  'ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (id)',
  'ALTER TABLE t ADD CONSTRAINT `my key` PRIMARY KEY (id)',
  'ALTER TABLE t DROP PRIMARY KEY',
  'ALTER TABLE t DISCARD TABLESPACE',
  'ALTER TABLE t IMPORT TABLESPACE',
  'ALTER TABLE t ADD INDEX i (a), ADD COLUMN c INT',
  'ALTER TABLE t ADD INDEX i (a, b), DROP COLUMN c',
  "ALTER TABLE t COMMENT 'a', DROP COLUMN c",
  '/* why */ ALTER TABLE t DROP c',
  '/* service:shop */ TRUNCATE TABLE t',
  'ALTER TABLE t DROP CONSTRAINT `PRIMARY`',
  'rename /* gh-ost */ table `d`.`t` to `d`.`_t_del`, `d`.`_t_gho` to `d`.`t`',
  '/*!50000 ALTER TABLE t DROP c */',
  'ALTER TABLE t ENGINE=BLACKHOLE',
  'ALTER TABLE t DROP PARTITION p0, p1',
  'ALTER TABLE t DISCARD PARTITION p0 TABLESPACE',
  'ALTER TABLE t IMPORT PARTITION p0 TABLESPACE',
  'ALTER TABLE t ADD COLUMN c INT PARTITION BY KEY ()',
  'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4',
  'ALTER TABLE t ADD COLUMN c INT AS (a + 1) STORED',
]
for (const sql of CHANGES_ROWS) {
  test(`${sql} may change rows without row events`, () => {
    assert.equal(readDdl(sql).changesRows, true)
  })
}

const LEAVES_ROWS: readonly string[] = [
  'CREATE TABLE t (id INT)',
  'CREATE INDEX i ON t (a)',
  'DROP INDEX i ON t',
  'DROP TEMPORARY TABLE t',
  'ANALYZE TABLE t',
  'OPTIMIZE TABLE t',
  "GRANT SELECT ON d.t TO 'u'@'h'",
  'ALTER TABLE t ADD INDEX i (a)',
  'ALTER TABLE t ADD UNIQUE KEY `i` (a)',
  'ALTER TABLE t ADD FULLTEXT INDEX i (a)',
  'ALTER TABLE t DROP INDEX i',
  'ALTER TABLE t DROP FOREIGN KEY f',
  'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id)',
  'ALTER TABLE t RENAME INDEX i TO j',
  "ALTER TABLE t COMMENT 'c'",
  "ALTER TABLE t COMMENT='c'",
  'ALTER TABLE t AUTO_INCREMENT=100',
  'ALTER TABLE t STATS_PERSISTENT=1',
  'ALTER TABLE `t` ALTER INDEX i INVISIBLE',
  'ALTER TABLE t ADD INDEX i (a, b)',
  'ALTER TABLE t ADD INDEX i (a, (CAST(b AS CHAR(5)))), ALGORITHM=INPLACE, LOCK=NONE',
  'ALTER TABLE `a,b`.`my table` ADD INDEX i (a), DROP INDEX `j`',
  '/* why, not how */ ALTER TABLE t /* , DROP c */ ADD INDEX i (a)',
  "ALTER TABLE t COMMENT 'PRIMARY, DROP c'",
  'ALTER TABLE t ENGINE=InnoDB',
  'ALTER TABLE t ENGINE = innodb, ROW_FORMAT=DYNAMIC',
  'ALTER TABLE t FORCE',
  'ALTER TABLE t DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  'ALTER TABLE t ALTER COLUMN c SET DEFAULT (1 + 2), ALTER d DROP DEFAULT',
  'ALTER TABLE t ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))',
  'ALTER TABLE t REORGANIZE PARTITION p0, p1 INTO (PARTITION p0 VALUES LESS THAN (9))',
  'ALTER TABLE t COALESCE PARTITION 2',
  'ALTER TABLE t OPTIMIZE PARTITION p0, p1',
  'ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (9), PARTITION p1 VALUES LESS THAN MAXVALUE)',
  'ALTER TABLE t REMOVE PARTITIONING',
]
for (const sql of LEAVES_ROWS) {
  test(`${sql} leaves every row as it was`, () => {
    assert.equal(readDdl(sql).changesRows, false)
  })
}

const removing = [
  'DROP TABLE t',
  'DROP TABLES t, u',
  '/* tool */ DROP DATABASE d',
  'DROP SCHEMA d',
  'RENAME TABLE t TO u',
  'ALTER TABLE t RENAME TO u',
]
const keeping = [
  'REVOKE SELECT ON d.t FROM u',
  'TRUNCATE TABLE t',
  'ALTER TABLE t ADD c INT',
  'DROP INDEX i ON t',
  'CREATE TABLE t (a INT)',
]

test('a statement that drops or renames tables is told from one that leaves them where they are', () => {
  for (const sql of removing) assert.equal(readDdl(sql).removes, true, sql)
  for (const sql of keeping) assert.equal(readDdl(sql).removes, false, sql)
})

test('a statement after which rows may be gone is told from one that leaves them all there', () => {
  const removing = [
    'TRUNCATE TABLE t',
    'TRUNCATE t',
    'DROP TABLE t',
    'RENAME TABLE t TO u',
    'ALTER TABLE t DROP PARTITION p1',
  ]
  removing.push('ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u', 'ALTER TABLE t ENGINE=BLACKHOLE')
  removing.push('ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b)', 'ALTER TABLE t IMPORT TABLESPACE')
  const keeping = [
    'ALTER TABLE t ADD COLUMN c INT DEFAULT 5',
    'ALTER TABLE t MODIFY c BIGINT',
    'ALTER TABLE t ADD INDEX i (a)',
    'ALTER TABLE t ADD COLUMN c INT PARTITION BY KEY (id)',
    'ALTER TABLE t RENAME COLUMN a TO b',
  ]
  for (const sql of removing) assert.equal(readDdl(sql).removesRows, true, sql)
  for (const sql of keeping) assert.equal(readDdl(sql).removesRows, false, sql)
})

test('a statement that gives columns another name or type, or takes them away, is told from one that adds some', () => {
  const changing = [
    'RENAME COLUMN a TO b',
    'CHANGE a b INT',
    'MODIFY a BIGINT',
    'DROP a',
    'CONVERT TO CHARACTER SET latin1',
  ]
  for (const clause of changing) assert.equal(readDdl(`ALTER TABLE t ${clause}`).changesColumns, true, clause)
  for (const clause of ['ADD a INT', 'DROP INDEX a', 'RENAME INDEX a TO b', "COMMENT 'DROP a'", 'RENAME TO u'])
    assert.equal(readDdl(`ALTER TABLE t ${clause}`).changesColumns, false, clause)
})
