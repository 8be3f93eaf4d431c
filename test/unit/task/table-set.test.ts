// What a start and statements make of the set of captured tables.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import {tableIdText, type TableId} from '../../../src/core/table-id.ts'
import type {SnapshotCoordinator} from '../../../src/snapshot/snapshot-coordinator.ts'
import {newSnapshotPlan, type SnapshotRequest} from '../../../src/snapshot/snapshot-plan.ts'
import type {Checkpoint, KnownTable} from '../../../src/state/checkpoint.ts'
import {readStatement} from '../../../src/stream/ddl-statement.ts'
import {CapturedTables} from '../../../src/task/captured-tables.ts'
import {Divergences} from '../../../src/task/divergences.ts'
import {storedTables} from '../../../src/task/known-tables.ts'
import type {SourceServer} from '../../../src/task/source-server.ts'
import {quietLog} from '../../support/quiet-log.ts'

const OFFSET = {file: 'b.1', pos: 100}

interface Setting {
  readonly stored?: readonly KnownTable[]
  readonly filter?: RegExp
  readonly newTables?: Settings['snapshot']['newTables']
  readonly goesOn?: boolean
}

function tablesOf({stored = [], filter = /^d\.[a-z]$/, newTables = 'incremental', goesOn = true}: Setting) {
  const copied: string[][] = []
  const stopped: string[] = []
  const coordinator = {
    runs: [] as object[],
    plans: [],
    accept: (request: SnapshotRequest) => copied.push(request.tables.map(({table}) => tableIdText(table))),
    stop: (matches: (table: TableId) => boolean) => {
      for (const table of ['x', 'y']) if (matches({database: 'd', table})) stopped.push(table)
    },
  }
  const watch = {
    diverged: (table: string) => tables.known.incomplete(table),
    emptied: (table: string, since: string) => tables.known.complete(table, since),
  }
  const divergences = new Divergences([], quietLog, {watch})
  const settings = {
    filters: {
      databaseInclude: null,
      databaseExclude: null,
      tableInclude: [filter],
      tableExclude: null,
      ignoreBuiltin: true,
    },
    signals: {dataCollection: {database: 'd', table: 's'}},
    snapshot: {newTables, mode: 'no_data'},
  } as unknown as Settings
  const tables = new CapturedTables({
    settings,
    server: {} as SourceServer,
    log: quietLog,
    divergences,
    coordinator: coordinator as unknown as SnapshotCoordinator,
    storedTables: stored,
    goesOn,
    initialSnapshotQueued: false,
  })
  const statement = (sql: string, place: string): void => tables.changedBy(readStatement(sql, 'd'), place)
  return {tables, copied, stopped, coordinator, divergences, statement}
}

const ids = (...names: string[]): TableId[] => names.map(table => ({database: 'd', table}))

test('tables that the state does not know are copied, also on a server with many', () => {
  const {tables, copied} = tablesOf({stored: [{table: 'd.a', completeSince: 'b.1:4'}]})
  const changes = tables.begin(ids('a', 'b'), OFFSET)
  assert.deepEqual(changes, {added: ['d.b'], returned: [], left: [], copied: ['d.b']})
  assert.deepEqual(copied, [['d.b']])
  assert.deepEqual(tables.known.list, [
    {table: 'd.a', completeSince: 'b.1:4'},
    {table: 'd.b', completeSince: null},
  ])
})

test('nothing is copied at the first start, nor where new tables are only streamed', () => {
  assert.deepEqual(tablesOf({goesOn: false}).tables.begin(ids('a'), OFFSET).copied, [])
  const off = tablesOf({newTables: 'off'})
  assert.deepEqual(off.tables.begin(ids('a'), OFFSET), {added: ['d.a'], returned: [], left: [], copied: []})
})

test('a table that the filter no longer has left at the offset, and its copy is ended', () => {
  const {tables, stopped, coordinator} = tablesOf({
    stored: [{table: 'd.xx', completeSince: 'b.1:4'}],
    filter: /^d\.[ay]$/,
  })
  coordinator.runs = ids('x', 'y').map(table => ({text: tableIdText(table), plan: {table}}))
  assert.deepEqual(tables.begin(ids('a'), OFFSET).left, ['d.xx'])
  assert.deepEqual(tables.known.get('d.xx'), {
    table: 'd.xx',
    completeSince: null,
    left: {since: 'b.1:100', why: 'filter'},
  })
  assert.deepEqual(stopped, ['x'])
})

test('a table that comes back has diverged since it left, with rows that a copy alone does not remove', () => {
  const left = {since: 'b.1:50', why: 'filter'} as const
  const {tables, copied, divergences} = tablesOf({stored: [{table: 'd.a', completeSince: null, left}]})
  assert.deepEqual(tables.begin(ids('a'), OFFSET).returned, ['d.a'])
  assert.deepEqual(copied, [['d.a']])
  assert.deepEqual(
    divergences.list.map(({table, since}) => [table, since]),
    [['d.a', 'b.1:50']],
  )
  assert.equal(divergences.mayHaveGhosts({database: 'd', table: 'a'}), true)
  assert.deepEqual(tables.known.list, [{table: 'd.a', completeSince: null}])
})

test('a table created in the stream is complete from there, and stays so when the statement is read once more', () => {
  const {tables, copied, statement} = tablesOf({})
  tables.begin([], OFFSET)
  statement('CREATE TABLE a (id INT)', 'b.1:200')
  statement('CREATE TABLE IF NOT EXISTS a (id INT)', 'b.1:300')
  tables.seen({database: 'd', table: 'a'})
  assert.deepEqual(tables.known.list, [{table: 'd.a', completeSince: 'b.1:200'}])
  assert.deepEqual(copied, [])
})

test('a table renamed into the filter is copied, and so is one whose rows come from nowhere', () => {
  const {tables, copied, statement, divergences} = tablesOf({})
  tables.begin([], OFFSET)
  // What the statement itself makes of a table of that name.
  divergences.diverged({database: 'd', table: 'a'}, 'b.1:200', 'RENAME TABLE', {removesRows: true})
  statement('RENAME TABLE other TO a', 'b.1:200')
  tables.seen({database: 'd', table: 'b'})
  assert.deepEqual(copied, [['d.a'], ['d.b']])
  assert.deepEqual(divergences.list, [])
})

test('a table that is dropped is gone until it is created anew', () => {
  const {tables, statement} = tablesOf({stored: [{table: 'd.a', completeSince: 'b.1:4'}]})
  tables.begin(ids('a'), OFFSET)
  statement('DROP TABLE a', 'b.1:200')
  assert.deepEqual(tables.known.get('d.a')?.left, {since: 'b.1:200', why: 'dropped'})
  statement('CREATE TABLE a (id INT)', 'b.1:300')
  assert.deepEqual(tables.known.list, [{table: 'd.a', completeSince: null}])
})

test('a table is complete from the end of its whole copy on, and only a copy that mends it moves that', () => {
  const {tables, divergences} = tablesOf({})
  const [a] = ids('a')
  tables.begin([a!], OFFSET)
  const plan = (condition: string | null) =>
    newSnapshotPlan({id: 's', kind: 'incremental', tables: [{table: a!, condition, surrogateKey: null}]}).tables[0]!
  tables.copied(plan('id > 5'), 'b.1:200')
  assert.equal(tables.known.get('d.a')?.completeSince, null)
  for (const place of ['b.1:300', 'b.1:400']) tables.copied(plan(null), place)
  assert.equal(tables.known.get('d.a')?.completeSince, 'b.1:300')
  divergences.diverged(a!, 'b.1:500', 'ALTER TABLE')
  tables.copied(plan(null), 'b.1:600')
  assert.equal(tables.known.get('d.a')?.completeSince, 'b.1:600')
  divergences.diverged(a!, 'b.1:700', 'ALTER TABLE')
  divergences.emptied(a!, 'b.1:800')
  assert.equal(tables.known.get('d.a')?.completeSince, 'b.1:800')
})

test('a state of before takes what was copied for complete at its offset', () => {
  const plan = newSnapshotPlan({
    id: 's',
    kind: 'initial',
    tables: ids('a', 'b').map(table => ({table, condition: null, surrogateKey: null})),
  })
  plan.tables[0]!.state = 'done'
  const checkpoint = {
    offset: OFFSET,
    snapshots: [plan],
    knownTables: ['d.a', 'd.b', 'd.c'],
    initialSnapshotQueued: false,
  } as unknown as Checkpoint
  const since = (from: Checkpoint): (string | null)[] => storedTables(from).map(({completeSince}) => completeSince)
  assert.deepEqual(since(checkpoint), ['b.1:100', null, null])
  assert.deepEqual(since({...checkpoint, initialSnapshotQueued: true}), ['b.1:100', null, 'b.1:100'])
})

test('of tables that were dropped the newest thousand are remembered, and nothing is said of the others', () => {
  const {tables, statement, divergences} = tablesOf({filter: /^d\.t\d+$/})
  for (let i = 0; i <= 1_001; i++) {
    const table = {database: 'd', table: `t${i}`}
    statement(`CREATE TABLE t${i} (id INT)`, `b.1:${i}`)
    divergences.watch(table)
    if (i === 1_001) break
    divergences.gone(table, `b.1:${i}`, 'DROP TABLE')
    statement(`DROP TABLE t${i}`, `b.1:${i}`)
    // The oldest comes back and goes once more, so that it is not the oldest any more.
    if (i === 1) {
      statement('CREATE TABLE t0 (id INT)', 'b.1:1')
      statement('DROP TABLE t0', 'b.1:2')
    }
  }
  const left = tables.known.list.filter(known => known.left !== undefined).map(({table}) => table)
  assert.equal(left.length, 1_000)
  assert.ok(left.includes('d.t0') && !left.includes('d.t1') && left.includes('d.t1000'))
  assert.deepEqual(new Set(divergences.list.map(({table}) => table)), new Set(left))
  assert.ok(![...divergences.watched].some(({table}) => table === 't1'))
  assert.equal(tables.known.get('d.t1001')!.completeSince, 'b.1:1001', 'one that is there is not forgotten')
})

test('what a state of before remembers counts as well', () => {
  const left = {since: 'b.1:1', why: 'dropped' as const}
  const stored = Array.from({length: 1_500}, (_, i) => ({table: `d.t${i}`, completeSince: null, left}))
  const {tables, statement} = tablesOf({stored, filter: /^d\.t\d+$/})
  statement('DROP TABLE t9999', 'b.1:2')
  const names = tables.known.list.map(({table}) => table)
  assert.deepEqual([names.length, names[0], names.at(-1)], [1_000, 'd.t501', 'd.t9999'])
})
