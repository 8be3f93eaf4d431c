// Judges a simulated run by what the product promises: I1 to I3 at every event that lands and every state that is
// stored, and signals and snapshots by their answers and ends.

import {decodeCheckpoint} from '../../src/state/checkpoint.ts'
import type {Checkpoint, StoredOffset} from '../../src/state/checkpoint.ts'
import type {TablePlan} from '../../src/snapshot/snapshot-plan.ts'
import {promise} from './broken-promise.ts'
import {History, passedBy, passedByState} from './history.ts'
import type {HistoryRow} from './history.ts'
import {KeylessJudge} from './keyless-judge.ts'
import {NOTIFICATION_TOPIC, NotificationJudge} from './notification-judge.ts'
import {SignalJudge} from './signal-judge.ts'
import type {SimMysql} from './sim-mysql.ts'
import type {LandedEvent} from './sim-sink.ts'
import type {TransactionJudge} from './transaction-judge.ts'
import {TRANSACTION_TOPIC, type TransactionBlock} from './transaction-judge.ts'
import {DATABASE, isKeyless, keyOf} from './sim-tables.ts'
import type {SimDefinition, SimRow} from './sim-tables.ts'
import type {Workload} from './workload.ts'

interface Value {
  readonly op: 'c' | 'u' | 'd' | 'r' | 't'
  readonly before: SimRow | null
  readonly after: SimRow | null
  readonly transaction: TransactionBlock | null
  readonly source: {readonly table: string; readonly file: string; readonly pos: number; readonly row: number}
}

/** The last that a consumer knows of a row. */
interface Folded {
  readonly ordinal: number
  readonly row: SimRow | null
}

/** The newest states of one key that one process has emitted. */
interface Newest {
  streamed: number
  read: number
}

/** The header of what a copy by a read view emits. */
const COPY_ID = '__tidemark.copy.id'

export interface JudgeOptions {
  readonly tellsOfIt: boolean
  readonly truncateEvents: number
  readonly transactions: TransactionJudge | null
}

export class Judge {
  readonly signals: SignalJudge
  readonly history: History
  readonly #notifications = new NotificationJudge()
  readonly #keyless: KeylessJudge
  readonly #tellsOfIt: boolean
  /** Null without transaction metadata. */
  readonly #transactions: TransactionJudge | null
  readonly #mysql: SimMysql
  readonly #workload: Workload
  readonly #folded = new Map<string, Folded>()
  /** The partition of each key, of the tables' topics together. */
  readonly #partitions = new Map<string, number>()
  /** Where TRUNCATE is an event: the number of partitions that it goes to; else 0. */
  readonly #truncateEvents: number
  /** Partitions in which it has landed, by place. */
  readonly #emptied = new Map<string, Set<number>>()
  /** Operations that have landed, by place. */
  readonly #landed = new Map<string, Set<string>>()
  #newest = new Map<string, Newest>()
  #process = 0
  /** What each process may build on: the last change of each key before the place where it began. */
  readonly #floors: Map<string, number>[] = []
  /** Changes before it were never to be streamed. */
  #beforeBaseline: ((row: HistoryRow) => boolean) | null = null
  #baseline: StoredOffset | null = null
  /** Of tables that were first captured by a copy: changes before that were never to be streamed. */
  readonly #copiedFirst = new Map<string, (row: HistoryRow) => boolean>()
  #stored: Checkpoint | null = null

  constructor(mysql: SimMysql, workload: Workload, {tellsOfIt, truncateEvents, transactions}: JudgeOptions) {
    this.#tellsOfIt = tellsOfIt
    this.#truncateEvents = truncateEvents
    this.#transactions = transactions
    this.#mysql = mysql
    this.#workload = workload
    this.history = new History(mysql)
    this.signals = new SignalJudge(workload)
    this.#keyless = new KeylessJudge(mysql, this.history)
  }

  /** A process begins with this state. */
  began(stored: string | null): void {
    this.history.catchUp()
    const floors = new Map<string, number>()
    if (stored !== null) {
      const passed = passedBy(decodeCheckpoint(stored, 'state').offset)
      for (const row of this.history.rows) {
        if (passed(row)) for (const key of row.keys) floors.set(key, row.change.ordinal)
      }
    }
    this.#floors.push(floors)
  }

  landed(event: LandedEvent): void {
    const {topic, partition, key, value, process, headers} = event
    if (value === null || topic === `p.${DATABASE}.signal`) return
    if (topic === NOTIFICATION_TOPIC) {
      this.#notifications.landed(value)
      return
    }
    if (topic === TRANSACTION_TOPIC) {
      this.#transactions!.landed(value)
      return
    }
    this.history.catchUp()
    const {op, before, after, source, transaction: block} = JSON.parse(value) as Value
    const copyId = headers[COPY_ID] ?? null
    const definition = this.#mysql.tables.find(({table}) => table === source.table)!
    if (op === 't' && copyId === null) this.#truncateLanded(source, partition)
    if (isKeyless(definition)) this.#keyless.landed(event)
    if (op === 't' || isKeyless(definition)) {
      promise(copyId === null || isKeyless(definition), () => `a copy of ${source.table} begins with a truncate event`)
      if (op === 'r') this.signals.read(`r of ${source.table}`)
      else if (op !== 't') this.#noteLanded(`${source.file}:${source.pos}:${source.row}`, op)
      return
    }
    const name = `${source.table}/${Object.values(JSON.parse(key!) as object).join(',')}`
    promise(
      keyOf(definition, (after ?? before)!) === name.slice(name.indexOf('/') + 1),
      () => `${name} has the wrong key`,
    )
    this.#partitions.set(name, partition)
    const what = `${op} of ${name} at ${source.file}:${source.pos}:${source.row} by process ${process}`
    if (process !== this.#process) {
      this.#process = process
      this.#newest = new Map()
    }
    let newest = this.#newest.get(name)
    if (newest === undefined) this.#newest.set(name, (newest = {streamed: 0, read: 0}))
    // A read view shows the definition of its own moment.
    if (copyId === null) this.#checkColumns({before, after, source}, what)
    if (op === 'r') {
      promise(block === null, () => `${what} belongs to a transaction`)
      this.signals.read(what)
      const version = Number(after!['v'])
      const floor = Math.max(newest.streamed, newest.read, this.#floors[process]!.get(name) ?? 0)
      promise(version >= floor, () => `I2: ${what} shows state ${version} after ${floor}`)
      newest.read = version
      this.#folded.set(name, {ordinal: version, row: after})
      return
    }
    const place = `${source.file}:${source.pos}:${source.row}`
    const row = this.history.byPlace.get(place)
    promise(
      row?.ops.includes(op) === true && row.keys.includes(name),
      () => `${what} stands for no change of the server`,
    )
    const {change, transaction, ops: all} = row!
    const {ordinal} = change
    if (this.#transactions === null) promise(block === null, () => `${what} belongs to a transaction`)
    else this.#transactions.event(change, transaction, {block, isSecond: all.indexOf(op) === 1})
    promise(
      ordinal > Math.max(newest.streamed, newest.read),
      () => `I2: ${what} shows state ${ordinal} after ${newest.streamed} (streamed) and ${newest.read} (read)`,
    )
    newest.streamed = ordinal
    this.#folded.set(name, {ordinal, row: op === 'd' ? null : after})
    this.#noteLanded(place, op)
  }

  #noteLanded(place: string, op: string): void {
    const ops = this.#landed.get(place)
    if (ops === undefined) this.#landed.set(place, new Set([op]))
    else ops.add(op)
  }

  /** Its partition of the topic holds no row of the table any more. */
  #truncateLanded({table, file, pos}: Value['source'], partition: number): void {
    const place = `${file}:${pos}`
    const isStatement = this.history.truncates.some(truncate => truncate.place === place && truncate.table === table)
    // Where a copy was stopped, the next one by windows resets the topic.
    const isReset = this.#truncateEvents > 0 && this.#mayBeStopped
    promise(isStatement || isReset, () => `t of ${table} at ${place} stands for no statement of the server`)
    const partitions = this.#emptied.get(place)
    if (partitions === undefined) this.#emptied.set(place, new Set([partition]))
    else partitions.add(partition)
    for (const [name, folded] of this.#folded) {
      if (!name.startsWith(`${table}/`) || this.#partitions.get(name) !== partition) continue
      this.#folded.set(name, {...folded, row: null})
    }
  }

  saved(text: string): Checkpoint {
    this.history.catchUp()
    const checkpoint = decodeCheckpoint(text, 'state')
    const passedTable = passedByState(checkpoint)
    const passed = (row: HistoryRow): boolean => passedTable(row, row.change.definition.table)
    this.#beforeBaseline ??= passedBy(checkpoint.offset)
    this.#noteFirstCopy(checkpoint)
    this.#baseline ??= checkpoint.offset
    this.#transactions?.saved(checkpoint.offset, this.#baseline)
    for (const row of this.history.rows) {
      if (!passed(row) || this.#beforeBaseline(row) || this.#isCopiedFirst(row)) continue
      const missing = row.ops.find(op => this.#landed.get(row.place)?.has(op) !== true)
      promise(
        missing === undefined,
        () =>
          `I3: the stored offset passes ${missing ?? ''} of ${row.keys.join() || row.change.definition.table} at ${row.place}, which never landed`,
      )
    }
    for (const truncate of this.history.truncates) {
      const row = {transaction: truncate.transaction, row: 0}
      if (this.#truncateEvents === 0 || !passedTable(row, truncate.table)) continue
      if (this.#beforeBaseline(row as HistoryRow) || this.#copiedFirst.get(truncate.table)?.(row as HistoryRow))
        continue
      const landed = this.#emptied.get(truncate.place)?.size ?? 0
      promise(
        landed === this.#truncateEvents,
        () => `I3: the stored offset passes ${truncate.sql}, whose event landed in ${landed} partitions`,
      )
    }
    for (const definition of this.#mysql.tables) {
      if (!isKeyless(definition)) this.#checkRows(definition, checkpoint, passed)
      else if (!this.#workload.altered.has(definition.table)) this.#keyless.saved(definition.table, checkpoint, passed)
    }
    this.signals.saved(checkpoint, passedBy(checkpoint.offset))
    this.#stored = checkpoint
    return checkpoint
  }

  /** At the end, when everything is still: each topic folds to its table (I1). */
  ended(checkpoint: Checkpoint): void {
    const passed = passedBy(checkpoint.offset)
    promise(this.history.rows.every(passed), () => 'the state stored at the end is not at the end of the binlog')
    const diverged = new Set(checkpoint.diverged.map(({table}) => table))
    promise(checkpoint.parallel === undefined, () => 'a branch is left at the end')
    for (const definition of this.#mysql.tables) {
      const {table} = definition
      const text = `${DATABASE}.${table}`
      promise(
        !diverged.has(text) || this.#workload.altered.has(table) || this.#mayBeStopped,
        () => `${text} is called diverged, but nothing changed its rows`,
      )
      const plans = checkpoint.snapshots.flatMap(plan => plan.tables.filter(each => each.table.table === table))
      const isCopied = plans.some(plan => plan.state === 'done' && plan.condition === null)
      if (isKeyless(definition)) {
        this.#keyless.saved(table, checkpoint, passed)
        continue
      }
      if (!diverged.has(text) && isCopied) this.#checkCopy(this.#mysql.head.definition(table))
      if (!diverged.has(text)) this.#checkGone(table, () => true)
    }
    this.signals.ended(checkpoint)
    if (this.#tellsOfIt) this.#notifications.ended(checkpoint, this.signals.answers)
  }

  /** A signal may have ended a copy by a read view in the middle. */
  get #mayBeStopped(): boolean {
    const {signals, isParallel} = this.#workload
    return isParallel && signals.some(({type}) => type === 'stop-snapshot')
  }

  #noteFirstCopy({parallel}: Checkpoint): void {
    const before = this.#stored?.parallel
    if (parallel === undefined || before?.table.table === parallel.table.table || parallel.state === 'adopted') return
    if (parallel.state === 'following' || parallel.mainUntil === null)
      this.#copiedFirst.set(parallel.table.table, passedBy(parallel.from))
  }

  #isCopiedFirst(row: HistoryRow): boolean {
    return this.#copiedFirst.get(row.change.definition.table)?.(row) === true
  }

  // A row that was read before its table was changed must not leave behind the change.
  #checkColumns({before, after, source}: Pick<Value, 'before' | 'after' | 'source'>, what: string): void {
    const definition = this.history.definitionAt(source.table, source)
    const wanted = definition.columns.map(({name}) => name).join()
    for (const row of [before, after]) {
      if (row === null) continue
      const has = Object.keys(row).join()
      promise(has === wanted, () => `I1: ${what} has the columns ${has}, the table had ${wanted} there`)
    }
  }

  // What will not be brought again must be there already: rows that no event behind the stored offset touches.
  #checkRows(definition: SimDefinition, checkpoint: Checkpoint, passed: (row: HistoryRow) => boolean): void {
    const {table} = definition
    if (this.#workload.truncated.has(table)) return
    const plans = checkpoint.snapshots.flatMap(plan => plan.tables.filter(each => each.table.table === table))
    const rows = this.#mysql.head.rows(table)
    for (const [key, row] of rows) {
      const name = `${table}/${key}`
      const last = this.history.lastTouch.get(name)
      if (last !== undefined && !passed(last)) continue
      const folded = this.#folded.get(name)
      if (folded === undefined) {
        const plan = plans.find(each => each.condition === null && isDone(each, key))
        promise(plan === undefined, () => `I3: the stored progress of ${table} passes row ${key}, which never landed`)
      } else {
        promise(
          folded.ordinal === row['v'],
          () => `I1: the topic has state ${folded.ordinal} of ${name}, the table has ${String(row['v'])}`,
        )
      }
    }
    this.#checkGone(table, passed)
  }

  // Rows that TRUNCATE took without an event are asked for at the end: the status must name them as possible ghosts then.
  #checkGone(table: string, passed: (row: HistoryRow) => boolean): void {
    const rows = this.#mysql.head.rows(table)
    for (const [name, folded] of this.#folded) {
      if (!name.startsWith(`${table}/`) || folded.row === null || rows.has(name.slice(table.length + 1))) continue
      const last = this.history.lastTouch.get(name)
      promise(last !== undefined && !passed(last), () => `I1: the topic has ${name}, the table has not`)
    }
  }

  #checkCopy(definition: SimDefinition): void {
    for (const [key, row] of this.#mysql.head.rows(definition.table)) {
      const wanted = JSON.stringify(definition.columns.map(({name}) => row[name] ?? null))
      const found = this.#folded.get(`${definition.table}/${key}`)?.row ?? null
      const has = found === null ? 'nothing' : JSON.stringify(Object.values(found))
      promise(has === wanted, () => `I1: the topic has ${has} for ${definition.table}/${key}, the table has ${wanted}`)
    }
  }
}

/** True where the stored progress says that the row was delivered. */
function isDone({ranges, reader, state}: TablePlan, key: string): boolean {
  if (reader === 'parallel') return state === 'done'
  const values = key.split(',').map(Number)
  let low: readonly string[] | null = null
  for (const range of ranges ?? []) {
    const high = range.done ? range.upTo : range.after
    if (high !== null && compare(values, high) <= 0 && (low === null || compare(values, low) > 0)) return true
    low = range.upTo
  }
  return false
}

function compare(key: readonly number[], bound: readonly string[]): number {
  for (const [i, value] of key.entries()) {
    const difference = value - Number(bound[i])
    if (difference !== 0) return difference
  }
  return 0
}
