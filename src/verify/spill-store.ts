// Records partitioned by the hash of their key, in memory as long as they are few, else in temporary files, so that a
// comparison of any size holds only a bounded part. Writes and reads are synchronous on purpose: whoever fills the store
// is slowed down by it, and nothing queues.

import {closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {ByteWriter} from '../core/byte-writer.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'

/** Of one record; the meaning of `kind` and `place` is the caller's. */
export interface RecordHead {
  kind: number
  /** Index of the table. */
  table: number
  /** Index of the binlog file and offset in it, for people. */
  file: number
  pos: number
}

/** A record as it is read back: `bytes[keyStart, keyEnd)` is the key and `bytes[keyEnd, rowEnd)` the row. Reused. */
export interface StoredRecord extends RecordHead {
  bytes: Buffer
  keyStart: number
  keyEnd: number
  rowEnd: number
}

export type OnRecord = (record: StoredRecord) => void

export interface SpillStoreOptions {
  readonly buckets: number
  /** Bytes held in memory before all buckets are written out. */
  readonly memoryBytes: number
  /** The hash is divided by it before it chooses a bucket: a bucket is split by other digits than it was made by. */
  readonly hashDivisor?: number
}

/** `bytes[start, end)`. */
export interface ByteRange {
  bytes: Uint8Array
  start: number
  end: number
}

const HEAD_BYTES = 21
const READ_BYTES = 1024 * 1024
const NOTHING: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}

export class SpillStore {
  readonly buckets: readonly Bucket[]
  /** Bytes of records in memory, now and at most; bytes written to files. */
  heldBytes = 0
  peakHeldBytes = 0
  spilledBytes = 0
  readonly #options: SpillStoreOptions
  readonly #divisor: number
  #folder: string | null = null

  constructor(options: SpillStoreOptions) {
    this.#options = options
    this.#divisor = options.hashDivisor ?? 1
    this.buckets = Array.from({length: options.buckets}, () => new Bucket())
  }

  /** The key decides the bucket. Throws TIDEMARK_VERIFY_SPILL where the temporary folder takes no more. */
  append(head: RecordHead, key: ByteRange, row: ByteRange | null): void {
    const hash = hashKey(head.table, key)
    const bucket = this.buckets[Math.floor(hash / this.#divisor) % this.#options.buckets]!
    this.#count(bucket.append(head, key, row ?? NOTHING))
  }

  /** One record for every bucket, for what concerns all keys. */
  appendToAll(head: RecordHead): void {
    for (const bucket of this.buckets) this.#count(bucket.append(head, NOTHING, NOTHING))
  }

  /** Drops everything. May be called twice. */
  close(): void {
    for (const bucket of this.buckets) bucket.close()
    if (this.#folder !== null) rmSync(this.#folder, {recursive: true, force: true})
    this.#folder = null
  }

  #count(bytes: number): void {
    this.heldBytes += bytes
    if (this.heldBytes > this.peakHeldBytes) this.peakHeldBytes = this.heldBytes
    if (this.heldBytes > this.#options.memoryBytes) this.#spill()
  }

  #spill(): void {
    try {
      this.#folder ??= mkdtempSync(join(tmpdir(), 'tidemark-verify-'))
      for (const [index, bucket] of this.buckets.entries()) {
        this.spilledBytes += bucket.spill(join(this.#folder, `bucket-${index}`))
      }
    } catch (cause) {
      throw spillError(cause)
    }
    this.heldBytes = 0
  }
}

/** Records in the order in which they came. */
export class Bucket {
  /** Of all records, in memory and in the file. */
  byteLength = 0
  readonly #memory = new ByteWriter(0)
  #file: number | null = null
  #fileBytes = 0

  /** Returns how many bytes it took. */
  append(head: RecordHead, key: ByteRange, row: ByteRange): number {
    const memory = this.#memory
    const keyBytes = key.end - key.start
    const rowBytes = row.end - row.start
    const bytes = HEAD_BYTES + keyBytes + rowBytes
    memory.reserve(bytes)
    const at = memory.length
    const out = memory.bytes
    out[at] = head.kind
    out.writeUInt16LE(head.table, at + 1)
    out.writeUInt16LE(head.file & 0xffff, at + 3)
    out.writeDoubleLE(head.pos, at + 5)
    out.writeUInt32LE(keyBytes, at + 13)
    out.writeUInt32LE(rowBytes, at + 17)
    memory.length = at + HEAD_BYTES
    memory.write(key.bytes, key.start, key.end)
    memory.write(row.bytes, row.start, row.end)
    this.byteLength += bytes
    return bytes
  }

  spill(path: string): number {
    const {length} = this.#memory
    if (length === 0) return 0
    if (this.#file === null) {
      this.#file = openSync(path, 'wx+', 0o600)
      // Without a name the file goes with the process, however that ends.
      rmSync(path, {force: true})
    }
    for (let at = 0; at < length;)
      at += writeSync(this.#file, this.#memory.bytes, at, length - at, this.#fileBytes + at)
    this.#fileBytes += length
    this.#memory.clear()
    return length
  }

  /** All records, in order. */
  read(onRecord: OnRecord): void {
    this.#readFile(onRecord)
    readRecords(this.#memory.bytes, this.#memory.length, onRecord)
  }

  close(): void {
    if (this.#file !== null) {
      ftruncateSync(this.#file, 0)
      closeSync(this.#file)
    }
    this.#file = null
    this.#fileBytes = 0
    this.#memory.bytes = Buffer.alloc(0)
    this.#memory.clear()
  }

  #readFile(onRecord: OnRecord): void {
    if (this.#file === null) return
    let block = Buffer.allocUnsafe(READ_BYTES)
    let held = 0
    for (let at = 0; at < this.#fileBytes;) {
      const read = readSync(this.#file, block, held, Math.min(block.length - held, this.#fileBytes - at), at)
      if (read === 0) throw spillError(new Error('a temporary file is shorter than what was written to it'))
      at += read
      held += read
      const taken = readRecords(block, held, onRecord)
      block.copyWithin(0, taken, held)
      held -= taken
      if (taken === 0) block = Buffer.concat([block], block.length * 2)
    }
  }
}

/** Calls `onRecord` for each whole record in `bytes[0, end)` and returns the offset behind the last one. */
function readRecords(bytes: Buffer, end: number, onRecord: OnRecord): number {
  const record: StoredRecord = {kind: 0, table: 0, file: 0, pos: 0, bytes, keyStart: 0, keyEnd: 0, rowEnd: 0}
  let at = 0
  while (at + HEAD_BYTES <= end) {
    record.keyStart = at + HEAD_BYTES
    record.keyEnd = record.keyStart + bytes.readUInt32LE(at + 13)
    record.rowEnd = record.keyEnd + bytes.readUInt32LE(at + 17)
    if (record.rowEnd > end) break
    record.kind = bytes[at]!
    record.table = bytes.readUInt16LE(at + 1)
    record.file = bytes.readUInt16LE(at + 3)
    record.pos = bytes.readDoubleLE(at + 5)
    onRecord(record)
    at = record.rowEnd
  }
  return at
}

/** FNV-1a with a last mixing, so that all its digits are as good as the first. */
function hashKey(table: number, {bytes, start, end}: ByteRange): number {
  let hash = 0x811c9dc5 ^ table
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function spillError(cause: unknown): TidemarkError {
  const {message} = describeError(cause)
  return new TidemarkError(
    'TIDEMARK_VERIFY_SPILL',
    `cannot keep the rows to compare in the temporary folder ${tmpdir()}: ${message}; free some space, or set TMPDIR to a folder that has it`,
    {cause},
  )
}
