import assert from 'node:assert/strict'
import {test} from 'node:test'
import {tableIdText} from '../../../src/core/table-id.ts'
import {CapturedTables, type CapturedTablesOptions} from '../../../src/task/captured-tables.ts'
import {Divergences} from '../../../src/task/divergences.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {tableId} from '../../support/snapshot-parts.ts'

test('a table that was dropped while the task was away is watched until the stream shows it, if it is still in the filter', () => {
  const divergences = new Divergences([], quietLog)
  const tables = new CapturedTables({
    settings: {
      filters: {
        ...{databaseInclude: null, databaseExclude: null, tableInclude: null},
        ...{tableExclude: [/^d\.excluded$/], ignoreBuiltin: true},
      },
      signals: {dataCollection: tableId('signals')},
      snapshot: {newTables: 'off'},
    } as unknown as CapturedTablesOptions['settings'],
    server: {} as CapturedTablesOptions['server'],
    log: quietLog,
    divergences,
    coordinator: null,
    storedTables: ['d.t', 'd.a.b', 'd.excluded', 'd.signals'].map(table => ({table, completeSince: null})),
    goesOn: true,
    initialSnapshotQueued: false,
  })
  tables.begin([tableId('t')], {file: 'b.000001', pos: 4})
  assert.deepEqual([...divergences.watched].map(tableIdText).sort(), ['d.a.b', 'd.t'])
})
