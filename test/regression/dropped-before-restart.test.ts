// A table that was dropped, as the stream had shown before the process ended, while a copy of it was under way: after the
// restart the copy knew nothing of that, asked the server for the table again and again, and its snapshot stayed `failed`,
// waiting for a table that nobody will bring back. What the state says of the table was not looked at.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SnapshotCoordinator} from '../../src/snapshot/snapshot-coordinator.ts'
import {CapturedTables, type CapturedTablesOptions} from '../../src/task/captured-tables.ts'
import {Divergences} from '../../src/task/divergences.ts'
import {quietLog} from '../support/quiet-log.ts'
import {tableId} from '../support/snapshot-parts.ts'

test('a copy of a table that was dropped before the restart is known to have nothing to read', () => {
  const runs = ['dropped', 'back', 'there'].map(table => ({
    ...{text: `d.${table}`, removed: false},
    plan: {table: tableId(table), state: 'running'},
  }))
  const left = {since: 'b.000001:4', why: 'dropped' as const}
  const tables = new CapturedTables({
    settings: {
      filters: {
        databaseInclude: null,
        databaseExclude: null,
        tableInclude: null,
        tableExclude: null,
        ignoreBuiltin: true,
      },
      signals: {dataCollection: null},
      snapshot: {newTables: 'off'},
    } as unknown as CapturedTablesOptions['settings'],
    server: {} as CapturedTablesOptions['server'],
    log: quietLog,
    divergences: new Divergences([], quietLog),
    coordinator: {runs, plans: []} as unknown as SnapshotCoordinator,
    storedTables: [
      {table: 'd.dropped', completeSince: null, left},
      {table: 'd.back', completeSince: null, left},
      {table: 'd.there', completeSince: null},
    ],
    goesOn: true,
    initialSnapshotQueued: false,
  })
  tables.begin([tableId('back'), tableId('there')], {file: 'b.000001', pos: 8})
  assert.deepEqual(
    runs.map(({removed}) => removed),
    [true, false, false],
  )
})
