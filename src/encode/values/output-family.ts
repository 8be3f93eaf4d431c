// The family of a column as it comes out: its type's own, or what one of Debezium's converters makes of that.

import type {Conversion} from '../../config/converters.ts'
import type {ValueModes} from '../../config/value-modes.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import type {OutputColumn} from '../output-columns.ts'
import {columnFamily} from './column-family.ts'
import type {ColumnFamily, KeyMark} from './column-transcoder.ts'
import {writeDouble, writeFloat} from './float-transcoder.ts'

/** Throws TIDEMARK_VALUE_UNSUPPORTED_CHARSET. `isKey`: of the message key, which must tell rows apart. */
export function outputFamily(column: OutputColumn, modes: ValueModes, isKey: boolean): ColumnFamily {
  const family = columnFamily(column, modes)
  switch (column.conversion) {
    case null:
    case 'text':
      return family
    case 'boolean':
      return flagFamily(family, {yes: 'true', no: 'false', keyColumn: isKey ? column.name : null})
    case 'int16':
      return flagFamily(family, {yes: '1', no: '0', keyColumn: isKey ? column.name : null})
    case 'double':
      return column.type === 'double' ? family : rewritten(family, widenedFloat)
    case 'float':
      return column.type === 'float' ? family : rewritten(family, narrowedDouble)
  }
}

/** The type of a converted column's schema. */
export const CONVERTED_TYPE: Readonly<Record<Conversion, string>> = {
  boolean: 'boolean',
  int16: 'int16',
  double: 'double',
  float: 'float',
  text: 'string',
}

type Rewrite = (json: string, out: ByteWriter) => void

interface FlagTexts {
  readonly yes: string
  readonly no: string
  /** Null where it is no column of the message key. */
  readonly keyColumn: string | null
}

/** Above zero is true. Numbers that become one text stay apart in row keys. */
function flagFamily(family: ColumnFamily, {yes, no, keyColumn}: FlagTexts): ColumnFamily {
  const mark: KeyMark = {value: -1, detail: 0}
  const write: Rewrite = (json, out) => {
    const value = json === 'true' ? 1n : json === 'false' ? 0n : BigInt(json)
    const size = value < 0n ? -value : value
    // 0 and 1 are as their texts are; a mark is two numbers of no sign.
    mark.value = value === 0n || value === 1n ? -1 : Number(size >> 32n) * 2 + (value < 0n ? 1 : 0)
    mark.detail = Number(size & 0xffffffffn)
    if (keyColumn !== null && mark.value >= 0) throw ambiguousKey(keyColumn)
    out.writeAscii(value > 0n ? yes : no)
  }
  return {...rewritten(family, write), mark}
}

function ambiguousKey(column: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_UNSUPPORTED_KEY',
    `key column ${column} holds a number other than 0 and 1, which its converter would make the key of another row; ` +
      'leave the column out of the converter’s selector',
  )
}

function rewritten(family: ColumnFamily, write: Rewrite): ColumnFamily {
  const plain = new ByteWriter(64)
  return {
    ...(family.select === undefined ? {} : {select: family.select}),
    ...(family.mark === undefined ? {} : {mark: family.mark}),
    fromText: (source, start, end, out) => {
      plain.clear()
      family.fromText(source, start, end, plain)
      write(plain.bytes.toString('latin1', 0, plain.length), out)
    },
    image: (type, metadata) => {
      const read = family.image(type, metadata)
      return (source, start, end, out) => {
        plain.clear()
        const stop = read(source, start, end, plain)
        write(plain.bytes.toString('latin1', 0, plain.length), out)
        return stop
      }
    },
  }
}

/** The digits that the column has, not those that a float has as a double. */
function widenedFloat(json: string, out: ByteWriter): void {
  writeDouble(Number(json), out)
}

function narrowedDouble(json: string, out: ByteWriter): void {
  writeFloat(Math.fround(Number(json)), out)
}
