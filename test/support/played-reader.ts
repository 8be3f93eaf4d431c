// A chunk lane on a connection that a test plays, row by row.

import assert from 'node:assert/strict'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {ChunkLane} from '../../src/snapshot/chunk-lane.ts'
import type {RangeJob, ReadChunk, RowReader} from '../../src/snapshot/chunk-lane.ts'
import {EVENT_SETTINGS, settled, streamTable} from './stream-parts.ts'

type OnRow = (packet: Buffer, start: number, end: number) => boolean

/** A SELECT that runs until the test ends it. */
export interface Select {
  readonly sql: string
  readonly mark: number
  /** Rows (id, v) as packets, until the lane has enough. Returns how many it took. */
  rows(...ids: readonly (number | [number, string])[]): number
  /** One row as it stands in a packet; whether the lane wants more. */
  row(fields: Buffer): boolean
  end(): void
  fail(error: Error): void
}

/** A lane on a connection that the test plays. Bytes that it wants are granted at once unless `held`. */
export class PlayedReader {
  readonly committed = new Int32Array(new SharedArrayBuffer(4))
  readonly lane: ChunkLane
  readonly told: string[] = []
  readonly chunks: ReadChunk[] = []
  readonly wants: number[] = []
  readonly selects: Select[] = []
  readonly errors: unknown[] = []
  opened = 0
  closed = 0
  cancels = 0
  held = false
  /** Called when the lane asks for a connection. */
  onOpen: () => Promise<void> = () => Promise.resolve()

  constructor() {
    this.lane = new ChunkLane({
      committedMark: this.committed,
      openReader: async serverUuid => {
        await this.onOpen()
        this.opened++
        return this.#reader(serverUuid)
      },
      compile: job =>
        compileRowEncoder({
          shape: job.shape,
          messageKey: job.messageKey,
          rowKey: job.rowKey,
          options: {settings: EVENT_SETTINGS},
        }),
      events: {
        wants: (jobId, bytes, rows) => {
          this.wants.push(bytes)
          if (!this.held) this.lane.grant(jobId, bytes, rows)
        },
        chunk: chunk => this.chunks.push(chunk),
        ended: jobId => this.told.push(`ended ${jobId}`),
        failed: (jobId, error) => {
          this.errors.push(error)
          this.told.push(`failed ${jobId}`)
        },
      },
    })
  }

  async start(job: Partial<RangeJob> = {}): Promise<void> {
    this.lane.start(rangeJob(job))
    await settled()
  }

  get select(): Select {
    const select = this.selects.at(-1)
    assert.ok(select, 'a SELECT runs')
    return select
  }

  async finish(...ids: readonly (number | [number, string])[]): Promise<void> {
    this.select.rows(...ids)
    this.select.end()
    await settled()
  }

  #reader(serverUuid: string): RowReader {
    return {
      serverUuid,
      read: (sql, onRow) =>
        new Promise((resolve, reject) => {
          this.selects.push(this.#playedSelect(sql, onRow, {resolve, reject}))
        }),
      cancel: () => {
        this.cancels++
      },
      close: () => {
        this.closed++
        return Promise.resolve()
      },
    }
  }

  #playedSelect(sql: string, onRow: OnRow, end: {resolve: () => void; reject: (error: Error) => void}): Select {
    const row = (fields: Buffer): boolean => onRow(Buffer.concat([Buffer.from('####'), fields]), 4, 4 + fields.length)
    return {
      sql,
      mark: Atomics.load(this.committed, 0),
      row,
      rows: (...ids) => {
        let taken = 0
        for (const each of ids) {
          const [id, v] = typeof each === 'number' ? [each, 'x'] : each
          taken++
          if (!row(textRow(String(id), v))) break
        }
        return taken
      },
      end: end.resolve,
      fail: end.reject,
    }
  }
}

export function textRow(...fields: readonly string[]): Buffer {
  return Buffer.concat(fields.map(field => Buffer.concat([lengthOf(Buffer.byteLength(field)), Buffer.from(field)])))
}

function lengthOf(length: number): Buffer {
  if (length < 0xfb) return Buffer.from([length])
  const bytes = Buffer.alloc(length < 0x10000 ? 3 : 4)
  bytes[0] = length < 0x10000 ? 0xfc : 0xfd
  bytes.writeUIntLE(length, 1, bytes.length - 1)
  return bytes
}

function rangeJob(more: Partial<RangeJob>): RangeJob {
  return {
    jobId: 1,
    serverUuid: 'server',
    shape: streamTable('t').shape,
    messageKey: [0],
    rowKey: [0],
    chunkKey: [{column: 0, name: 'id', literal: 'plain', expression: null}],
    condition: null,
    after: null,
    upTo: ['99'],
    chunkRows: 3,
    chunkBytes: 10_000,
    rowBytes: 50,
    ...more,
  }
}

/** JSON, message key and row key of each row. */
export function rowsOf(chunk: ReadChunk): string[][] {
  const bytes = Buffer.from(chunk.bytes)
  const rows: string[][] = []
  let from = 0
  for (let i = 0; i < chunk.ends.length; i += 3) {
    const parts = [...chunk.ends.subarray(i, i + 3)].map(end => {
      const text = bytes.toString('utf8', from, end)
      from = end
      return text
    })
    rows.push(parts)
  }
  assert.equal(from, bytes.length)
  return rows
}
