// The simulated server's binlog as a stream: begins behind a GTID set or at a position, brings a few events at each
// turn, cut anywhere, and breaks with its connection.

import type {BinlogEvents, RowsView, StreamStart, StreamTable} from '../../src/binlog/binlog-events.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import type {TaskBinlog} from '../../src/task/task-parts.ts'
import {rowsView} from '../support/stream-parts.ts'
import {unreachable} from './sim-errors.ts'
import type {Scheduler} from './scheduler.ts'
import {SERVER_UUID} from './sim-mysql.ts'
import type {BinlogEntry, RowChange, SimMysql} from './sim-mysql.ts'
import {DATABASE, imageOf, streamTableOf} from './sim-tables.ts'
import type {SimDefinition} from './sim-tables.ts'

const MOST_EVENTS = 12

type SimEvent = Partial<BinlogEvents> & Pick<BinlogEvents, 'kind'>

export class SimBinlog implements TaskBinlog {
  readonly #mysql: SimMysql
  readonly #scheduler: Scheduler
  /** Of its connections. */
  readonly #name: string
  #connected = false
  #connections = 0

  constructor(mysql: SimMysql, scheduler: Scheduler, name = 'binlog') {
    this.#mysql = mysql
    this.#scheduler = scheduler
    this.#name = name
  }

  identity(): {serverUuid: string} | null {
    return this.#connected ? {serverUuid: SERVER_UUID} : null
  }

  async *events(start: StreamStart, signal: AbortSignal): AsyncIterable<BinlogEvents> {
    const name = this.#name
    await this.#scheduler.turn(`connect ${name}`, {connection: name, signal})
    if (signal.aborted) return
    if (!this.#mysql.up) throw unreachable()
    const {binlog} = this.#mysql
    const connection = `${name}.${this.#connections++}`
    this.#scheduler.openConnection(connection)
    const reader = new StreamReader(this.#mysql, start)
    this.#connected = true
    let idle = false
    try {
      for (;;) {
        await this.#scheduler.turn(name === 'binlog' ? 'read binlog' : `branch reads ${name}`, {
          connection,
          signal,
          ready: () => reader.at < binlog.length || !idle,
        })
        if (signal.aborted) return
        const events = reader.read(this.#scheduler.random.integer(1, MOST_EVENTS))
        idle = reader.at === binlog.length
        yield cursorOf(events)
        if (signal.aborted) return
      }
    } finally {
      this.#connected = false
    }
  }
}

class StreamReader {
  at: number
  readonly #mysql: SimMysql
  readonly #executed: GtidSet
  readonly #tables = new Map<SimDefinition, StreamTable>()
  #file = ''

  constructor(mysql: SimMysql, start: StreamStart) {
    this.#mysql = mysql
    this.#executed = GtidSet.parse(start.type === 'gtid' ? start.executed : '')
    this.at = start.type === 'gtid' ? 0 : mysql.binlog.findIndex(entry => isAtOrBehind(entry, start))
    if (this.at < 0) this.at = mysql.binlog.length
  }

  /** Up to `count` events; at the end of the binlog a heartbeat says so. */
  read(count: number): SimEvent[] {
    const {binlog, end} = this.#mysql
    const events: SimEvent[] = []
    if (this.#file === '') {
      const first = binlog[this.at] ?? {file: end.file, startPos: end.pos}
      this.#file = first.file
      events.push({kind: 'rotate', file: first.file, startPos: 0, endPos: first.startPos})
    }
    while (events.length < count && this.at < binlog.length) {
      const entry = binlog[this.at++]!
      const {transaction} = entry
      if (transaction !== null && this.#executed.has(SERVER_UUID, transaction.gno)) continue
      events.push(...this.#eventsOf(entry))
    }
    if (this.at === binlog.length) events.push({kind: 'heartbeat', file: end.file, startPos: end.pos, endPos: end.pos})
    return events
  }

  #eventsOf(entry: BinlogEntry): SimEvent[] {
    const {kind, file, startPos, endPos, transaction, changes} = entry
    const head = {file, startPos, endPos, timestampSeconds: Math.floor((transaction?.commitUs ?? 0) / 1_000_000)}
    switch (kind) {
      case 'rotate': {
        const next = `binlog.${String(Number(file.slice(-6)) + 1).padStart(6, '0')}`
        return [{...head, kind, file: next, endPos: 157}]
      }
      case 'gtid': {
        const {gno, commitUs} = transaction!
        const named = this.#mysql.gtidOn ? {sid: SERVER_UUID, gno} : {sid: '', gno: 0}
        return [{...head, ...named, kind, commitTimestampUs: commitUs}]
      }
      case 'query':
        return [{...head, kind, database: DATABASE, sql: transaction!.ddl!.sql, threadId: 7}]
      case 'rows':
        return [{...head, kind, rows: this.#view(changes)}]
      case 'begin':
      case 'commit':
        return [{...head, kind, threadId: 7}]
    }
  }

  #view(changes: readonly RowChange[]): RowsView {
    const {definition, op} = changes[0]!
    let table = this.#tables.get(definition)
    if (table === undefined) this.#tables.set(definition, (table = streamTableOf(definition)))
    const images = changes.flatMap(({before, after}) => [before, after].filter(row => row !== null))
    return rowsView(
      op,
      table,
      images.map(row => imageOf(definition, row)),
    )
  }
}

function isAtOrBehind(entry: BinlogEntry, {file, pos}: {file: string; pos: number}): boolean {
  return entry.file === file ? entry.startPos >= pos : entry.file > file
}

function cursorOf(events: readonly SimEvent[]): BinlogEvents {
  const cursor: Record<string, unknown> = {sid: '', gno: 0, commitTimestampUs: 0, serverId: 1, threadId: -1}
  let next = 0
  cursor['next'] = () => {
    if (next === events.length) return false
    Object.assign(cursor, events[next++])
    return true
  }
  return cursor as unknown as BinlogEvents
}
