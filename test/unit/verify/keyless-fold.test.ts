// The fold of tables without a key, from events' bytes to findings: any history with copies that were cut off, late
// batches of theirs, repeated stretches and a failover folds to the table, and a table that differs is found.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {EventIntake, type BufferRange} from '../../../src/verify/event-intake.ts'
import {compareBucket, TableFindings} from '../../../src/verify/fold.ts'
import {ROW} from '../../../src/verify/record-kinds.ts'
import {SpillStore} from '../../../src/verify/spill-store.ts'
import type {VerifyPlace} from '../../../src/verify/verify-place.ts'

const SID = '2d27e3f2-e590-11f1-ac5b-02fc00000001'
const END: VerifyPlace = {
  executed: null,
  from: {file: 'b.999999', pos: 1},
  to: {file: 'b.999999', pos: 1},
}

/** An event of the topic, `copyId` being its header. */
interface Event {
  readonly op: string
  readonly before?: string
  readonly after?: string
  readonly file?: string
  readonly pos?: number
  readonly row?: number
  /** Null: no GTIDs. */
  readonly gno?: number | null
  readonly copyId?: string
  readonly partition?: number
}

interface Limits {
  readonly place?: VerifyPlace
  readonly rowsOnly?: boolean
  readonly memoryBytes?: number
}

function range(text: string): BufferRange {
  const bytes = Buffer.from(`<<${text}>>`)
  return {bytes, start: 2, end: bytes.length - 2}
}

function compared(table: readonly string[], events: readonly Event[], limits: Limits = {}) {
  const memoryBytes = limits.memoryBytes ?? 1e9
  const store = new SpillStore({buckets: 2, memoryBytes})
  const keyless = new Set([0])
  for (const row of table) store.append({kind: ROW, table: 0, file: 0, pos: 0}, range(row), null)
  const intake = new EventIntake(store, limits.place ?? END, {
    tables: 1,
    topics: [{type: 'own', table: 0}],
    keyless,
  })
  for (const event of events) {
    const {op, before = 'null', after = 'null', file = 'b.000001', pos = 4, row = 0, gno = null} = event
    const gtid = gno === null ? 'null' : `"${SID}:${gno}"`
    const source = `{"file":"${file}","pos":${pos},"row":${row},"gtid":${gtid}}`
    const value = range(`{"before":${before},"after":${after},"source":${source},"op":"${op}"}`)
    intake.take(0, null, value, {partition: event.partition ?? 0, copyId: event.copyId ?? null})
  }
  const findings = [new TableFindings()]
  for (const bucket of store.buckets) {
    compareBucket(bucket, 2, {
      findings,
      keyless,
      rowsOnly: limits.rowsOnly ?? false,
      most: 100,
      files: intake.files,
      partitions: intake.partitions,
      splitBytes: memoryBytes,
    })
  }
  store.close()
  return {findings: findings[0]!, counts: intake.counts[0]!}
}

function verdict(
  table: readonly string[],
  events: readonly Event[],
  limits?: Limits,
): [missing: number, ghosts: number] {
  const {missing, ghosts} = compared(table, events, limits).findings
  return [missing, ghosts]
}

const A = '{"n":1,"s":null}'
const B = '{"n":1.5,"s":"{\\"a\\": 1}"}'
const add = (row: string, pos: number): Event => ({op: 'c', after: row, pos})
const remove = (row: string, pos: number): Event => ({op: 'd', before: row, pos})

test('equal rows are counted, and a delete and an update remove one of them', () => {
  const three = [add(A, 10), add(A, 20), add(A, 30)]
  assert.deepEqual(verdict([A, A, A], three), [0, 0])
  assert.deepEqual(verdict([A, A], three), [0, 1])
  assert.deepEqual(verdict([A, A, A, A, A], three), [2, 0])
  assert.deepEqual(verdict([A, A], [...three, remove(A, 40)]), [0, 0])
  assert.deepEqual(verdict([A, A, B], [...three, {op: 'u', before: A, after: B, pos: 40}]), [0, 0])
  assert.deepEqual(verdict([A, A, A], [...three, {op: 'u', before: A, after: B, pos: 40}]), [1, 1])
})

test("a difference is named by the row's fingerprint and both counts, never by the row", () => {
  const {shown} = compared([B], [add(A, 10), add(A, 20)]).findings
  assert.deepEqual(
    shown
      .map(({kind, key, counts, lastEvent}) => [kind, /^sha256:[0-9a-f]{16}$/.test(key), counts, lastEvent?.pos])
      .sort(),
    [
      ['ghost', true, {table: 0, events: 2}, 20],
      ['missing', true, {table: 1, events: 0}, undefined],
    ],
  )
})

test('a transaction under way may be shown or not, and excuses nothing else', () => {
  const place = {executed: null, from: {file: 'b.000001', pos: 100}, to: {file: 'b.000001', pos: 200}}
  const events = [add(A, 10), add(A, 150), {op: 'u', before: A, after: B, pos: 160}, add(B, 200)]
  for (const table of [[A], [A, A], [B], [A, B]])
    assert.deepEqual(verdict(table, events, {place}), [0, 0], String(table))
  assert.deepEqual(verdict([A, A, A], events, {place}), [1, 0])
  assert.deepEqual(verdict([A, B, B], events, {place}), [1, 0])
})

test('a partition is emptied by its own truncate event only, and the rows of all are one multiset', () => {
  const truncate = (partition: number): Event => ({op: 't', copyId: 'x', pos: 50, partition})
  const events = [add(A, 10), {...add(B, 20), partition: 1}, truncate(1)]
  assert.deepEqual(verdict([A], events), [0, 0])
  // Partitions were added: the row was created in one and deleted in the other.
  assert.deepEqual(verdict([], [add(A, 10), {...remove(A, 20), partition: 1}]), [0, 0])
})

test('an update without its before image is refused: nobody can tell which row it changed', () => {
  assert.throws(() => compared([], [{op: 'd', pos: 10}]), {
    code: 'TIDEMARK_VERIFY_EVENT_MALFORMED',
    message: /"before"/,
  })
})

test('with a condition only rows that match it are compared', () => {
  assert.deepEqual(verdict([A], [add(A, 10), add(B, 20)], {rowsOnly: true}), [0, 0])
  assert.deepEqual(verdict([A, A], [add(A, 10), add(B, 20)], {rowsOnly: true}), [1, 0])
})

const ROWS = ['{"n":null}', '{"n":0.1,"j":"{\\"k\\": [1]}"}', '{"n":-0.0}', '{"n":"é"}']
const aRow = fc.constantFrom(...ROWS)

const change = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({type: fc.constant('insert' as const), row: aRow, count: fc.integer({min: 1, max: 3})}),
  },
  {
    weight: 3,
    arbitrary: fc.record({type: fc.constant('delete' as const), row: aRow, count: fc.integer({min: 1, max: 3})}),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('update' as const),
      row: aRow,
      to: aRow,
      count: fc.integer({min: 1, max: 2}),
    }),
  },
  {weight: 2, arbitrary: fc.record({type: fc.constant('rekey' as const), row: aRow, to: aRow, count: fc.constant(1)})},
  {weight: 1, arbitrary: fc.record({type: fc.constant('truncate' as const), row: aRow, count: fc.constant(1)})},
)
const step = fc.oneof(
  {weight: 6, arbitrary: fc.record({type: fc.constant('write' as const), change})},
  {weight: 4, arbitrary: fc.record({type: fc.constant('stream' as const), events: fc.integer({min: 1, max: 8})})},
  {weight: 2, arbitrary: fc.record({type: fc.constant('crash' as const), back: fc.integer({min: 0, max: 12})})},
  {weight: 2, arbitrary: fc.record({type: fc.constant('copy' as const), rows: fc.option(fc.nat(6), {nil: Infinity})})},
  {
    weight: 1,
    arbitrary: fc.record({type: fc.constant('late' as const), from: fc.nat(), events: fc.integer({min: 1, max: 6})}),
  },
  {weight: 1, arbitrary: fc.record({type: fc.constant('failover' as const)})},
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** A server with one table, and a task that streams and copies it, is killed, and leaves late batches behind. */
class World {
  readonly table: string[]
  readonly events: Event[] = []
  readonly #hasGtids: boolean
  /** Everything that was written, as events, in the binlog's order. */
  readonly #binlog: Event[] = []
  #at = 0
  /** The first event of the server at hand. */
  #oldest = 0
  #file = 'b.000009'
  #pos = 4
  #gno = 0
  #copies = 0
  #isBroken: boolean

  /** `rows` were there before the task: they come with a copy only. */
  constructor(rows: readonly string[], hasGtids: boolean) {
    this.table = [...rows]
    this.#hasGtids = hasGtids
    this.#isBroken = rows.length > 0
  }

  run(steps: readonly Step[]): void {
    // The first copy of a table that was not captured begins without a truncate event.
    if (this.#isBroken) this.#copy(3, false)
    for (const each of steps) this.#step(each)
    if (this.#isBroken) this.#copy(Infinity, true)
    this.#stream(Infinity)
  }

  #step(each: Step): void {
    switch (each.type) {
      case 'write':
        this.#write(each.change)
        break
      case 'stream':
        this.#stream(each.events)
        break
      case 'crash':
        this.#at = Math.max(this.#oldest, this.#at - each.back)
        break
      case 'copy':
        this.#copy(each.rows, true)
        break
      case 'late':
        this.#late(each.from, each.events)
        break
      case 'failover':
        this.#failOver()
    }
  }

  #write({type, row, count, ...more}: Change): void {
    const gno = ++this.#gno
    const pos = (this.#pos += 100)
    const entry = (event: Event): void => {
      this.#binlog.push({...event, file: this.#file, pos, gno: this.#hasGtids ? gno : null})
    }
    if (type === 'truncate') {
      this.table.length = 0
      entry({op: 't'})
      return
    }
    const to = 'to' in more ? more.to : row
    for (let i = 0; i < count; i++) {
      const at = this.table.indexOf(row)
      if (type !== 'insert' && at < 0) return
      if (type !== 'insert') this.table.splice(at, 1)
      if (type !== 'delete') this.table.push(to)
      if (type === 'insert') entry({op: 'c', after: row, row: i})
      else if (type === 'delete') entry({op: 'd', before: row, row: i})
      else if (type === 'update') entry({op: 'u', before: row, after: to, row: i})
      else {
        entry({op: 'd', before: row, row: i})
        entry({op: 'c', after: to, row: i})
      }
    }
  }

  #stream(events: number): void {
    const end = Math.min(this.#binlog.length, this.#at + events)
    this.events.push(...this.#binlog.slice(this.#at, end))
    this.#at = end
  }

  /** Streams up to the lock, then the truncate event and some or all rows of the read view. */
  #copy(rows: number, resets: boolean): void {
    if (resets) this.#stream(Infinity)
    this.#at = this.#binlog.length
    const beside = {copyId: `copy-${++this.#copies}`, file: this.#file, pos: this.#pos + 50}
    if (resets) this.events.push({op: 't', ...beside})
    const view = this.table.slice(0, rows)
    this.events.push(...view.map(after => ({op: 'r', after, ...beside})))
    this.#isBroken = view.length < this.table.length
  }

  /** What a process that is gone had on its way: streamed rows that came again since, rows of copies given up since. */
  #late(from: number, events: number): void {
    const current = this.events.findLast(({op, copyId}) => op === 't' && copyId !== undefined)
    const before = current === undefined ? 0 : this.events.indexOf(current)
    const old = this.events.filter(({op, copyId, file}, index) => {
      if (copyId === undefined) return file === this.#file
      return op === 'r' && index < before && copyId !== current?.copyId
    })
    if (old.length === 0) return
    const first = from % old.length
    this.events.push(...old.slice(first, first + events))
  }

  /** To a server that has all and counts its files anew; only GTIDs lead there, and nothing of the old one is repeated. */
  #failOver(): void {
    if (!this.#hasGtids) return
    this.#stream(Infinity)
    this.#oldest = this.#binlog.length
    this.#file = 'b.000001'
    this.#pos += 1000
  }
}

test('any history with copies cut off, late batches, repeated stretches and a failover folds to the table', () => {
  fc.assert(
    fc.property(
      fc.array(aRow, {maxLength: 8}),
      fc.array(step, {maxLength: 40}),
      fc.boolean(),
      fc.constantFrom(600, 1e9),
      (rows, steps, hasGtids, memoryBytes) => {
        const world = new World(rows, hasGtids)
        world.run(steps)
        const {findings} = compared(world.table, world.events, {memoryBytes})
        assert.deepEqual(findings.shown, [])
        assert.equal(findings.keys, world.table.length)
        assert.deepEqual(verdict([...world.table, ROWS[0]!], world.events, {memoryBytes}), [1, 0])
        if (world.table.length > 0) assert.deepEqual(verdict(world.table.slice(1), world.events, {memoryBytes}), [0, 1])
      },
    ),
    {numRuns: 500},
  )
})
