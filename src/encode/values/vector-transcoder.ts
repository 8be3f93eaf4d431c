// vector (MySQL 9): 32-bit floats, little-endian, on both entrances; an array of numbers, as Debezium's FloatVector.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {writeFloat} from './float-transcoder.ts'
import {malformedImage, MYSQL_TYPE} from './image-bytes.ts'
import {lengthPrefixBytes, valueEnd} from './length-prefix.ts'

const FLOAT_BYTES = 4
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

function writeVector(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if ((end - start) % FLOAT_BYTES !== 0) throw malformedImage('a vector that is not made of 32-bit floats')
  out.writeByte(BRACKET_OPEN)
  for (let at = start; at < end; at += FLOAT_BYTES) {
    if (at > start) out.writeByte(COMMA)
    writeFloat(source.readFloatLE(at), out)
  }
  out.writeByte(BRACKET_CLOSE)
}
