// A server, a main stream and the parallel reader, all of it the real code but for the server, the sink's network and the
// copy: what a table's topic holds after any interleaving and any crash can be judged against the table's history.

import type {BinlogEvents, StreamStart} from '../../src/binlog/binlog-events.ts'
import type {Settings} from '../../src/config/settings.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import type {StoredOffset} from '../../src/core/stored-offset.ts'
import {StreamExtent} from '../../src/core/stream-extent.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import type {BranchState} from '../../src/readers/branch-state.ts'
import type {BranchSource} from '../../src/readers/branch-stream.ts'
import type {CopyOptions, TableCopy} from '../../src/readers/table-copy.ts'
import type {TableRun} from '../../src/snapshot/table-run.ts'
import {Divergences} from '../../src/task/divergences.ts'
import {ParallelSide} from '../../src/task/parallel-side.ts'
import {smallImage} from './binlog-bytes.ts'
import {MemorySink} from './memory-sink.ts'
import {quietLog} from './quiet-log.ts'
import {BinlogScript, EVENT_SETTINGS, settled, SID, streamTable, StreamParts} from './stream-parts.ts'

export const TABLE = streamTable('t', {primaryKey: []})
const OTHER = streamTable('other')
const SETTINGS = {
  events: {...EVENT_SETTINGS, tombstonesOnDelete: false},
  stream: {includesQuery: false, failures: {rows: 'fail', definitions: 'fail'}},
  filters: {databaseInclude: null, databaseExclude: null, tableInclude: null, tableExclude: null, ignoreBuiltin: true},
  signals: {dataCollection: null},
} as unknown as Settings

interface Transaction {
  readonly gno: number
  readonly pos: number
  readonly end: number
  /** Rows of the table that it inserts. */
  readonly rows: readonly number[]
}

/** Its table is only inserted into: each row is a change, and the rows at a place are the changes before it. */
export class SceneServer {
  readonly gtids: boolean
  readonly log: Transaction[] = []
  uuid = 'server-a'
  #next = 1
  #waiters: (() => void)[] = []
  pos = 100
  /** Called where a lock is held, before its place is told. */
  onLock: () => void = () => undefined

  constructor(gtids: boolean) {
    this.gtids = gtids
  }

  commit(rows: number): void {
    const gno = this.log.length + 1
    const script = new BinlogScript('b.000001', this.pos)
    const inserted = Array.from({length: rows}, () => this.#next++)
    const transaction = {gno, pos: this.pos, rows: inserted}
    for (const write of eventsOf(transaction, this.gtids)) write(script)
    this.pos = script.pos
    this.log.push({...transaction, end: this.pos})
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  place(): StoredOffset {
    const count = this.log.length
    const gtidSet = this.gtids ? (count === 0 ? '' : `${SID}:1-${count}`) : null
    return {file: 'b.000001', pos: this.pos, gtidSet, rows: 0, sid: '', gno: 0}
  }

  rowsAt(place: StreamExtent): number[] {
    return this.log.flatMap(({gno, pos, rows}) =>
      place.has({sid: this.gtids ? SID : '', gno, file: 'b.000001', pos}) ? rows : [],
    )
  }

  get changes(): number[] {
    return this.log.flatMap(({rows}) => rows)
  }

  source(pick: (most: number) => number): BranchSource {
    let isOpen = false
    const log = this.log
    const {gtids} = this
    const wait = (signal: AbortSignal): Promise<void> =>
      new Promise(resolve => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiters.push(wake)
        signal.addEventListener('abort', wake)
      })
    return {
      identity: () => (isOpen ? {serverUuid: this.uuid} : null),
      async *events(start: StreamStart, signal: AbortSignal): AsyncGenerator<BinlogEvents> {
        await settled()
        isOpen = true
        try {
          const executed = start.type === 'gtid' ? GtidSet.parse(start.executed) : null
          const first = start.type === 'position' ? start.pos : 0
          const isWanted = ({gno, pos}: Transaction): boolean =>
            executed === null ? pos >= first : !executed.has(SID, gno)
          for (let at = 0; !signal.aborted;) {
            while (at < log.length && !isWanted(log[at]!)) at++
            if (at === log.length) await wait(signal)
            else {
              const script = new BinlogScript('b.000001', log[at]!.pos)
              const until = Math.min(log.length, at + 1 + pick(4))
              for (; at < until; at++) {
                for (const write of eventsOf(log[at]!, gtids)) {
                  write(script)
                  if (pick(4) > 0) continue
                  // What the socket brings may end anywhere.
                  yield script.read()
                  for (let turn = pick(3); turn > 0; turn--) await settled()
                }
              }
              yield script.read()
              await settled()
            }
          }
        } finally {
          isOpen = false
        }
      },
    }
  }
}

function eventsOf({gno, rows}: Omit<Transaction, 'end'>, gtids: boolean): ((script: BinlogScript) => void)[] {
  return [
    script => (gtids ? script.gtid(gno) : script.gtid(0, '')),
    script => script.begin(),
    script => script.rows('c', OTHER, smallImage(gno, 'o')),
    ...rows.map(row => (script: BinlogScript) => script.rows('c', TABLE, smallImage(row, 'r'))),
    script => script.commit(),
  ]
}

export interface SceneState {
  readonly offset: StoredOffset
  readonly parallel: BranchState | null
  readonly isDone: boolean
  readonly known: boolean
}

export interface SceneOptions {
  readonly server: SceneServer
  readonly state: SceneState
  readonly random: (below: number) => number
}

/** One process, from its start to its crash. */
export class Scene {
  readonly sink = new MemorySink({acks: 'held'})
  readonly parts: StreamParts
  readonly side: ParallelSide
  readonly divergences = new Divergences([], quietLog)
  readonly failures: unknown[] = []
  /** What has been stored, with the events that were acknowledged up to then. */
  stored: SceneState
  /** How many events the stored state covers. */
  committed = 0
  copies = 0
  /** Chance, of a hundred, that a copy is cut off behind a piece of rows. */
  cutOff = 0
  #isDone: boolean
  #isRunning = false
  #isCutting = false
  #storing: Promise<void> = Promise.resolve()
  readonly #options: SceneOptions
  readonly #stopping = new AbortController()
  readonly run = {plan: {table: TABLE.shape.id}, text: 'd.t'} as unknown as TableRun

  constructor(options: SceneOptions) {
    const {server, state, random} = options
    this.#options = options
    this.stored = state
    this.#isDone = state.isDone
    const {file, pos, gtidSet} = state.offset
    let side: ParallelSide | null = null
    this.parts = new StreamParts({
      sink: this.sink,
      settings: {tombstonesOnDelete: false},
      // Now and then the main stream waits for the sink, and the branch does not.
      streamBytes: 2_000,
      place: {file, pos},
      ...(gtidSet === null ? {} : {executed: gtidSet}),
      resume: state.offset.rows > 0 ? state.offset : null,
      keysOf: shape => ({messageKey: shape.primaryKey, rowKey: shape.primaryKey}),
      share: {
        get table() {
          return side?.reader.shares.table ?? null
        },
        has: transaction => side!.reader.shares.has(transaction),
      },
      gate: {between: () => side?.gate.between() ?? null},
    })
    const {emitter, tracker, dispatcher, catalog} = this.parts
    side = this.side = new ParallelSide({
      settings: SETTINGS,
      version: '0',
      log: quietLog,
      sink: this.sink,
      emitter,
      headers: null,
      tally: catalog.tally,
      divergences: this.divergences,
      cascades: null,
      signal: this.#stopping.signal,
      server: {
        schemas: null,
        streamKeys: {uniqueKey: () => Promise.resolve(null), isUnique: () => Promise.resolve(false)},
        shape: () => Promise.resolve(TABLE.shape),
        declaredColumns: () => Promise.resolve(new Map()),
        foldsNames: () => Promise.resolve(false),
        forget: () => undefined,
      } as unknown as ConstructorParameters<typeof ParallelSide>[0]['server'],
      stored: state.parallel,
      openSource: () => server.source(random),
      openCopy: () => this.#copy(),
      isCaptured: () => state.known || catalog.seen.has('d.t'),
      hasRun: () => !this.#isDone,
      onFree: () => undefined,
      onFailure: error => this.failures.push(error),
      engine: () => ({
        serverUuid: server.uuid,
        ...{emitter, dispatcher, tracker, catalog, divergences: this.divergences},
        outlet: null as never,
        coordinator: null,
        notifications: null,
        cascades: null,
      }),
      gtids: server.gtids ? this.parts.gtids : null,
    })
    this.side.store = () => this.store()
  }

  async start(): Promise<void> {
    await this.parts.open()
    this.side.reader.begin()
    const {signal} = this.#stopping
    const source = this.#options.server.source(this.#options.random)
    const {place} = this.parts.dispatcher
    const {gtidSet} = this.stored.offset
    const start: StreamStart =
      gtidSet === null ? {type: 'position', file: place.file, pos: place.pos} : {type: 'gtid', executed: gtidSet}
    const stream = async (): Promise<void> => {
      for await (const events of source.events(start, signal)) {
        await this.parts.dispatcher.dispatch(events)
        if (signal.aborted) return
      }
    }
    stream().catch((error: unknown) => this.failures.push(error))
  }

  /** As the coordinator does: starts the table's copy where none is under way. */
  advance(): void {
    const {reader} = this.side
    if (this.#isDone || this.#isRunning || reader.busy) return
    this.#isRunning = true
    reader.start(this.run, {
      copied: () => (this.#isDone = true),
      failed: error => {
        this.#isRunning = false
        if (!(error instanceof TidemarkError) || error.kind !== 'retryable') this.failures.push(error)
      },
      free: () => (this.#isRunning = false),
    })
  }

  /** The state, and with exactly-once delivery exactly the events before it: what is sent meanwhile belongs to the next. */
  store(): Promise<void> {
    this.#storing = this.#storing.then(() => this.#store())
    return this.#storing
  }

  async #store(): Promise<void> {
    this.#isCutting = true
    const cut = this.parts.emitter.cut()
    const before = this.sink.waiting
    for (let turn = this.#options.random(4); turn > 0; turn--) await settled()
    this.sink.acknowledge(before)
    await cut
    await settled()
    const {safe, executed} = this.#safe()
    const {file, pos, rows, sid, gno} = safe
    const {parallel = null} = this.side.stored()
    const offset = {file, pos, rows, sid, gno, gtidSet: executed}
    this.stored = {offset, parallel, isDone: this.#isDone, known: true}
    this.committed = this.sink.acknowledged.length
    this.#isCutting = false
  }

  acknowledge(): void {
    if (!this.#isCutting) this.sink.acknowledge(1)
  }

  #safe() {
    const {tracker, dispatcher, gtids} = this.parts
    const safe = tracker.safePlace(dispatcher.place)
    return {safe, executed: this.#options.server.gtids ? gtids.copyAt(safe.gtidCount).toString() : null}
  }

  get isAtRest(): boolean {
    const {dispatcher} = this.parts
    return this.#isDone && !this.side.reader.busy && dispatcher.place.pos === this.#options.server.pos
  }

  crash(): void {
    this.#stopping.abort()
    this.parts.dispatcher.stop()
    void this.side.reader.close()
    this.sink.hold()
  }

  #copy(): TableCopy {
    const {server, random} = this.#options
    let place: StoredOffset | null = null
    return {
      lock: async (signal, {atPlace} = {}) => {
        for (let turn = random(4); turn > 0; turn--) await settled()
        if (signal.aborted) throw cutOff()
        server.onLock()
        place = server.place()
        atPlace?.({place, shape: null})
        await settled()
        return place
      },
      copy: async options => {
        this.copies++
        await this.#emitCopy(server.rowsAt(StreamExtent.parse(place!)), options)
      },
      hasSent: true,
      close: () => Promise.resolve(),
    }
  }

  async #emitCopy(rows: readonly number[], {resets, copyId, signal}: CopyOptions): Promise<void> {
    const {emitter, topics} = this.parts
    const {topic, lanes} = await topics.open('p.d.t')
    const sent: Promise<void>[] = []
    const send = (op: string, row: number | null): void => {
      const batch = topic.newBatch(0)
      const value = JSON.stringify({op, after: row === null ? null : {id: row}, copyId})
      batch.begin(null, 0, 0, value.length, null)
      batch.writer.writeAscii(value)
      batch.end()
      sent.push(emitter.sendRead(lanes[0]!, batch))
    }
    if (resets) send('t', null)
    for (const row of rows) {
      send('r', row)
      await settled()
      if (signal.aborted || this.#options.random(100) < this.cutOff) throw cutOff()
    }
    await Promise.all(sent)
  }
}

function cutOff(): TidemarkError {
  return new TidemarkError('TIDEMARK_TEST_CUT_OFF', 'the copy was cut off', {kind: 'retryable'})
}

/** The events of the table's topic as `op id`. */
export function tableOps(events: readonly {readonly topic: string; readonly value: string | null}[]): string[] {
  return events.flatMap(({topic, value}) => {
    if (topic !== 'p.d.t' || value === null) return []
    const {op, after} = JSON.parse(value) as {op: string; after: {id: number} | null}
    return [after === null ? op : `${op} ${after.id}`]
  })
}
