// Where the two flows meet: walks the stream's events in order, writes row events to the emitter, keeps the place in the
// stream, and lets signals, marks and definition changes take effect exactly where they stand in the binlog.

import type {BinlogEvents, RowsView} from '../binlog/binlog-events.ts'
import type {TableId} from '../core/table-id.ts'
import type {CapturedTable} from './captured-table.ts'
import {mayTouch, readDdl} from './ddl.ts'
import type {LaneSource} from './emitter.ts'
import type {ReachedPlace, StreamPlace} from './offset-tracker.ts'
import type {StreamGate} from './stream-gate.ts'
import {setStreamOrigin} from './stream-origin.ts'
import type {DispatcherOptions, ResumedTransaction, StreamShare} from './dispatcher-options.ts'

export type {ReachedPlace} from './offset-tracker.ts'

const NO_ROWS: ResumedTransaction = {sid: '', gno: 0, rows: 0}
const ALL: StreamShare = {table: null, has: () => true}
const OPEN: StreamGate = {between: () => null}

export class Dispatcher {
  /** Time of the last transaction, ms since 1970; 0 before the first. */
  lastEventMs = 0
  /** How old the last transaction was when it was dispatched, ms. */
  lagMs = 0
  /** When the server sent anything last, ms since 1970; 0: never. */
  lastHeardMs = 0
  /** True while everything that the server has sent is dispatched. */
  caughtUp = false
  transactions = 0
  #file: string
  #pos: number
  #inTransaction = false
  /** BEGIN was seen: what is no COMMIT does not end the transaction (CREATE TABLE … SELECT, SAVEPOINT). */
  #hasBegun = false
  #sid = ''
  #gno = 0
  #commitUs = 0
  #threadId = -1
  #statement = ''
  #resume: ResumedTransaction | null
  readonly #count = {rows: 0, skip: 0, first: 0}
  #eventFile = ''
  #eventPos = 0
  #lastSid = ''
  #lastGno = 0
  #serverId = 0
  readonly #options: DispatcherOptions
  readonly #source: LaneSource
  readonly #share: StreamShare
  readonly #gate: StreamGate
  #stopped = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#file = options.start.place.file
    this.#pos = options.start.place.pos
    this.#eventFile = this.#file
    this.#eventPos = this.#pos
    this.#resume = options.start.resume
    this.#share = options.share ?? ALL
    this.#gate = options.gate ?? OPEN
    this.#source = options.source ?? options.emitter.main
    this.#source.placeNow = () => this.place
  }

  /** Where the stream would be resumed if everything before the next event were acknowledged. */
  get place(): StreamPlace {
    // Rows that are passed over were emitted before, and so they still are when the connection is lost once more.
    const {rows, sid, gno} = this.#inTransaction
      ? {rows: Math.max(this.#count.rows, this.#count.skip), sid: this.#sid, gno: this.#gno}
      : (this.#resume ?? NO_ROWS)
    const {transactions} = this
    return {file: this.#file, pos: this.#pos, gtidCount: this.#options.gtids.count, rows, sid, gno, transactions}
  }

  /** The place that the stream has reached, for read events: file, offset, GTID and server of the last event. */
  get reached(): ReachedPlace {
    return {
      file: this.#eventFile,
      pos: this.#eventPos,
      sid: this.#lastSid,
      gno: this.#lastGno,
      serverId: this.#serverId,
      threadId: this.#threadId,
    }
  }

  /** GTID of the open transaction, with the row count: names one occurrence of a row. */
  get occurrence(): {gtid: string; file: string; pos: number} {
    return {gtid: this.#sid === '' ? '' : `${this.#sid}:${this.#gno}`, file: this.#file, pos: this.#pos}
  }

  /** True where the stream is in no transaction, and was resumed in none. */
  get isBetween(): boolean {
    return !this.#inTransaction && this.#resume === null
  }

  /** The transaction that the stream is in, or will go on with, or null. */
  get openTransaction(): {sid: string; gno: number} | null {
    return this.#inTransaction ? {sid: this.#sid, gno: this.#gno} : this.#resume
  }

  /** Whether an event of the table, in the transaction that the stream is in, is another stream's. */
  omits({database, table}: TableId): boolean {
    const others = this.#share.table
    if (others === null || others.table !== table || others.database !== database) return false
    return !this.#share.has({sid: this.#sid, gno: this.#gno, file: this.#file, pos: this.#pos})
  }

  /** A new connection begins at the stored place again: what was seen of an open transaction is forgotten. */
  reconnected(place: StreamPlace, resume: ResumedTransaction | null): void {
    this.#file = place.file
    this.#pos = place.pos
    this.#inTransaction = false
    this.#hasBegun = false
    this.#resume = resume
    this.#options.failing?.forget()
    this.#count.rows = 0
    this.#count.skip = 0
    this.#options.prepared.abandon()
  }

  /** Nothing more is emitted: a dispatch that waits, for a topic that is created say, never goes on, and never settles. */
  stop(): void {
    this.#stopped = true
  }

  /** Dispatches everything that one read of the socket brought. Returns when there is room for more. */
  async dispatch(events: BinlogEvents): Promise<void> {
    const {emitter, prepared} = this.#options
    this.caughtUp = false
    this.lastHeardMs = Date.now()
    const before = this.transactions
    while (events.next()) {
      const gate = this.isBetween ? this.#gate.between() : null
      if (gate === 'end') break
      if (gate !== null) await this.#waitFor(gate)
      switch (events.kind) {
        case 'rows': {
          if (prepared.isOpen) {
            prepared.collect(events.rows, this.#statement)
            this.#advance(events)
            break
          }
          const writing = this.#write(events, events.rows)
          if (writing !== null) await writing
          // One read may bring rows for many megabytes of events: wait within it, not only behind it.
          const room = emitter.room(this.#source)
          if (room !== null) await this.#waitFor(room)
          break
        }
        case 'gtid':
          this.#begin(events)
          break
        case 'begin':
        case 'xa-begin':
          if (!this.#inTransaction) this.#begin(events)
          this.#hasBegun = true
          this.#threadId = events.threadId
          if (events.kind === 'xa-begin') this.#beginXa(events.xid)
          else this.#beginMetadata(events)
          break
        case 'xa-prepare':
          this.#commit(events)
          prepared.prepared(this.transactions)
          break
        case 'xa-commit':
        case 'xa-rollback':
          await this.#endXa(events)
          break
        case 'commit':
        case 'rollback':
          if (prepared.isOpen) await this.#endOnePhase(events)
          this.#commit(events)
          break
        case 'query':
          await this.#query(events)
          await this.#waitFor(emitter.room(this.#source))
          break
        case 'heartbeat':
          this.lagMs = 0
          this.#advance(events)
          break
        case 'rows-query':
          if (this.#options.includesQuery) this.#statement = events.sql
          this.#advance(events)
          break
        case 'rotate':
        case 'other':
          this.#advance(events)
          break
      }
    }
    await this.#batchDone()
    if (this.transactions > before)
      this.lagMs = this.#options.catalog.tally.lagged(Math.max(0, Date.now() - this.lastEventMs))
    this.caughtUp = true
  }

  async #batchDone(): Promise<void> {
    const {emitter, events} = this.#options
    emitter.flushSoon()
    events.batchDone()
    await this.#waitFor(emitter.room(this.#source))
    // Whoever waits for the end of a transaction need not wait for the next one.
    if (this.isBetween) void this.#gate.between()
  }

  async #waitFor(room: Promise<void> | null): Promise<void> {
    if (room === null) return
    this.#options.emitter.flush()
    await this.#unlessStopped(room)
  }

  #begin(events: BinlogEvents): void {
    this.#inTransaction = true
    this.#hasBegun = false
    this.#file = events.file
    this.#pos = events.startPos
    this.#sid = events.kind === 'gtid' ? events.sid : ''
    this.#gno = this.#sid === '' ? 0 : events.gno
    this.#commitUs = events.kind === 'gtid' && events.commitTimestampUs > 0 ? events.commitTimestampUs : 0
    this.#threadId = -1
    this.#lastSid = this.#sid
    this.#lastGno = this.#gno
    this.#serverId = events.serverId
    this.#options.watch?.began(this.#sid, this.#gno)
    this.#count.rows = 0
    this.#count.skip = 0
    const resume = this.#resume
    if (resume !== null && (resume.sid === '' || (resume.sid === this.#sid && resume.gno === this.#gno))) {
      this.#count.skip = resume.rows
      this.#resume = null
    }
  }

  #commit(events: BinlogEvents): void {
    this.transactions++
    this.#options.catalog.tally.ended(events.kind, this.#sid, this.#gno)
    this.#statement = ''
    this.#options.transactions?.end(this.#eventUs(events) / 1000)
    const sid = this.#sid
    if (sid !== '') this.#options.gtids.append(sid, this.#gno)
    this.lastEventMs = this.#eventUs(events) / 1000
    this.#inTransaction = false
    this.#hasBegun = false
    this.#sid = ''
    this.#advance(events)
    if (sid !== '') this.#options.watch?.finished(sid, this.#gno)
  }

  #eventUs({timestampSeconds}: BinlogEvents): number {
    return this.#commitUs > 0 ? this.#commitUs : timestampSeconds * 1_000_000
  }

  #advance(events: BinlogEvents): void {
    this.#eventFile = events.file
    if (events.endPos > 0) this.#eventPos = events.endPos
    if (this.#inTransaction) return
    this.#file = events.file
    if (events.endPos > 0) this.#pos = events.endPos
  }

  // The BEGIN event of an XA transaction comes with its rows, where it is committed.
  #beginMetadata(events: BinlogEvents): void {
    this.#options.transactions?.begin({
      id: this.#sid === '' ? `file=${events.file},pos=${events.startPos}` : `${this.#sid}:${this.#gno}`,
      tsMs: this.#eventUs(events) / 1000,
      isResumed: this.#count.skip > 0,
    })
  }

  #beginXa(xid: string): void {
    const {prepared} = this.#options
    prepared.begin({xid, sid: this.#sid, gno: this.#gno, file: this.#file, pos: this.#pos})
  }

  async #endOnePhase(events: BinlogEvents): Promise<void> {
    if (events.kind === 'commit') await this.#replay(events, null)
    this.#options.prepared.abandon()
  }

  async #endXa(events: BinlogEvents): Promise<void> {
    this.#threadId = events.threadId
    if (events.kind === 'xa-commit') await this.#replay(events, events.xid)
    this.#commit(events)
    this.#options.prepared.ended(events.xid, this.transactions)
  }

  // The rows of an XA transaction take effect here, so they have the place and GTID of its commit, and count in it.
  async #replay(events: BinlogEvents, xid: string | null): Promise<void> {
    const {prepared, emitter, events: told} = this.#options
    this.#beginMetadata(events)
    const committed = prepared.committed(xid, {sid: this.#sid, gno: this.#gno}, reason => told.rowsLost(reason))
    for await (const {view, query} of committed) {
      if (this.#options.includesQuery) this.#statement = query
      const writing = this.#write(events, view)
      if (writing !== null) await writing
      const room = emitter.room(this.#source)
      if (room !== null) await this.#waitFor(room)
    }
  }

  /** Null: done. */
  #write(events: BinlogEvents, view: RowsView): Promise<void> | null {
    if (this.#share.table !== null && this.omits(view.table.shape.id)) {
      this.#rows(events, null, view)
      return null
    }
    const table = this.#options.catalog.get(view.table)
    if (table === undefined || table?.target?.records?.isDynamic === true) return this.#resolve(events, table, view)
    this.#rows(events, table, view)
    return null
  }

  // Also where rows name topics: those are opened first.
  async #resolve(events: BinlogEvents, known: CapturedTable | null | undefined, view: RowsView): Promise<void> {
    const {writer} = this.#options
    const table = known ?? (await this.#unlessStopped(this.#definition(events, view)))
    if (known === undefined && table !== null) this.#options.events.definition(table)
    if (table?.target?.records?.isDynamic === true) await this.#unlessStopped(writer.openTopics(table, view))
    this.#rows(events, table, view)
  }

  /** Null as well where the event is left out for want of one. */
  async #definition(events: BinlogEvents, view: RowsView): Promise<CapturedTable | null> {
    const {catalog, failing, origin, cascades} = this.#options
    for (let ready = cascades?.ready(); ready != null; ready = cascades?.ready()) await ready
    if (failing === null) return await catalog.resolve(view.table)
    try {
      return await failing.resolve(view.table)
    } catch (error) {
      this.#setOrigin(events)
      if (!failing.passOver(error, view, origin, this.#count)) throw error
      return null
    }
  }

  // What the last stored state does not know must not leave after it: it would come again at the next start.
  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const value = await work
    return this.#stopped ? await new Promise<never>(() => undefined) : value
  }

  #rows(events: BinlogEvents, table: CapturedTable | null, view: RowsView): void {
    this.#options.transactions?.announce()
    this.#eventFile = events.file
    if (table === null) {
      // The count must not depend on a filter, which may be another one after a restart.
      this.#count.rows += this.#options.catalog.passed(view)
      this.#options.cascades?.passed(view)
    } else {
      this.#eventPos = events.startPos
      this.#setOrigin(events)
      const before = this.#count.rows
      // Events of a compressed transaction share its place, those of an XA transaction that of its commit: there rows
      // are told apart by their number in the transaction, or a consumer would take one for a repetition of another.
      const sharesPlace = view !== events.rows || events.endPos === events.startPos
      this.#count.first = sharesPlace ? before : 0
      this.#options.origin.order?.enter(table.text)
      const {failing, writer} = this.#options
      ;(failing ?? writer).write(table, view, this.#options.origin, this.#count)
      if (table.changesOthers) this.#options.cascades?.passed(view)
      this.#options.catalog.tally.changed(table, view, this.#count.rows - Math.max(before, this.#count.skip))
    }
    if (events.endPos > 0) this.#eventPos = events.endPos
  }

  /** `unitUs`: Debezium gives the time of a statement in milliseconds, that of rows exactly. */
  #setOrigin(events: BinlogEvents, unitUs = 1): void {
    const tsUs = this.#eventUs(events)
    setStreamOrigin(this.#options.origin, events, {
      tsUs: tsUs - (tsUs % unitUs),
      sid: this.#sid,
      gno: this.#gno,
      threadId: this.#threadId,
      query: this.#statement,
      order: this.#options.transactions?.order ?? null,
    })
  }

  async #query(events: BinlogEvents): Promise<void> {
    const {sql, database} = events
    const reading = readDdl(sql)
    const touches = (table: TableId): boolean => mayTouch(reading, database, table)
    const isRepeated = this.#inTransaction && this.#count.rows < this.#count.skip
    const answer = this.#options.events.ddl({sql, database, reading, touches, isRepeated})
    const effect = answer instanceof Promise ? await this.#unlessStopped(answer) : answer
    this.#eventFile = events.file
    this.#eventPos = events.startPos
    this.#options.failing?.forget()
    this.#setOrigin(events, 1000)
    effect(this.#options.origin)
    this.#options.catalog.tally.statement()
    // DDL is a transaction of its own and ends with its event, except where it stands between BEGIN and COMMIT.
    if (this.#hasBegun) this.#advance(events)
    else this.#commit(events)
  }
}
