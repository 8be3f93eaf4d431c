// One copy by a read view of the simulated server, step by step as SnapshotReader and TableLock take them: two
// connections, a lock that waits a second for transactions on the table and is tried again, the view and the place read
// under it, and rows that leave by the real SliceWriter with a mailbox on either side.
//
// The server knows at once that a connection is gone, and frees what it held; whoever holds the other end is told at a
// turn of its own, which may be late.

import type {StoredOffset} from '../../src/core/stored-offset.ts'
import {invariant} from '../../src/core/tidemark-error.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {SliceWriter} from '../../src/readers/slice-writer.ts'
import type {CopyOptions, LockOptions, TableCopy} from '../../src/readers/table-copy.ts'
import type {CopySlices} from '../../src/snapshot/copy-slices.ts'
import type {ReadTarget, TableDescription} from '../../src/snapshot/prepared-table.ts'
import type {CopyParts} from '../../src/task/source-server.ts'
import {connectionLost, copyCutOff, copyYielded, interrupted, unreachable} from './sim-errors.ts'
import type {SimServerOptions} from './sim-source-server.ts'
import {packetOf, shapeOf} from './sim-tables.ts'
import type {SimRow} from './sim-tables.ts'

export interface SimCopyOptions extends SimServerOptions, CopyParts {
  readonly number: number
}

const LOCK_WAIT_MS = 1_000
const LONGEST_HOLD_MS = 5_000

export class SimCopy implements TableCopy {
  readonly #options: SimCopyOptions
  readonly #table: string
  readonly #view: string
  readonly #lock: string
  #rows: readonly SimRow[] = []
  #description: TableDescription | null = null
  #slices: CopySlices | null = null
  /** Rejects when it is closed. */
  readonly #closed: Promise<never>
  #onClose: () => void = () => undefined

  constructor(options: SimCopyOptions) {
    const {number, run} = options
    this.#options = options
    this.#table = run.plan.table.table
    this.#view = `copy ${number}`
    this.#lock = `lock ${number}`
    this.#closed = new Promise((_resolve, reject) => (this.#onClose = () => reject(copyCutOff())))
    this.#closed.catch(() => undefined)
  }

  async lock(signal: AbortSignal, {atPlace}: LockOptions = {}): Promise<StoredOffset> {
    await this.#cutOffBy(signal, this.#connect(this.#view))
    await this.#connect(this.#lock)
    const place = await this.#cutOffBy(signal, this.#place(atPlace, signal))
    await this.#turn('describes the table', this.#lock)
    const shape = shapeOf(this.#options.mysql.visible.definition(this.#table))
    const whole = {rowKey: [], chunkKey: [], rowsEstimated: this.#rows.length, rowBytes: 64}
    this.#description = {shape, messageKey: shape.primaryKey, ...whole}
    return place
  }

  async copy({copyId, resets, signal}: CopyOptions): Promise<void> {
    const {run, openTarget, resetTopic, openSlices} = this.#options
    const description = this.#description
    invariant(description !== null, 'a copy begins with its lock')
    const target = await this.#cutOffBy(signal, openTarget(description))
    run.copyId = copyId
    const slices = (this.#slices = openSlices(run))
    const reset = resets ? resetTopic(run, target) : null
    const reading = this.#read(description, {slices, target})
    try {
      await this.#cutOffBy(signal, reading)
      this.#disconnect()
      await this.#cutOffBy(signal, Promise.all([reset, slices.done]))
    } finally {
      slices.close()
    }
  }

  get hasSent(): boolean {
    return this.#slices !== null
  }

  close(): Promise<void> {
    this.#slices?.close()
    this.#onClose()
    this.#disconnect()
    return Promise.resolve()
  }

  async #connect(connection: string): Promise<void> {
    const {mysql, scheduler, interruptions} = this.#options
    await scheduler.turn(`connect ${connection}`, {connection})
    if (!mysql.up) throw unreachable()
    if (scheduler.random.chance(interruptions)) throw interrupted()
    scheduler.openConnection(connection, () => mysql.disconnected(connection))
  }

  async #place(atPlace: LockOptions['atPlace'], signal: AbortSignal): Promise<StoredOffset> {
    const {run} = this.#options
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      if (await this.#hasLock()) {
        const place = await this.#underLock(atPlace)
        run.problem = null
        return place
      }
      run.problem = 'waits for a lock'
      await new Promise(resolve => setTimeout(resolve, Math.min(15_000, 500 * 2 ** attempt)))
    }
  }

  /** False where it waited too long. */
  async #hasLock(): Promise<boolean> {
    const {mysql, scheduler} = this.#options
    const table = this.#table
    const patience = AbortSignal.timeout(LOCK_WAIT_MS)
    const ready = (): boolean => mysql.canLock(table)
    await scheduler.turn(`${this.#lock} holds ${table}`, {connection: this.#lock, ready, signal: patience})
    if (patience.aborted) return false
    mysql.lock(table, this.#lock)
    return true
  }

  async #underLock(atPlace: LockOptions['atPlace']): Promise<StoredOffset> {
    const hold = setTimeout(() => this.#drop(this.#lock), LONGEST_HOLD_MS)
    try {
      const [place] = await this.#unlessLost(Promise.all([this.#readPlace(), this.#begin()]))
      // Every event of the simulation names its columns.
      atPlace?.({place, shape: null})
      return place
    } finally {
      clearTimeout(hold)
      await this.#unlessLost(this.#unlock()).catch(() => undefined)
    }
  }

  async #readPlace(): Promise<StoredOffset> {
    const {mysql} = this.#options
    await this.#turn('asks for the place', this.#lock)
    const {end, executed, gtidOn} = mysql
    await this.#turn('has the place', this.#lock)
    return {...end, gtidSet: gtidOn ? executed : null, rows: 0, sid: '', gno: 0}
  }

  async #begin(): Promise<void> {
    await this.#turn('begins', this.#view)
    this.#rows = this.#options.mysql.view(this.#table, this.#view)
    await this.#turn('has begun', this.#view)
  }

  async #unlock(): Promise<void> {
    await this.#turn('ends', this.#lock)
    this.#options.mysql.unlock(this.#lock)
    await this.#turn('has ended', this.#lock)
  }

  async #read(
    {shape, messageKey, rowBytes}: TableDescription,
    {slices, target}: {readonly slices: CopySlices; readonly target: ReadTarget},
  ): Promise<void> {
    const {encoderOptions, scheduler, interruptions, sliceBytes} = this.#options
    const encoder = compileRowEncoder({shape, messageKey, rowKey: [], options: encoderOptions})
    const grant = (bytes: number, rows: number): void => this.#post('to', 'is granted', () => writer.grant(bytes, rows))
    const writer = new SliceWriter(
      encoder,
      {sliceRows: slices.rows, sliceBytes, rowBytes},
      {
        wants: (bytes, rows) => this.#post('from', 'wants', () => slices.request(bytes, rows, grant)),
        slice: slice => this.#post('from', `brings ${slice.rows} rows`, () => slices.take(slice, target)),
      },
    )
    writer.begin()
    const names = encoder.selectList.map(item => item.replaceAll('`', ''))
    for (const row of this.#rows) {
      await this.#unlessClosed(writer.pause)
      await this.#turn('reads a row', this.#view)
      if (scheduler.random.chance(interruptions / this.#rows.length)) throw copyYielded()
      const packet = packetOf(names.map(name => row[name]))
      writer.row(packet, 4, packet.length)
    }
    await this.#turn('has read all', this.#view)
    this.#drop(this.#view)
    await this.#unlessClosed(writer.end())
    await scheduler.turn(`${this.#view} is done`, {queue: `${this.#view} from`})
  }

  #post(direction: 'from' | 'to', what: string, deliver: () => void): void {
    void this.#options.scheduler.turn(`${this.#view} ${what}`, {queue: `${this.#view} ${direction}`}).then(deliver)
  }

  #turn(what: string, connection: string): Promise<void> {
    return this.#options.scheduler.turn(`${connection} ${what}`, {connection})
  }

  /** mysql2 says that a connection is closed; what is queued on it is never answered. */
  async #unlessLost<T>(work: Promise<T>): Promise<T> {
    const noticed = new AbortController()
    const options = {connection: this.#lock, ready: () => false, signal: noticed.signal}
    const loss = this.#options.scheduler.turn(`${this.#lock} is lost`, options)
    try {
      return await Promise.race([work, loss.then(() => new Promise<never>(() => undefined))])
    } finally {
      noticed.abort()
    }
  }

  async #unlessClosed(work: Promise<void> | null): Promise<void> {
    if (work !== null) await Promise.race([work, this.#closed])
  }

  #disconnect(): void {
    this.#drop(this.#view)
    this.#drop(this.#lock)
  }

  #drop(connection: string): void {
    this.#options.scheduler.breakConnections(each => each === connection, connectionLost)
  }

  async #cutOffBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    let abort = (): void => undefined
    const cut = new Promise<never>((_resolve, reject) => (abort = () => reject(copyCutOff())))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, {once: true})
    work.catch(() => undefined)
    try {
      return await Promise.race([work, cut, this.#closed])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}
