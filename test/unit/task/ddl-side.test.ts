import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TableId} from '../../../src/core/table-id.ts'
import type {TableShape} from '../../../src/core/table-shape.ts'
import {EventOrigin} from '../../../src/encode/envelope.ts'
import type {SnapshotCoordinator} from '../../../src/snapshot/snapshot-coordinator.ts'
import {mayTouch, readDdl} from '../../../src/stream/ddl.ts'
import {DdlSide} from '../../../src/task/ddl-side.ts'
import {Divergences} from '../../../src/task/divergences.ts'
import type {SchemaChangeEvents} from '../../../src/task/schema-change-events.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {EVENT_SETTINGS, StreamParts, streamTable} from '../../support/stream-parts.ts'

interface SideOptions {
  readonly skipped?: readonly string[]
  readonly foldsNames?: boolean
  readonly schemaChanges?: SchemaChangeEvents
  /** The table as the server has it. */
  readonly stored?: TableShape | null
}

/** The tables d.t and d.Big are watched, every table of d is captured. */
async function side({skipped = [], foldsNames = false, schemaChanges, stored = null}: SideOptions = {}) {
  const settings = {skippedOperations: new Set(skipped)}
  const parts = await new StreamParts({sink: new MemorySink({partitions: 2}), settings}).open()
  const divergences = new Divergences([], quietLog)
  for (const table of ['t', 'Big', 'elsewhere']) divergences.watch({database: 'd', table})
  const happened: string[] = []
  const events = (): string[] => {
    parts.emitter.flush()
    return parts.sink.sent.map(
      ({topic, partition, value}) => `${topic}/${partition} ${(JSON.parse(value!) as {op: string}).op}`,
    )
  }
  const coordinator = {
    schemaChanged: (table: TableId) => happened.push(`windows of ${table.table} behind ${events().length} events`),
  } as unknown as SnapshotCoordinator
  const ddl = new DdlSide(
    {
      catalog: parts.catalog,
      emitter: parts.emitter,
      schemaChanges: schemaChanges ?? null,
      divergences,
      coordinator,
      schemas: {changed: () => undefined},
      cascades: null,
      tables: {changedBy: () => undefined},
      dispatcher: parts.dispatcher,
      owns: table => table.table !== 'elsewhere',
    },
    {
      settings: {...EVENT_SETTINGS, ...settings},
      server: {
        forget: () => undefined,
        foldsNames: () => Promise.resolve(foldsNames),
        shape: () => Promise.resolve(stored),
      },
      headers: null,
    },
  )
  const apply = async (sql: string, isRepeated = false): Promise<void> => {
    const reading = readDdl(sql)
    const touches = (table: TableId): boolean => mayTouch(reading, 'd', table)
    const origin = new EventOrigin()
    const effect = await ddl.effectOf({sql, database: 'd', reading, touches, isRepeated})
    effect(origin)
  }
  const diverged = (): string[] => divergences.list.map(({table, gone}) => (gone === true ? `${table} is gone` : table))
  return {apply, events, happened, divergences, catalog: parts.catalog, diverged}
}

test('a truncate becomes an event, and then the windows of its table are dropped; it has not diverged', async () => {
  const {apply, events, happened, diverged} = await side()
  await apply('ALTER TABLE t ADD c INT')
  assert.deepEqual(diverged(), ['d.t'])
  await apply('TRUNCATE TABLE t')
  assert.deepEqual(events(), ['p.d.t/0 t', 'p.d.t/1 t'])
  assert.deepEqual(happened, ['windows of t behind 0 events', 'windows of t behind 2 events'])
  assert.deepEqual(diverged(), [], 'and what had made it diverge before is mended')
})

test('a truncate that is skipped makes its table diverge', async () => {
  const {apply, events, diverged} = await side({skipped: ['t']})
  await apply('TRUNCATE t')
  assert.deepEqual([events(), diverged()], [[], ['d.t']])
})

test('a part of a table that is truncated makes it diverge, event or not', async () => {
  const {apply, events, diverged} = await side()
  await apply('ALTER TABLE t TRUNCATE PARTITION p0')
  assert.deepEqual([events(), diverged()], [[], ['d.t']])
})

test('no other table is meant: not of another database, nor of another case', async () => {
  const {apply, events, diverged} = await side()
  await apply('TRUNCATE TABLE e.t')
  assert.deepEqual(events().slice(0, 1), ['p.e.t/0 t'])
  await apply('TRUNCATE TABLE big')
  assert.deepEqual(events().slice(2, 3), ['p.d.big/0 t'])
  assert.deepEqual(diverged(), [])
})

test('where the server folds names, the event goes to the table as rows spell it', async () => {
  const {apply, events} = await side({foldsNames: true})
  await apply('TRUNCATE TABLE D.BIG')
  await apply('TRUNCATE TABLE D.OTHER')
  assert.deepEqual(events(), ['p.d.Big/0 t', 'p.d.Big/1 t', 'p.d.other/0 t', 'p.d.other/1 t'])
})

test('what an earlier run has told is not told again', async () => {
  const told: string[] = []
  const schemaChanges = {
    prepare: () => Promise.resolve({}),
    emit: () => told.push('change'),
  } as unknown as SchemaChangeEvents
  const {apply, events, happened} = await side({schemaChanges})
  await apply('TRUNCATE TABLE t', true)
  await apply('CREATE TABLE t (id INT)', true)
  assert.deepEqual([events(), told, happened.length], [[], [], 2])
  await apply('CREATE TABLE t (id INT)')
  assert.deepEqual(told, ['change'])
})

test('a table that takes a captured name has rows that were never streamed under it', async () => {
  const {apply, diverged} = await side({foldsNames: true})
  await apply('RENAME TABLE e.staging TO d.NEW')
  assert.deepEqual(diverged(), ['d.new'])
  await apply('ALTER TABLE new RENAME TO d.newer')
  assert.deepEqual(diverged(), ['d.new is gone', 'd.newer'])
})

test('a swap of tables leaves the one diverged, and names the other as gone', async () => {
  const {apply, diverged} = await side()
  await apply('RENAME TABLE t TO e.t_del, Big TO t')
  assert.deepEqual(diverged(), ['d.t', 'd.Big is gone', 'e.t_del'])
  await apply('CREATE TABLE big (id INT)')
  assert.deepEqual(diverged(), ['d.t', 'd.Big', 'e.t_del'])
})

test('a statement that only mentions a table has its windows read again, and says nothing of its rows', async () => {
  const {apply, happened, diverged} = await side()
  await apply('ALTER TABLE other ADD t INT')
  assert.deepEqual([happened, diverged()], [['windows of t behind 0 events'], []])
})

test('other names and types of key columns leave rows of before under keys that no row has any more', async () => {
  for (const [sql, wanted] of [
    ['ALTER TABLE t RENAME COLUMN id TO pk', true],
    ['ALTER TABLE t MODIFY id VARCHAR(20)', true],
    ['ALTER TABLE t MODIFY v VARCHAR(20)', false],
    ['ALTER TABLE t ADD id2 INT', false],
  ] as const) {
    for (const isKnown of [true, false]) {
      const {apply, divergences, catalog} = await side({stored: {...streamTable('t').shape, primaryKey: [0]}})
      if (isKnown) catalog.noteKey(streamTable('t').shape, [0])
      await apply(sql)
      assert.equal(divergences.mayHaveGhosts({database: 'd', table: 't'}), wanted, `${sql}, ${String(isKnown)}`)
    }
  }
})

test('a table whose events are another stream’s gets no truncate event here, and has not diverged here', async () => {
  const {apply, events, diverged} = await side()
  await apply('TRUNCATE TABLE elsewhere')
  await apply('ALTER TABLE elsewhere DROP PARTITION p')
  assert.deepEqual(events(), [])
  assert.deepEqual(diverged(), [])
})
