import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readStatement} from '../../../src/stream/ddl-statement.ts'
import {
  initialChanges,
  plannedChanges,
  type PlannedChange,
  type SchemaChangeScope,
} from '../../../src/stream/schema-changes.ts'

const EVERYTHING: SchemaChangeScope = {
  onlyCapturedTables: false,
  onlyCapturedDatabases: false,
  isCaptured: ({database, table}) => database === 'd' && table.startsWith('t'),
  isCapturedDatabase: database => database === 'd',
}

function planned(sql: string, scope: Partial<SchemaChangeScope> = {}): PlannedChange[] {
  return plannedChanges(readStatement(sql, 'd'), 'd', {...EVERYTHING, ...scope})
}

/** `database/tables type table: ddl` of each event. */
function textsOf(changes: readonly PlannedChange[]): string[] {
  return changes.map(({database, tables, ddl, changes: parts}) => {
    const tellings = parts.map(({type, id}) => ` ${type} ${id.database}.${id.table}`).join('')
    return `${database}/${tables ?? 'null'}${tellings}: ${ddl}`
  })
}

const PLANS: readonly (readonly [string, readonly string[]])[] = [
  ['CREATE TABLE t (id INT)', ['d/t CREATE d.t: CREATE TABLE t (id INT)']],
  ['/* a */ ALTER TABLE e.t ADD c INT;', ['e/t ALTER e.t: ALTER TABLE e.t ADD c INT']],
  ['ALTER TABLE t RENAME u', ['d/u ALTER d.u: ALTER TABLE t RENAME u']],
  [
    'DROP TABLE t, e.u, `v``w`',
    [
      'd/t,v`w DROP d.t: DROP TABLE `d`.`t`',
      'e/u DROP e.u: DROP TABLE `e`.`u`',
      'd/t,v`w DROP d.v`w: DROP TABLE `d`.`v``w`',
    ],
  ],
  ['DROP TABLE IF EXISTS t', ['d/t DROP d.t: DROP TABLE IF EXISTS `d`.`t`']],
  ['RENAME TABLE t TO e.u, e.u TO x', ['e/u ALTER e.u: RENAME TABLE t TO e.u', 'd/x ALTER d.x: RENAME TABLE e.u TO x']],
  ['CREATE INDEX i ON t (a)', ['d/: CREATE INDEX i ON t (a)']],
  ['CREATE DATABASE e', ['e/null: CREATE DATABASE e']],
  ['ALTER DATABASE e CHARACTER SET latin1', ['e/: ALTER DATABASE e CHARACTER SET latin1']],
  ['TRUNCATE TABLE t', []],
  ["CREATE USER u IDENTIFIED BY 'secret'", []],
  ['CREATE VIEW v AS SELECT 1', []],
  ['DROP TEMPORARY TABLE t', []],
]
for (const [sql, wanted] of PLANS) {
  test(`${sql} becomes ${wanted.length} schema change events`, () => {
    assert.deepEqual(textsOf(planned(sql)), wanted)
  })
}

test('with only captured tables a statement is told if any of its tables is captured, by its old or its new name', () => {
  const only = {onlyCapturedTables: true}
  const told = (sql: string): boolean => planned(sql, only).length > 0
  for (const sql of ['ALTER TABLE t ADD c INT', 'DROP TABLE u, t', 'RENAME TABLE t TO u', 'RENAME TABLE u TO t']) {
    assert.equal(told(sql), true, sql)
  }
  for (const sql of [
    'ALTER TABLE u ADD c INT',
    'DROP TABLE u',
    'CREATE TABLE e.t (id INT)',
    'CREATE INDEX i ON t (a)',
  ]) {
    assert.equal(told(sql), false, sql)
  }
  assert.equal(planned('DROP TABLE u, t', only).length, 2, 'with all that it names')
})

test('with only captured databases the others are left out, one by one', () => {
  const only = {onlyCapturedDatabases: true}
  assert.deepEqual(textsOf(planned('DROP TABLE u, e.t', only)), ['d/u DROP d.u: DROP TABLE `d`.`u`'])
  assert.deepEqual(planned('CREATE DATABASE e', only), [])
  assert.equal(planned('CREATE DATABASE d', only).length, 1)
})

test('a new task tells of its tables as a history that begins with nothing', () => {
  const id = {database: 'd', table: 't'}
  const changes = initialChanges({
    server: {charset: 'utf8mb4', collation: 'utf8mb4_bin'},
    databases: [
      {name: 'd', charset: 'latin1', collation: 'latin1_bin', tables: [{id, createStatement: 'CREATE TABLE `t` …'}]},
    ],
  })
  assert.deepEqual(textsOf(changes), [
    '/null: SET character_set_server=utf8mb4, collation_server=utf8mb4_bin',
    'd/t DROP d.t: DROP TABLE IF EXISTS `d`.`t`',
    'd/null: DROP DATABASE IF EXISTS `d`',
    'd/null: CREATE DATABASE `d` CHARSET latin1 COLLATE latin1_bin',
    'd/null: USE `d`',
    'd/t CREATE d.t: CREATE TABLE `t` …',
  ])
})
