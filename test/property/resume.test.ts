// The stream under lost connections and crashes at any event, with acknowledgements in any state: what comes out is
// judged by I3. A lost connection repeats nothing; a crash repeats only what was not acknowledged when the state was stored.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import type {StreamPlace} from '../../src/stream/offset-tracker.ts'
import {smallImage} from '../support/binlog-bytes.ts'
import {MemorySink} from '../support/memory-sink.ts'
import {BinlogScript, opOf, settled, SID, streamTable, StreamParts} from '../support/stream-parts.ts'

const OTHER_SID = 'ffffffff-0506-0708-090a-0b0c0d0e0f10'

type Transaction =
  | {readonly kind: 'ddl'}
  | {readonly kind: 'rows'; readonly ends: 'commit' | 'rollback'; readonly events: readonly RowsEvent[]}

interface RowsEvent {
  readonly table: 'captured' | 'elsewhere'
  readonly rows: number
}

interface Scenario {
  readonly gtids: boolean
  readonly transactions: readonly Transaction[]
  readonly batchBytes: number
  readonly choices: readonly number[]
}

const rowsEvent = fc.record<RowsEvent>({
  table: fc.constantFrom('captured', 'captured', 'elsewhere'),
  rows: fc.integer({min: 1, max: 5}),
})
const transaction: fc.Arbitrary<Transaction> = fc.oneof(
  {weight: 1, arbitrary: fc.constant({kind: 'ddl'} as const)},
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      ends: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const),
      events: fc.array(rowsEvent, {maxLength: 4}),
    }),
  },
)
const scenarios = fc.record<Scenario>({
  gtids: fc.boolean(),
  transactions: fc.array(transaction, {minLength: 1, maxLength: 12}),
  batchBytes: fc.constantFrom(1, 800, 100_000),
  choices: fc.array(fc.nat(1_000_000), {minLength: 10, maxLength: 60}),
})

const TABLES = {captured: streamTable('captured'), elsewhere: streamTable('elsewhere')}

/** One event of the binlog: where it stands, which transaction it begins or belongs to, and how it is written down. */
interface Entry {
  readonly pos: number
  readonly transaction: number
  add(script: BinlogScript): void
}

/** The binlog, and the keys that come out of it, in order. */
function binlogOf({transactions, gtids}: Scenario): {entries: Entry[]; keys: string[]} {
  const entries: Entry[] = []
  const keys: string[] = []
  let key = 0
  const put = (index: number, add: Entry['add']): void => {
    entries.push({pos: 100 + entries.length * 10, transaction: index, add})
  }
  for (const [index, each] of transactions.entries()) {
    put(index, script => (gtids ? script.gtid(...gtidOf(index)) : script.add({kind: 'gtid', sid: '', gno: 0})))
    if (each.kind === 'ddl') {
      put(index, script => script.query('CREATE TABLE u (a INT)'))
      continue
    }
    put(index, script => script.begin())
    for (const {table, rows} of each.events) {
      const images = Array.from({length: rows}, () => smallImage(++key, 'v'))
      if (table === 'captured') keys.push(...images.map((_, i) => `c ${key - rows + 1 + i}`))
      put(index, script => script.rows('c', TABLES[table], ...images))
    }
    put(index, script => script.add({kind: each.ends}))
  }
  return {entries, keys}
}

/** Two sources by turns, each with numbers of its own. */
function gtidOf(index: number): [number, string] {
  return [Math.floor(index / 2) + 1, index % 2 === 0 ? SID : OTHER_SID]
}

type Stored = Pick<StreamPlace, 'file' | 'pos' | 'rows' | 'sid' | 'gno'> & {readonly executed: string}

class Play {
  readonly #scenario: Scenario
  readonly #entries: readonly Entry[]
  readonly #keys: readonly string[]
  #parts!: StreamParts
  #sink!: MemorySink
  /** Entries of the current connection, and how many of them have come. */
  #connection: readonly Entry[] = []
  #at = 0
  /** Events that were acknowledged by the processes before the current one, as an index into the keys. */
  #base = 0
  #stored: Stored & {readonly acknowledged: number}

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    const {entries, keys} = binlogOf(scenario)
    this.#entries = entries
    this.#keys = keys
    this.#stored = {file: 'b.000001', pos: 100, rows: 0, sid: '', gno: 0, executed: '', acknowledged: 0}
  }

  async run(): Promise<void> {
    await this.#start()
    for (const choice of this.#scenario.choices) {
      const rest = Math.floor(choice / 12)
      switch (choice % 12) {
        case 0:
          this.#reconnect()
          break
        case 1:
          await this.#crash()
          break
        case 2:
        case 3:
          this.#store()
          break
        case 4:
        case 5:
        case 6:
          this.#sink.acknowledge(1 + (rest % 3))
          await settled()
          break
        case 7:
          this.#parts.emitter.flush()
          break
        default:
          await this.#stream(1 + (rest % 4))
      }
    }
    await this.#stream(this.#entries.length)
    for (let i = 0; this.#parts.tracker.pending > 0 && i < 1_000; i++) {
      this.#parts.emitter.flush()
      this.#sink.acknowledge()
      await settled()
    }
    assert.deepEqual(this.#sent(), this.#keys.slice(this.#base), 'everything comes out, in order, without a gap')
    const {pos, rows} = this.#parts.tracker.safePlace(this.#parts.dispatcher.place)
    assert.deepEqual([pos, rows], [100 + this.#entries.length * 10, 0])
  }

  async #start(): Promise<void> {
    const {file, pos, rows, sid, gno, executed} = this.#stored
    this.#sink = new MemorySink({acks: 'held', batchBytes: this.#scenario.batchBytes})
    this.#parts = await new StreamParts({
      sink: this.#sink,
      place: {file, pos},
      resume: rows > 0 ? {sid, gno, rows} : null,
      executed,
      isCaptured: table => table === 'captured',
    }).open()
    this.#connect(pos, executed)
  }

  /** By GTID the server leaves out what is in the set, by position what stands before. */
  #connect(pos: number, executed: string): void {
    const done = new Set(executed === '' ? [] : this.#executedTransactions(executed))
    this.#connection = this.#entries.filter(entry =>
      this.#scenario.gtids ? !done.has(entry.transaction) : entry.pos >= pos,
    )
    this.#at = 0
  }

  #executedTransactions(executed: string): number[] {
    const parts = new StreamParts({executed})
    const set = parts.gtids.copyAt(0)
    return this.#scenario.transactions.flatMap((_, index) => {
      const [gno, sid] = gtidOf(index)
      return set.has(sid, gno) ? [index] : []
    })
  }

  async #stream(count: number): Promise<void> {
    const next = this.#connection.slice(this.#at, this.#at + count)
    if (next.length === 0) return
    this.#at += next.length
    const script = new BinlogScript()
    for (const entry of next) {
      script.pos = entry.pos
      entry.add(script)
    }
    await this.#parts.dispatcher.dispatch(script.read())
    assert.deepEqual(this.#sent(), this.#keys.slice(this.#base, this.#base + this.#sink.sent.length))
  }

  #reconnect(): void {
    const {place} = this.#parts.dispatcher
    this.#parts.dispatcher.reconnected(place, place.rows > 0 ? place : null)
    this.#connect(place.pos, this.#parts.gtids.copyAt(place.gtidCount).toString())
  }

  #store(): void {
    const {file, pos, rows, sid, gno, gtidCount} = this.#parts.tracker.safePlace(this.#parts.dispatcher.place)
    const executed = this.#parts.gtids.setAt(gtidCount).toString()
    const acknowledged = this.#base + this.#sink.acknowledged.length
    this.#stored = {file, pos, rows, sid, gno, executed, acknowledged}
  }

  /** The next process begins at or before what was acknowledged when the state was stored, and not where an event is lost. */
  async #crash(): Promise<void> {
    await this.#start()
    this.#base = this.#firstKeyAt(this.#stored)
    assert.ok(this.#base <= this.#stored.acknowledged, 'the stored place passes an event that was not acknowledged')
  }

  /** Index of the first key that the stream brings from there. */
  #firstKeyAt(stored: Stored): number {
    const first = this.#connection[0]
    if (first === undefined) return this.#keys.length
    let before = 0
    for (const [index, each] of this.#scenario.transactions.entries()) {
      if (each.kind === 'ddl') continue
      let rows = index === first.transaction ? stored.rows : index < first.transaction ? Infinity : 0
      for (const event of each.events) {
        if (event.table === 'captured') before += Math.min(rows, event.rows)
        rows = Math.max(0, rows - event.rows)
      }
    }
    return before
  }

  #sent(): string[] {
    return this.#sink.sent.map(opOf)
  }
}

test('I3: lost connections repeat nothing, crashes lose nothing, by GTID and by position', async t => {
  // What leaves when is the scenario's choice, not the clock's.
  t.mock.timers.enable({apis: ['setTimeout']})
  await fc.assert(
    fc.asyncProperty(scenarios, async scenario => {
      await new Play(scenario).run()
    }),
    {numRuns: 400},
  )
})
