import assert from 'node:assert/strict'
import {test} from 'node:test'
import {tableIdText} from '../../../src/core/table-id.ts'
import type {KnownTable} from '../../../src/state/checkpoint.ts'
import {readStatement} from '../../../src/stream/ddl-statement.ts'
import {tableMoves} from '../../../src/task/table-moves.ts'

const known: KnownTable[] = [
  {table: 'd.a', completeSince: null},
  {table: 'd.old', completeSince: null, left: {since: 'b:1', why: 'dropped'}},
  {table: 'e.a', completeSince: null},
]

/** Every table is captured whose name does not begin with an underscore. */
function moves(sql: string, {foldsNames = false} = {}): {arrived: string[]; gone: string[]; areNew: boolean} {
  const isCaptured = ({table}: {table: string}): boolean => !table.startsWith('_')
  const found = tableMoves(readStatement(sql, 'd'), {isCaptured, foldsNames, known: () => known})
  return {arrived: found.arrived.map(tableIdText), gone: found.gone.map(tableIdText), areNew: found.areNew}
}

test('a created table arrives, new; one that the filter does not have is left out', () => {
  assert.deepEqual(moves('CREATE TABLE n (id INT)'), {arrived: ['d.n'], gone: [], areNew: true})
  assert.deepEqual(moves('CREATE TABLE IF NOT EXISTS e.n LIKE d.a'), {arrived: ['e.n'], gone: [], areNew: true})
  assert.deepEqual(moves('CREATE TABLE _n (id INT)').arrived, [])
})

test('a table renamed into the filter arrives with rows, one renamed out of it is gone', () => {
  assert.deepEqual(moves('RENAME TABLE _n TO n'), {arrived: ['d.n'], gone: [], areNew: false})
  assert.deepEqual(moves('ALTER TABLE n RENAME TO _n'), {arrived: [], gone: ['d.n'], areNew: false})
  assert.deepEqual(moves('ALTER TABLE n ADD COLUMN x INT'), {arrived: [], gone: [], areNew: false})
})

test('names that change places within one statement neither come nor go', () => {
  assert.deepEqual(moves('RENAME TABLE a TO _a_del, _a_gho TO a'), {arrived: [], gone: [], areNew: false})
  assert.deepEqual(moves('RENAME TABLE a TO tmp, b TO a, tmp TO b'), {arrived: [], gone: [], areNew: false})
  assert.deepEqual(moves('RENAME TABLE a TO b, b TO c'), {arrived: ['d.c'], gone: ['d.a'], areNew: false})
})

test('dropped tables are gone, of a database those that are known', () => {
  assert.deepEqual(moves('DROP TABLE a, _b, e.a').gone, ['d.a', 'e.a'])
  assert.deepEqual(moves('DROP DATABASE d').gone, ['d.a'])
})

test('names are folded where the server folds them', () => {
  assert.deepEqual(moves('CREATE TABLE `Big` (id INT)', {foldsNames: true}).arrived, ['d.big'])
  assert.deepEqual(moves('CREATE TABLE `Big` (id INT)').arrived, ['d.Big'])
})
