// enum and set: both entrances bring numbers (a SELECT reads them through a cast) and share one table of labels, so the
// bytes cannot differ. The number is also what a chunk query sends back to MySQL. `set + 0` is no substitute for the
// cast: it is a double, and a set has up to 64 bits.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import type {ColumnFamily, KeyMark} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {MYSQL_TYPE, needBytes, readUintLe} from './image-bytes.ts'
import {jsonStringBytes} from '../json-bytes.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const ZERO = 0x30

export function enumFamily(column: ColumnShape): ColumnFamily {
  const labels = [Buffer.from('""'), ...(column.labels ?? []).map(jsonStringBytes)]
  // Index 0, the error value, and a label '' are one JSON text.
  const mark: KeyMark = {value: -1, detail: 0}
  const write = (index: number, out: ByteWriter): void => {
    const label = labels[index]
    if (label === undefined) throw unknownLabel(column, index)
    mark.value = index === 0 ? 0 : -1
    out.write(label)
  }
  return {
    mark,
    fromText: (source, start, end, out) => {
      let index = 0
      for (let i = start; i < end; i++) index = index * 10 + source[i]! - ZERO
      write(index, out)
    },
    image: (type, metadata) => {
      const size = metadata >> 8
      if (type !== MYSQL_TYPE.ENUM || size < 1 || size > 2) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, size, end)
        write(readUintLe(source, start, size), out)
        return start + size
      }
    },
    select: quoted => `CAST(${quoted} AS UNSIGNED)`,
  }
}

export function setFamily(column: ColumnShape): ColumnFamily {
  const labels = (column.labels ?? []).map(label => jsonStringBytes(label).subarray(1, -1))
  const hasEmptyLabel = labels.some(label => label.length === 0)
  // The empty set and the set of a label '' are one JSON text.
  const mark: KeyMark = {value: -1, detail: 0}
  const write = (high: number, low: number, out: ByteWriter): void => {
    mark.value = hasEmptyLabel ? low : -1
    mark.detail = high
    let separator = QUOTE
    for (let word = 0; word < 2; word++) {
      let bits = word === 0 ? low : high
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits) + word * 32
        bits &= bits - 1
        const label = labels[bit]
        if (label === undefined) throw unknownLabel(column, bit + 1)
        out.writeByte(separator)
        out.write(label)
        separator = COMMA
      }
    }
    if (separator === QUOTE) out.writeByte(QUOTE)
    out.writeByte(QUOTE)
  }
  return {
    mark,
    fromText: (source, start, end, out) => {
      if (end - start <= 9) {
        let bits = 0
        for (let i = start; i < end; i++) bits = bits * 10 + source[i]! - ZERO
        write(0, bits, out)
      } else {
        const bits = BigInt(source.toString('latin1', start, end))
        write(Number(bits >> 32n), Number(bits & 0xffffffffn), out)
      }
    },
    image: (type, metadata) => {
      const size = metadata >> 8
      if (type !== MYSQL_TYPE.SET || size < 1 || size > 8) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, size, end)
        const low = readUintLe(source, start, Math.min(size, 4))
        write(size > 4 ? readUintLe(source, start + 4, size - 4) : 0, low, out)
        return start + size
      }
    },
    select: quoted => `CAST(${quoted} AS UNSIGNED)`,
  }
}

function unknownLabel(column: ColumnShape, position: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_UNKNOWN_LABEL',
    `column ${column.name}: ${column.type} value ${position}, but the known definition has ${column.labels?.length ?? 0} labels; ` +
      'the table was changed in between and must be read again with its new definition',
    {kind: 'retryable'},
  )
}
