// float and double: the shortest digits that read back the same, spelled as Java's Double.toString does (1.5, 1.0E10), so
// that a consumer which tells 1 from 1.0 sees what it saw from the peer.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes} from './image-bytes.ts'

const SMALLEST_NORMAL_FLOAT = 1.1754943508222875e-38

export function floatFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: (source, start, end, out) => writeFloat(Math.fround(Number(source.toString('latin1', start, end))), out),
    image: type => {
      if (type !== MYSQL_TYPE.FLOAT) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, 4, end)
        writeFloat(source.readFloatLE(start), out)
        return start + 4
      }
    },
    select: throughDouble,
  }
}

export function doubleFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: (source, start, end, out) => writeDouble(Number(source.toString('latin1', start, end)), out),
    image: type => {
      if (type !== MYSQL_TYPE.DOUBLE) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, 8, end)
        writeDouble(source.readDoubleLE(start), out)
        return start + 8
      }
    },
    select: throughDouble,
  }
}

/**
 * The server prints a FLOAT with six digits and a DOUBLE(M,D) with D, both fewer than the value has; behind the cast it
 * prints all. `f + 0e0` would lose the sign of -0.
 */
function throughDouble(quoted: string): string {
  return `CAST(${quoted} AS DOUBLE)`
}

/** Appends a 32-bit float, which `value` is already rounded to. */
export function writeFloat(value: number, out: ByteWriter): void {
  let shortest = value
  if (!Number.isInteger(value) || Math.abs(value) >= 1e7) {
    // Six digits always name a normal float's neighbourhood, so a shorter form is found there with trailing zeros.
    for (let digits = Math.abs(value) < SMALLEST_NORMAL_FLOAT ? 1 : 6; digits <= 9; digits++) {
      shortest = Number(value.toPrecision(digits))
      if (Math.fround(shortest) === value) break
    }
  }
  writeDouble(shortest, out)
}

/** Throws for what no column can hold: a NaN, an infinity. */
export function writeDouble(value: number, out: ByteWriter): void {
  const size = Math.abs(value)
  if (size < 1e7 && Number.isInteger(value)) {
    if (Object.is(value, -0)) out.writeByte(0x2d)
    out.writeInteger(value === 0 ? 0 : value)
    out.writeAscii('.0')
  } else if (size >= 1e-3 && size < 1e7) {
    out.writeAscii(String(value))
  } else if (Number.isFinite(value)) {
    const text = value.toExponential()
    const e = text.indexOf('e')
    const mantissa = text.slice(0, e)
    out.writeAscii(mantissa.includes('.') ? mantissa : `${mantissa}.0`)
    out.writeAscii(text[e + 1] === '+' ? `E${text.slice(e + 2)}` : `E${text.slice(e + 1)}`)
  } else {
    // MySQL stores no NaN and no infinity.
    throw malformedImage('a floating-point value that is not a number')
  }
}
