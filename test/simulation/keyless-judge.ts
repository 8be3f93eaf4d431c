// Tables without a key as a consumer adds them up by the rules of the README: a multiset of full rows, in which a streamed
// event counts once for its place, and a copy with a truncate event begins anew.

import {compareBinlogPositions} from '../../src/core/binlog-position.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {promise} from './broken-promise.ts'
import type {History, HistoryRow} from './history.ts'
import type {SimMysql} from './sim-mysql.ts'
import type {LandedEvent} from './sim-sink.ts'
import type {SimDefinition, SimRow} from './sim-tables.ts'

interface Place {
  readonly file: string
  readonly pos: number
  readonly row: number
}

interface Value {
  readonly op: 'c' | 'u' | 'd' | 'r' | 't'
  readonly before: SimRow | null
  readonly after: SimRow | null
  readonly source: Place & {readonly table: string}
}

/** What one partition adds up to. */
class Fold {
  readonly counts = new Map<string, number>()
  /** The last streamed event that counted. */
  mark: Place | null = null
  copyId: string | null = null
  /** All that have begun. */
  readonly copies = new Set<string>()
  /** Truncate events go to all partitions, rows to one. */
  hasRows = false
  /** The last streamed event of the process that emits now. */
  last: {readonly process: number; readonly place: Place} | null = null

  add(row: string, count: number): void {
    const sum = (this.counts.get(row) ?? 0) + count
    if (sum === 0) this.counts.delete(row)
    else this.counts.set(row, sum)
  }
}

const COPY_ID = '__tidemark.copy.id'

export class KeylessJudge {
  readonly #mysql: SimMysql
  readonly #history: History
  /** By table and partition. */
  readonly #folds = new Map<string, Map<number, Fold>>()

  constructor(mysql: SimMysql, history: History) {
    this.#mysql = mysql
    this.#history = history
  }

  landed({partition, key, value, headers, process}: LandedEvent): void {
    const {op, before, after, source} = JSON.parse(value!) as Value
    const {table} = source
    const fold = this.#fold(table, partition)
    const copyId = headers[COPY_ID] ?? null
    const what = `${op} of ${table} at ${textOf(source)} by process ${process}`
    promise(key === null, () => `${what} has the key ${key ?? ''}`)
    fold.hasRows ||= op !== 't'
    if (op === 'r') {
      promise(copyId !== null, () => `${what} says of no copy`)
      if (fold.copyId === null || fold.copyId === copyId) fold.add(JSON.stringify(after), 1)
      return
    }
    if (op === 't' && copyId !== null) {
      promise(!fold.copies.has(copyId), () => `${what} begins the copy ${copyId} once more`)
      fold.counts.clear()
      fold.copies.add(copyId)
      fold.copyId = copyId
      return
    }
    promise(copyId === null, () => `${what} is streamed and says of a copy`)
    const place = {file: source.file, pos: source.pos, row: op === 't' ? 0 : source.row}
    if (op !== 't') this.#checkRow({op, before, after, source}, what)
    const {last} = fold
    promise(
      last === null || last.process !== process || order(place, last.place) > 0,
      () => `I2: ${what} comes behind ${textOf(last!.place)}`,
    )
    fold.last = {process, place}
    if (fold.mark !== null && order(place, fold.mark) <= 0) return
    fold.mark = place
    if (op === 't') fold.counts.clear()
    if (before !== null) fold.add(JSON.stringify(before), -1)
    if (after !== null) fold.add(JSON.stringify(after), 1)
  }

  /**
   * A state was stored: where it says that the table was copied as a whole, what has landed and what is still to come add
   * up to the table.
   */
  saved(table: string, checkpoint: Checkpoint, passed: (row: HistoryRow) => boolean): void {
    const {snapshots, diverged, parallel} = checkpoint
    const plans = snapshots.flatMap(plan => plan.tables.filter(each => each.table.table === table))
    if (!plans.some(({state}) => state === 'done')) return
    if (diverged.some(each => each.table.endsWith(`.${table}`))) return
    if (parallel?.state === 'copying' && parallel.table.table === table) return
    const folds = [...(this.#folds.get(table)?.values() ?? [])]
    const full = folds.filter(({hasRows}) => hasRows)
    promise(full.length <= 1, () => `rows of ${table} are in ${full.length} partitions`)
    const sum = new Fold()
    for (const [row, count] of full[0]?.counts ?? []) sum.add(row, count)
    const mark = full[0]?.mark ?? null
    for (const row of this.#history.rows) {
      const {definition, before, after} = row.change
      if (definition.table !== table || passed(row) || (mark !== null && order(placeOf(row), mark) <= 0)) continue
      if (before !== null) sum.add(shown(definition, before), -1)
      if (after !== null) sum.add(shown(definition, after), 1)
    }
    const definition = this.#mysql.head.definition(table)
    for (const row of this.#mysql.head.rows(table).values()) sum.add(shown(definition, row), -1)
    promise(sum.counts.size === 0, () => {
      const wrong = [...sum.counts].map(([row, count]) => `${row} ${count > 0 ? '+' : ''}${count}`)
      return `I1: the topic of ${table} does not add up to the table: ${wrong.join(', ')}`
    })
  }

  #checkRow({op, before, after, source}: Value, what: string): void {
    const row = this.#history.byPlace.get(textOf(source))
    const {definition} = row?.change ?? {}
    promise(
      row?.change.op === op && definition?.table === source.table,
      () => `${what} stands for no change of the server`,
    )
    const wanted = [row!.change.before, row!.change.after].map(each => each && shown(definition!, each))
    const found = [before, after].map(each => each && JSON.stringify(each))
    promise(wanted.join() === found.join(), () => `${what} shows ${found.join()}, wanted ${wanted.join()}`)
  }

  #fold(table: string, partition: number): Fold {
    let folds = this.#folds.get(table)
    if (folds === undefined) this.#folds.set(table, (folds = new Map<number, Fold>()))
    let fold = folds.get(partition)
    if (fold === undefined) folds.set(partition, (fold = new Fold()))
    return fold
  }
}

function shown({columns}: SimDefinition, row: SimRow): string {
  return JSON.stringify(Object.fromEntries(columns.map(({name}) => [name, row[name] ?? null])))
}

function placeOf({place}: HistoryRow): Place {
  const [file = '', pos, row] = place.split(':')
  return {file, pos: Number(pos), row: Number(row)}
}

function textOf({file, pos, row}: Place): string {
  return `${file}:${pos}:${row}`
}

function order(a: Place, b: Place): number {
  return compareBinlogPositions(a, b) || a.row - b.row
}
