// A lane of the simulated server: the real ChunkLane, with a mailbox on either side in place of the thread's port, and
// SELECTs whose rows are read at one turn and arrive at another.

import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {ChunkLane} from '../../src/snapshot/chunk-lane.ts'
import type {Lane, LaneEvents, RangeJob, RowReader} from '../../src/snapshot/chunk-lane.ts'
import type {LaneParts} from '../../src/task/source-server.ts'
import {connectionLost, interrupted, unreachable} from './sim-errors.ts'
import {SERVER_UUID} from './sim-mysql.ts'
import {select, tableOf} from './sim-sql.ts'
import type {SimServerOptions} from './sim-source-server.ts'
import {packetOf} from './sim-tables.ts'

export interface SimLaneOptions extends SimServerOptions, LaneParts {
  readonly events: LaneEvents
  readonly number: number
}

export class SimLane implements Lane {
  readonly #options: SimLaneOptions
  readonly #lane: ChunkLane
  #connections = 0

  constructor(options: SimLaneOptions) {
    const {events, committedMark, encoderOptions} = options
    this.#options = options
    this.#lane = new ChunkLane({
      committedMark,
      compile: ({shape, messageKey, rowKey}) => compileRowEncoder({shape, messageKey, rowKey, options: encoderOptions}),
      openReader: async serverUuid => {
        await options.scheduler.turn(`connect ${this.#name}`)
        if (!options.mysql.up) throw unreachable()
        return this.#reader(serverUuid)
      },
      events: {
        wants: (jobId, bytes, rows) => this.#post('from', 'wants bytes', () => events.wants(jobId, bytes, rows)),
        chunk: chunk => this.#post('from', `brings ${chunk.rows} rows`, () => events.chunk(chunk)),
        ended: jobId => this.#post('from', 'has ended', () => events.ended(jobId)),
        failed: (jobId, error) => this.#post('from', 'has failed', () => events.failed(jobId, error)),
      },
    })
  }

  start(job: RangeJob): void {
    this.#post('to', `starts on ${job.shape.id.table}`, () => this.#lane.start(job))
  }

  grant(jobId: number, bytes: number, rows: number): void {
    this.#post('to', `is granted ${rows} rows`, () => this.#lane.grant(jobId, bytes, rows))
  }

  cancel(jobId: number): void {
    this.#post('to', 'is cancelled', () => this.#lane.cancel(jobId))
  }

  close(): Promise<void> {
    return this.#lane.close()
  }

  get #name(): string {
    return `lane ${this.#options.number}`
  }

  #post(direction: 'from' | 'to', what: string, deliver: () => void): void {
    void this.#options.scheduler.turn(`${this.#name} ${what}`, {queue: `${this.#name} ${direction}`}).then(deliver)
  }

  #reader(serverUuid: string): RowReader {
    const {mysql, scheduler, interruptions, onRead} = this.#options
    const connection = `${this.#name}.${this.#connections++}`
    scheduler.openConnection(connection)
    return {
      serverUuid,
      read: async (sql, onRow) => {
        const table = tableOf(sql)
        await scheduler.turn(`select on ${this.#name}`, {connection, ready: () => !mysql.isLocked(table)})
        if (!mysql.up) throw connectionLost()
        if (serverUuid !== SERVER_UUID) throw connectionLost()
        if (scheduler.random.chance(interruptions)) throw interrupted()
        const rows = select(mysql.visible, sql)
        onRead(sql)
        await scheduler.turn(`rows on ${this.#name}`, {connection})
        for (const row of rows) {
          const packet = packetOf(row)
          if (!onRow(packet, 4, packet.length)) break
        }
      },
      cancel: () => scheduler.breakConnections(each => each === connection, connectionLost),
      close: () => {
        scheduler.breakConnections(each => each === connection, connectionLost)
        return Promise.resolve()
      },
    }
  }
}
