import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {compareBucket, TableFindings} from '../../../src/verify/fold.ts'
import {
  DELETE_OPEN,
  DELETE_SHOWN,
  ROW,
  TOMBSTONE,
  TRUNCATE_OPEN,
  TRUNCATE_SHOWN,
  UPSERT_OPEN,
  UPSERT_SHOWN,
} from '../../../src/verify/record-kinds.ts'
import {SpillStore} from '../../../src/verify/spill-store.ts'

interface Step {
  readonly kind: number
  readonly key: string
  readonly row?: string
  readonly table?: number
  readonly partition?: number
}

interface Limits {
  readonly rowsOnly?: boolean
  readonly most?: number
  readonly splitBytes?: number
  readonly memoryBytes?: number
}

function compare(steps: readonly Step[], limits: Limits = {}): TableFindings[] {
  const store = new SpillStore({buckets: 2, memoryBytes: limits.memoryBytes ?? 1e9})
  const range = (text: string) => ({bytes: Buffer.from(text), start: 0, end: Buffer.byteLength(text)})
  for (const [index, {kind, key, row, table = 0, partition = 0}] of steps.entries()) {
    const head = {kind, table, file: partition, pos: index}
    if (kind === TRUNCATE_SHOWN || kind === TRUNCATE_OPEN) store.appendToAll(head)
    else store.append(head, range(key), row === undefined ? null : range(row))
  }
  const findings = [new TableFindings(), new TableFindings()]
  const options = {
    findings,
    rowsOnly: limits.rowsOnly ?? false,
    most: limits.most ?? 20,
    files: ['binlog.000001', 'binlog.000001'],
    partitions: [0, 1],
    splitBytes: limits.splitBytes ?? 1e9,
  }
  for (const bucket of store.buckets) compareBucket(bucket, 2, options)
  store.close()
  return findings
}

function kinds(steps: readonly Step[], limits?: Limits): string[] {
  return compare(steps, limits)[0]!.shown.map(({kind, key}) => `${kind} ${key}`)
}

const row = (key: string, text: string): Step => ({kind: ROW, key, row: text})
const upsert = (key: string, text: string): Step => ({kind: UPSERT_SHOWN, key, row: text})
const open = (key: string, text: string): Step => ({kind: UPSERT_OPEN, key, row: text})
const remove = (key: string): Step => ({kind: DELETE_SHOWN, key})
const removeOpen = (key: string): Step => ({kind: DELETE_OPEN, key})

test('the last event of a key wins', () => {
  assert.deepEqual(kinds([row('a', '2'), upsert('a', '1'), upsert('a', '2')]), [])
  assert.deepEqual(kinds([row('a', '{"v":1}'), upsert('a', '{"v":1}'), upsert('a', '{"v":2}')]), ['different a'])
})

test('a row without an event is missing, an event without a row is a ghost, and a delete undoes it', () => {
  assert.deepEqual(kinds([row('a', '1')]), ['missing a'])
  assert.deepEqual(kinds([upsert('a', '1')]), ['ghost a'])
  assert.deepEqual(kinds([upsert('a', '1'), remove('a')]), [])
  assert.deepEqual(kinds([row('a', '1'), upsert('a', '1'), remove('a')]), ['missing a'])
  assert.deepEqual(kinds([row('a', '1'), remove('a'), upsert('a', '1')]), [])
})

test('what a crash repeats changes nothing', () => {
  const once = [upsert('a', '1'), upsert('a', '2'), remove('b'), upsert('b', '9')]
  assert.deepEqual(kinds([row('a', '2'), row('b', '9'), ...once, ...once.slice(1)]), [])
})

test('a key of a transaction under way may show the state before it and after each of its events', () => {
  const events = [upsert('a', '1'), open('a', '2'), open('a', '3'), removeOpen('a')]
  for (const shown of ['1', '2', '3']) assert.deepEqual(kinds([row('a', shown), ...events]), [], shown)
  assert.deepEqual(kinds(events), [])
  assert.deepEqual(kinds([row('a', '{"v":4}'), upsert('a', '{"v":1}'), open('a', '{"v":2}')]), ['different a'])
})

test('an event under way does not excuse a key that is missing without it', () => {
  assert.deepEqual(kinds([row('a', '1'), open('a', '2')]), ['missing a'])
})

test('a tombstone whose delete was compacted away may be shown or not', () => {
  const tombstone = {kind: TOMBSTONE, key: 'a'}
  assert.deepEqual(kinds([upsert('a', '1'), tombstone]), [])
  assert.deepEqual(kinds([row('a', '1'), upsert('a', '1'), tombstone]), [])
})

test('a truncate removes every key of its table and of no other', () => {
  const truncate = {kind: TRUNCATE_SHOWN, key: ''}
  const other = {kind: UPSERT_SHOWN, key: 'a', row: '1', table: 1}
  const events = [upsert('a', '1'), upsert('b', '1'), other]
  assert.deepEqual(kinds([...events, truncate]), [])
  assert.equal(compare([...events, truncate])[1]!.ghosts, 1)
  assert.deepEqual(kinds([row('c', '1'), ...events, truncate, upsert('c', '1')]), [])
  assert.deepEqual(kinds([...events, {kind: TRUNCATE_OPEN, key: ''}]), [])
})

test('with a condition only keys that have a row are compared', () => {
  const steps = [row('a', '1'), row('b', '{"v":1}'), upsert('a', '1'), upsert('b', '{"v":2}'), upsert('c', '1')]
  assert.deepEqual(kinds(steps, {rowsOnly: true}), ['different b'])
  assert.equal(compare(steps, {rowsOnly: true})[0]!.keys, 2)
})

test('the columns that differ are named, also those that only one side has', () => {
  const steps = [
    row('a', '{"id":1,"price":1.10,"é":"x","new":1}'),
    upsert('a', '{"id":1,"price":1.1,"é":"x","old":null}'),
  ]
  const [difference] = compare(steps)[0]!.shown
  assert.deepEqual(difference?.columns, ['price', 'new', 'old'])
  assert.deepEqual(difference?.lastEvent, {file: 'binlog.000001', pos: 1})
})

test('only so many differences are kept, and all are counted', () => {
  const [findings] = compare(
    Array.from({length: 50}, (_, i) => row(`${i}`, '1')),
    {most: 7},
  )
  assert.deepEqual([findings?.missing, findings?.shown.length], [50, 7])
})

test('two rows with one key are told', () => {
  assert.equal(compare([row('a', '1'), row('a', '2')])[0]!.duplicateRows, 1)
})

/** What the fold must find, from the plain definition of it. */
function expected(steps: readonly Step[]): string[] {
  const found: string[] = []
  for (const table of [0, 1]) {
    const keys = new Set(steps.filter(step => (step.table ?? 0) === table && step.key !== '').map(({key}) => key))
    for (const key of keys) {
      const wanted = steps.find(s => s.kind === ROW && s.key === key && (s.table ?? 0) === table)?.row ?? null
      let state: string | null = null
      const allowed = new Set<string | null>()
      for (const s of steps) {
        if ((s.table ?? 0) !== table || (s.key !== key && s.key !== '') || s.kind === ROW) continue
        const after = s.row ?? null
        const isOpen = [UPSERT_OPEN, DELETE_OPEN, TRUNCATE_OPEN, TOMBSTONE].includes(s.kind)
        if (isOpen) allowed.add(after)
        else state = after
      }
      if (state === wanted || allowed.has(wanted)) continue
      found.push(`${table} ${wanted === null ? 'ghost' : state === null ? 'missing' : 'different'} ${key}`)
    }
  }
  return found.sort()
}

const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom(UPSERT_SHOWN, UPSERT_SHOWN, UPSERT_OPEN),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    row: fc.constantFrom('{"v":1}', '{"v":2}', '{"v":3}'),
    table: fc.nat(1),
  }),
  fc.record({
    kind: fc.constantFrom(DELETE_SHOWN, DELETE_OPEN, TOMBSTONE),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    table: fc.nat(1),
  }),
  fc.record({kind: fc.constantFrom(TRUNCATE_SHOWN), key: fc.constant(''), table: fc.nat(1)}),
)
const rows = fc.uniqueArray(
  fc.record({
    kind: fc.constant(ROW),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    row: fc.constantFrom('{"v":1}', '{"v":2}', '{"v":3}'),
    table: fc.nat(1),
  }),
  {selector: ({key, table}) => `${table}${key}`},
)

test('any history is judged as the definition says, in memory, spilled and split', () => {
  fc.assert(
    fc.property(rows, fc.array(step, {maxLength: 40}), fc.constantFrom(300, 500, 1e9), (table, events, bytes) => {
      const steps = [...table, ...events]
      const found = compare(steps, {splitBytes: bytes, memoryBytes: bytes, most: 100}).flatMap(({shown}, index) =>
        shown.map(({kind, key}) => `${index} ${kind} ${key}`),
      )
      assert.deepEqual(found.sort(), expected(steps))
    }),
    {numRuns: 200},
  )
})

test('a truncate empties the partition in which it stands, whatever was read of others before', () => {
  const truncate = (partition: number): Step => ({kind: TRUNCATE_SHOWN, key: '', partition})
  const a = upsert('a', '1')
  const b: Step = {...upsert('b', '1'), partition: 1}
  assert.deepEqual(kinds([a, b, truncate(0)]), ['ghost b'])
  assert.deepEqual(kinds([a, truncate(0), b, truncate(1)]), [])
  const written = [row('a', '2'), row('b', '2'), a, truncate(0), upsert('a', '2')]
  assert.deepEqual(kinds([...written, b, truncate(1), {...b, row: '2'}]), [])
})
