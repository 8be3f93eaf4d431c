// A lane reads the chunks of one range after another on a connection of its own and hands them over as bytes: row JSON,
// message key and row key of each row, back to back. It runs in a worker thread (reader-worker.ts) or in process.
//
// The lane reads ahead of the stream as far as it is granted bytes: a SELECT starts only when the bytes of its chunk
// are reserved, so that none stands paused with an open read view (I5).

import {ByteWriter} from '../core/byte-writer.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {RowEncoder} from '../encode/row-encoder.ts'
import type {ChunkKey, KeyValues} from './chunk-key.ts'
import {keyLiteral} from './chunk-key.ts'
import {chunkQuery} from './chunk-query.ts'

/** One range of one table; fit for a message between threads. */
export interface RangeJob {
  readonly jobId: number
  /** The server whose binlog is read: chunks may come from no other. */
  readonly serverUuid: string
  readonly shape: TableShape
  readonly messageKey: readonly number[]
  readonly rowKey: readonly number[]
  readonly chunkKey: ChunkKey
  readonly condition: string | null
  readonly after: KeyValues | null
  readonly upTo: KeyValues
  /** Rows of one chunk, at most. */
  readonly chunkRows: number
  /** A chunk that grows beyond this is cut, and later ones are asked for with fewer rows. */
  readonly chunkBytes: number
  /** Bytes of one encoded row, estimated; corrected with every chunk. */
  readonly rowBytes: number
}

export interface ReadChunk {
  readonly jobId: number
  /** 0, 1, 2 … within the job. */
  readonly sequence: number
  /** The low watermark: the last mark known to be committed when the SELECT began. */
  readonly low: number
  readonly rows: number
  /** Row JSON, message key, row key of each row, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Three ends for each row: of the row JSON, of the message key, of the row key. */
  readonly ends: Uint32Array<ArrayBuffer>
  /** Key of the last row: the next chunk begins behind it. Null on the last chunk of the range. */
  readonly end: KeyValues | null
  readonly last: boolean
  /** Bytes that had been granted for this chunk. */
  readonly granted: number
  readonly milliseconds: number
}

/** What a lane tells its owner. */
export interface LaneEvents {
  /** The lane wants to read a chunk of at most `rows`, about `bytes`. Answer with `grant`. */
  wants(jobId: number, bytes: number, rows: number): void
  chunk(chunk: ReadChunk): void
  /** The job has ended with its last chunk, or was cancelled. Nothing more comes of it. */
  ended(jobId: number): void
  failed(jobId: number, error: unknown): void
}

export interface Lane {
  /** Begins a job. One at a time: only after the one before has ended or failed. */
  start(job: RangeJob): void
  /** One chunk may be read, of at most `rows`. */
  grant(jobId: number, bytes: number, rows: number): void
  /** Ends the job, its running SELECT included; `ended` follows. */
  cancel(jobId: number): void
  close(): Promise<void>
}

/** The lane's connection: one SELECT at a time. */
export interface RowReader {
  readonly serverUuid: string
  /**
   * Rows as text-protocol packets. `onRow` returns false to have the query killed and the rest dropped; then it resolves.
   * After that, after `cancel` and after a rejection the reader is of no more use.
   */
  read(sql: string, onRow: (packet: Buffer, start: number, end: number) => boolean): Promise<void>
  /** Ends the running SELECT from another connection, so that `read` rejects soon. */
  cancel(): void
  close(): Promise<void>
}

export interface ChunkLaneOptions {
  readonly events: LaneEvents
  readonly compile: (job: RangeJob) => RowEncoder
  /** Rejects (retryable) where the connection is to another server. */
  readonly openReader: (serverUuid: string) => Promise<RowReader>
  /** Int32 at index 0: the last mark known to be committed. */
  readonly committedMark: Int32Array
}

const ROW_ENDS = 3

interface Grant {
  readonly bytes: number
  readonly rows: number
}

const NOTHING: Grant = {bytes: 0, rows: 0}

export class ChunkLane implements Lane {
  readonly #options: ChunkLaneOptions
  #reader: RowReader | null = null
  #job: RangeJob | null = null
  #granted = NOTHING
  #wakeGrant: (() => void) | null = null
  #rowBytes = 0
  #cancelled = false
  #closed = false
  // Encoding goes into a buffer that stays; what is handed over is copied out of it at its exact size, since pages
  // fresh from the operating system for every chunk cost more than the copy.
  readonly #out = new ByteWriter(1024 * 1024)
  #ends = new Uint32Array(3 * 8192)

  constructor(options: ChunkLaneOptions) {
    this.#options = options
  }

  start(job: RangeJob): void {
    this.#job = job
    this.#cancelled = false
    this.#granted = NOTHING
    this.#rowBytes = Math.max(1, job.rowBytes)
    // Without a job, a cancel that was on its way when the job ended kills nothing of the next one.
    this.#run(job).then(
      () => {
        this.#job = null
        // A KILL that was sent for this job may still be on its way to the connection.
        if (this.#cancelled) this.#dropReader()
        this.#options.events.ended(job.jobId)
      },
      (error: unknown) => {
        this.#job = null
        this.#dropReader()
        if (this.#cancelled) this.#options.events.ended(job.jobId)
        else this.#options.events.failed(job.jobId, error)
      },
    )
  }

  grant(jobId: number, bytes: number, rows: number): void {
    if (this.#job?.jobId !== jobId) return
    this.#granted = {bytes: this.#granted.bytes + bytes, rows: this.#granted.rows + rows}
    this.#wakeGrant?.()
  }

  cancel(jobId: number): void {
    if (this.#job?.jobId !== jobId) return
    this.#cancelled = true
    this.#reader?.cancel()
    this.#wakeGrant?.()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelled = true
    this.#wakeGrant?.()
    const reader = this.#reader
    this.#reader = null
    await reader?.close()
  }

  async #run(job: RangeJob): Promise<void> {
    const encoder = this.#options.compile(job)
    let after = job.after
    this.#want(job)
    for (let sequence = 0; ; sequence++) {
      const granted = await this.#takeGrant()
      if (this.#cancelled) return
      if (this.#reader !== null && this.#reader.serverUuid !== job.serverUuid) this.#dropReader()
      this.#reader ??= await this.#options.openReader(job.serverUuid)
      if (this.#cancelled) return
      const read = this.#readChunk({job, encoder, after, sequence, granted})
      // The next chunk's bytes are asked for while this one is read, so that the lane never waits for an answer.
      this.#want(job)
      const chunk = await read
      if (this.#cancelled) return
      this.#options.events.chunk(chunk)
      if (chunk.last) return
      after = chunk.end
    }
  }

  async #readChunk(step: {
    job: RangeJob
    encoder: RowEncoder
    after: KeyValues | null
    sequence: number
    granted: Grant
  }): Promise<ReadChunk> {
    const {job, encoder} = step
    const out = this.#out
    out.clear()
    const limit = Math.min(this.#limit(job), step.granted.rows)
    const began = performance.now()
    // The low watermark is taken before the rows are read. Taken after, an update that commits in between is streamed
    // before the window opens, supersedes nothing, and the stale row then overwrites it downstream (I2).
    const low = Atomics.load(this.#options.committedMark, 0)
    if (this.#ends.length < limit * ROW_ENDS) this.#ends = new Uint32Array(limit * ROW_ENDS)
    const ends = this.#ends
    const maxBytes = job.chunkBytes
    let rows = 0
    let end: KeyValues | null = null
    let cut = false
    const sql = chunkQuery(
      {...job, table: job.shape.id, key: job.chunkKey, after: step.after},
      encoder.selectList,
      limit,
    )
    await this.#reader!.read(sql, (packet, from, to) => {
      encoder.encodeText(packet, from, to, out)
      let at = rows * ROW_ENDS
      ends[at++] = out.length
      if (encoder.hasKey) encoder.writeMessageKey(out)
      ends[at++] = out.length
      encoder.writeRowKey(out)
      ends[at] = out.length
      rows++
      const full = rows === limit
      if (!full && out.length < maxBytes) return true
      cut = !full
      end = endOf({job, encoder}, packet, from, to)
      return full
    })
    if (cut) this.#dropReader()
    if (rows > 0) this.#rowBytes = Math.max(1, out.length / rows)
    return {
      jobId: job.jobId,
      sequence: step.sequence,
      low,
      rows,
      bytes: new Uint8Array(out.bytes.subarray(0, out.length)),
      ends: ends.slice(0, rows * ROW_ENDS),
      end,
      // The row at the maximum key ends the range, though the chunk is full: no empty chunk is read behind it, and the
      // last row of the table is known as such when it leaves.
      last: end === null || JSON.stringify(end) === JSON.stringify(job.upTo),
      granted: step.granted.bytes,
      milliseconds: performance.now() - began,
    }
  }

  #limit(job: RangeJob): number {
    return Math.max(1, Math.min(job.chunkRows, Math.floor(job.chunkBytes / this.#rowBytes)))
  }

  #want(job: RangeJob): void {
    this.#options.events.wants(job.jobId, Math.ceil(this.#limit(job) * this.#rowBytes), job.chunkRows)
  }

  async #takeGrant(): Promise<Grant> {
    while (this.#granted.bytes === 0 && !this.#cancelled) {
      await new Promise<void>(resolve => (this.#wakeGrant = resolve))
      this.#wakeGrant = null
    }
    const granted = this.#granted
    this.#granted = NOTHING
    return granted
  }

  #dropReader(): void {
    const reader = this.#reader
    this.#reader = null
    // The connection has failed or stands in an unknown state; what closing it says is of no interest.
    reader?.close().catch(() => undefined)
  }

  get closed(): boolean {
    return this.#closed
  }
}

// Key expressions of their own stand behind the shape's columns, in key order; the others are the columns' own fields.
function endOf(step: {job: RangeJob; encoder: RowEncoder}, packet: Buffer, start: number, end: number): KeyValues {
  const {job, encoder} = step
  const extra = job.chunkKey.some(column => column.expression !== null)
    ? fieldsBehind(packet, start, end, job.shape.columns.length)
    : []
  let next = 0
  return job.chunkKey.map(column => {
    if (column.expression === null) {
      return keyLiteral(column.literal, packet, encoder.fieldStart(column.column), encoder.fieldEnd(column.column))
    }
    const field = extra[next++]!
    return keyLiteral(column.literal, packet, field[0], field[1])
  })
}

/** Byte ranges of the fields of a text-protocol row from field `first` on. */
export function fieldsBehind(packet: Buffer, start: number, end: number, first: number): [number, number][] {
  const fields: [number, number][] = []
  let at = start
  for (let i = 0; at < end; i++) {
    const head = packet[at++]!
    let length = head
    if (head === 0xfb) length = 0
    else if (head === 0xfc) {
      length = packet.readUInt16LE(at)
      at += 2
    } else if (head === 0xfd) {
      length = packet.readUIntLE(at, 3)
      at += 3
    } else if (head === 0xfe) {
      length = Number(packet.readBigUInt64LE(at))
      at += 8
    }
    if (i >= first) fields.push([at, at + length])
    at += length
  }
  return fields
}

/** What a chunk holds in memory. */
export function chunkBytes(chunk: ReadChunk): number {
  return chunk.bytes.byteLength + chunk.ends.byteLength
}
