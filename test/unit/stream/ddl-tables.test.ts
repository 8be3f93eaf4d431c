import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TableId} from '../../../src/core/table-id.ts'
import {tableIdText} from '../../../src/core/table-id.ts'
import {mayTouch, readDdl} from '../../../src/stream/ddl.ts'
import {readStatement} from '../../../src/stream/ddl-statement.ts'
import {tablesChanged} from '../../../src/stream/ddl-tables.ts'

const TABLES = ['d.t', 'd.u', 'd.v', 'e.t']

/** In the database d: of these tables, those with other rows, those that are gone, and those that were filled. */
function effect(sql: string): {changed: string[]; gone: string[]; filled: string[]} {
  const reading = readDdl(sql)
  const touches = (table: TableId): boolean => mayTouch(reading, 'd', table)
  const {changes, removes, filled} = tablesChanged(readStatement(sql, 'd'), reading, touches)
  const ids = TABLES.map(text => ({database: text.slice(0, 1), table: text.slice(2)}))
  const of = (is: (table: TableId) => boolean): string[] => ids.filter(is).map(tableIdText)
  return {changed: of(changes), gone: of(removes), filled: filled.map(tableIdText)}
}

const CASES: readonly (readonly [string, {changed?: string[]; gone?: string[]; filled?: string[]}])[] = [
  ['ALTER TABLE t ADD c INT', {changed: ['d.t']}],
  // What a statement only mentions keeps its rows.
  ['ALTER TABLE t ADD u INT', {changed: ['d.t']}],
  ['ALTER TABLE t ADD c INT, ADD FOREIGN KEY (a) REFERENCES u (id)', {changed: ['d.t']}],
  ['ALTER TABLE t RENAME COLUMN u TO v', {changed: ['d.t']}],
  ['ALTER TABLE t RENAME TO u', {changed: ['d.t', 'd.u'], gone: ['d.t'], filled: ['d.u']}],
  ['ALTER TABLE t RENAME TO T, ADD c INT', {changed: ['d.t']}],
  ['ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u', {changed: ['d.t', 'd.u'], filled: ['d.t', 'd.u']}],
  ['ALTER TABLE t IMPORT TABLESPACE', {changed: ['d.t'], filled: ['d.t']}],
  ['ALTER TABLE t ADD INDEX (u)', {}],
  ['TRUNCATE t', {changed: ['d.t']}],
  ['DROP TABLE IF EXISTS t, e.t', {changed: ['d.t', 'e.t'], gone: ['d.t', 'e.t']}],
  ['DROP DATABASE d', {changed: ['d.t', 'd.u', 'd.v'], gone: ['d.t', 'd.u', 'd.v']}],
  ['RENAME TABLE t TO e.t', {changed: ['d.t', 'e.t'], gone: ['d.t'], filled: ['e.t']}],
  // gh-ost's and pt-online-schema-change's last step.
  ['RENAME TABLE d.t TO d.u, d.v TO d.t', {changed: ['d.t', 'd.u', 'd.v'], gone: ['d.v'], filled: ['d.u', 'd.t']}],
  ['RENAME TABLE t TO x, u TO t, x TO u', {changed: ['d.t', 'd.u'], filled: ['d.t', 'd.u']}],
  ['CREATE TABLE t LIKE u', {}],
  ['CREATE TABLE t (id INT) SELECT * FROM u', {}],
  ['DROP VIEW t', {}],
  ['DROP TRIGGER t', {}],
]
for (const [sql, wanted] of CASES) {
  test(`${sql}: ${JSON.stringify(wanted)}`, () => {
    assert.deepEqual(effect(sql), {changed: [], gone: [], filled: [], ...wanted})
  })
}
