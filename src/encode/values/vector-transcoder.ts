// vector (MySQL 9): 32-bit floats, little-endian, on both entrances; an array of numbers, as Debezium's FloatVector.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {putFloatText} from './float-transcoder.ts'
import {malformedImage, MYSQL_TYPE} from './image-bytes.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'
import {ROOM} from './shortest-digits.ts'

const FLOAT_BYTES = 4
/** Bytes worked on between two looks at the room in the buffer. */
const SEGMENT = 1024
/** Sign, nine digits, point, exponent, comma. */
const MOST_TEXT = 16
const COMMA = 0x2c
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d

export function vectorFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: writeVector,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.VECTOR) throw layoutMismatch(column, type)
      const prefix = lengthPrefixBytes(column, type, metadata)
      return (source, start, end, out) => {
        const stop = valueEnd(source, start, end, prefix)
        writeVector(source, start + prefix, stop, out)
        return stop
      }
    },
  }
}

const word = new Int32Array(1)
const float = new Float32Array(word.buffer)

function writeVector(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if ((end - start) % FLOAT_BYTES !== 0) throw malformedImage('a vector that is not made of 32-bit floats')
  out.writeByte(BRACKET_OPEN)
  for (let from = start; from < end; from += SEGMENT) {
    const to = Math.min(from + SEGMENT, end)
    out.reserve(((to - from) / FLOAT_BYTES) * MOST_TEXT + ROOM)
    const {bytes} = out
    let at = out.length
    for (let i = from; i < to; i += FLOAT_BYTES) {
      if (i > start) bytes[at++] = COMMA
      word[0] = source[i]! | (source[i + 1]! << 8) | (source[i + 2]! << 16) | (source[i + 3]! << 24)
      at = putFloatText(float[0]!, bytes, at)
    }
    out.length = at
  }
  out.writeByte(BRACKET_CLOSE)
}
