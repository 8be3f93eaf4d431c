// binary, varbinary and blobs in each binary.handling.mode; bit(n): base64; bit(1): a boolean.

import type {ValueModes} from '../../config/value-modes.ts'
import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {writeBase64, writeBase64Url} from './base64.ts'
import {writeHex} from './hex.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {MYSQL_TYPE, needBytes} from './image-bytes.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'

/** BINARY(n) loses its trailing zero bytes in the binlog; they are put back up to n. */
export function bytesFamily(column: ColumnShape, mode: ValueModes['binary']): ColumnFamily {
  const total = column.type === 'binary' ? (column.length ?? 0) : 0
  const write = writerOf(mode)
  return {
    fromText: (source, start, end, out) => write(source, start, end, total, out),
    image: (type, metadata) => {
      const prefix = lengthPrefixBytes(column, type, metadata)
      return (source, start, end, out) => {
        const stop = valueEnd(source, start, end, prefix)
        write(source, start + prefix, stop, total, out)
        return stop
      }
    },
  }
}

/** In JSON `bytes` is base64, too; only the schema differs. */
function writerOf(mode: ValueModes['binary']): typeof writeBase64 {
  switch (mode) {
    case 'bytes':
    case 'base64':
      return writeBase64
    case 'base64-url-safe':
      return writeBase64Url
    case 'hex':
      return writeHex
  }
}

/** Both entrances bring the bits as big-endian bytes. */
export function bitFamily(column: ColumnShape): ColumnFamily {
  const bits = column.length ?? 1
  const bytes = Math.ceil(bits / 8)
  const write = bits === 1 ? writeBoolean : writeBits
  return {
    fromText: write,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.BIT || (metadata >> 8) * 8 + (metadata & 0xff) !== bits)
        throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, bytes, end)
        write(source, start, start + bytes, out)
        return start + bytes
      }
    },
  }
}

function writeBoolean(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.writeAscii((source[end - 1]! & 1) === 1 && end > start ? 'true' : 'false')
}

const reversed = new Uint8Array(8)

/** Debezium's Bits are little-endian. */
function writeBits(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const count = end - start
  for (let i = 0; i < count; i++) reversed[i] = source[end - 1 - i]!
  writeBase64(reversed, 0, count, 0, out)
}
