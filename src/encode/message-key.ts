// The message key: a copy of the key columns' JSON from the row that was just written, inside constant bytes; or, with
// the StringConverter, Connect's text of the key struct.

import type {ByteWriter} from '../core/byte-writer.ts'
import {tableIdText} from '../core/table-id.ts'
import type {ColumnShape, TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {EncoderOptions} from './encoder-options.ts'
import {jsonStringBytes} from './json-bytes.ts'
import {assertNewKeyFields, keyFieldBytes} from './key-fields.ts'
import {keySchemaText} from './schemas/schema-frame.ts'
import {tableRoute} from './topic-routing.ts'

/** Writes the key of the row whose values lie at `row.bytes[starts[i], ends[i])`. */
export type MessageKeyWriter = (row: ByteWriter, starts: Int32Array, ends: Int32Array, out: ByteWriter) => void

const NULL_LENGTH = 4
const LETTER_N = 0x6e

/** Throws TIDEMARK_VALUE_UNSUPPORTED_KEY where the StringConverter has no usable text for a key column. */
export function compileMessageKey(
  shape: TableShape,
  messageKey: readonly number[],
  options: EncoderOptions,
): MessageKeyWriter {
  const {valueModes: modes, keySchemasEnabled, keyConverter} = options.settings
  const {schemaTopic: topic, keyFields} = tableRoute(options.settings, shape.id)
  const names = messageKey.map(index => shape.columns[index]!.name)
  if (names.length > 0) assertNewKeyFields(tableIdText(shape.id), names, keyFields)
  const added = keyFieldBytes(keyFields, keyConverter)
  if (keyConverter === 'string') return compileStringKey(shape, messageKey, added)
  const before = keySchemasEnabled
    ? `{"schema":${keySchemaText(shape, messageKey, {topic, modes, keyFields})},"payload":`
    : ''
  const prefixes = messageKey.map((index, k) =>
    Buffer.concat([
      Buffer.from(k === 0 ? `${before}{` : ','),
      jsonStringBytes(shape.columns[index]!.name),
      Buffer.from(':'),
    ]),
  )
  const suffix = Buffer.concat([
    ...(added.length === 0 ? [] : [Buffer.from(','), added]),
    Buffer.from(keySchemasEnabled ? '}}' : '}'),
  ])
  return (row, starts, ends, out) => {
    for (let k = 0; k < prefixes.length; k++) {
      const index = messageKey[k]!
      out.write(prefixes[k]!)
      out.write(row.bytes, starts[index], ends[index])
    }
    out.write(suffix)
  }
}

/** `Struct{id=1,name=x}`, as Connect's Struct.toString: null fields are left out, text stands bare. */
function compileStringKey(shape: TableShape, messageKey: readonly number[], added: Buffer): MessageKeyWriter {
  const fields = messageKey.map(index => {
    const column = shape.columns[index]!
    return {index, prefix: Buffer.from(`${column.name}=`), text: stringKeyText(shape, column)}
  })
  return (row, starts, ends, out) => {
    out.writeAscii('Struct{')
    let first = true
    for (const {index, prefix, text} of fields) {
      const start = starts[index]!
      const end = ends[index]!
      if (end - start === NULL_LENGTH && row.bytes[start] === LETTER_N) continue
      if (!first) out.writeAscii(',')
      first = false
      out.write(prefix)
      if (text === null) out.write(row.bytes, start, end)
      else out.writeUtf8(text(row.bytes.toString('utf8', start, end)))
    }
    if (!first && added.length > 0) out.writeAscii(',')
    out.write(added)
    out.writeAscii('}')
  }
}

/** From a value's JSON to Java's toString of it; null where both are the same. */
function stringKeyText(shape: TableShape, column: ColumnShape): ((json: string) => string) | null {
  switch (column.type) {
    case 'decimal':
      return json => decimalText(JSON.parse(json) as string, column.scale ?? 0)
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'enum':
    case 'set':
    case 'json':
    case 'timestamp':
      return json => JSON.parse(json) as string
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      throw unsupportedKey(shape, column)
    case 'bit':
      if (column.length === 1) return null
      throw unsupportedKey(shape, column)
    default:
      return null
  }
}

/** Java's BigDecimal.toString: plain while the scale is not negative and the first digit is not too far behind the point. */
function decimalText(base64: string, scale: number): string {
  const bytes = Buffer.from(base64, 'base64')
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString()
  const sign = negative ? '-' : ''
  if (scale === 0) return `${sign}${digits}`
  const exponent = digits.length - 1 - scale
  if (exponent < -6) {
    const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
    return `${sign}${mantissa}E${exponent}`
  }
  const padded = digits.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

function unsupportedKey(shape: TableShape, column: ColumnShape): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_UNSUPPORTED_KEY',
    `${tableIdText(shape.id)}: key column ${column.name} is of type ${column.type}, for which key.converter ` +
      'StringConverter has no text that tells keys apart; use the JsonConverter or message.key.columns',
    {kind: 'prerequisite'},
  )
}
