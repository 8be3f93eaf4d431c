// The message key: a copy of the key columns' JSON from the row that was just written, inside constant bytes; or, with
// the StringConverter, Connect's text of the key struct.

import type {ByteWriter} from '../core/byte-writer.ts'
import {tableIdText} from '../core/table-id.ts'
import type {ValueModes} from '../config/value-modes.ts'
import type {ColumnShape, TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {javaDecimal, plainDecimal, unscaledBase64, unscaledDigits, unscaledValue} from './decimal-text.ts'
import type {EncoderOptions} from './encoder-options.ts'
import {jsonStringBytes} from './json-bytes.ts'
import {assertNewKeyFields, keyFieldBytes} from './key-fields.ts'
import type {OutputColumn, OutputShape} from './output-columns.ts'
import {keySchemaText} from './schemas/schema-frame.ts'
import {tableRoute} from './topic-routing.ts'
import {isConnectDecimal} from './values/column-family.ts'

/** Writes the key of the row whose values lie at `row.bytes[starts[i], ends[i])`. */
export type MessageKeyWriter = (row: ByteWriter, starts: Int32Array, ends: Int32Array, out: ByteWriter) => void

const NULL_LENGTH = 4
const LETTER_N = 0x6e

/** Throws TIDEMARK_VALUE_UNSUPPORTED_KEY where the StringConverter has no usable text for a key column. */
export function compileMessageKey(
  shape: OutputShape,
  messageKey: readonly number[],
  options: EncoderOptions,
): MessageKeyWriter {
  const {keySchemasEnabled, keyConverter} = options.settings
  const {schemaTopic: topic, keyFields} = tableRoute(options.settings, shape.id)
  const names = messageKey.map(index => shape.columns[index]!.field)
  if (names.length > 0) assertNewKeyFields(tableIdText(shape.id), names, keyFields)
  const added = keyFieldBytes(keyFields, keyConverter)
  if (keyConverter === 'string') return compileStringKey(shape, messageKey, {added, modes: options.settings.valueModes})
  const before = keySchemasEnabled
    ? `{"schema":${keySchemaText(shape, messageKey, {topic, settings: options.settings, keyFields})},"payload":`
    : ''
  const prefixes = messageKey.map((index, k) =>
    Buffer.concat([
      Buffer.from(k === 0 ? `${before}{` : ','),
      jsonStringBytes(shape.columns[index]!.field),
      Buffer.from(':'),
    ]),
  )
  const suffix = Buffer.concat([
    ...(added.length === 0 ? [] : [Buffer.from(','), added]),
    Buffer.from(keySchemasEnabled ? '}}' : '}'),
  ])
  const formats = messageKey.map(index => keyFormat(shape.columns[index]!, options.settings))
  return (row, starts, ends, out) => {
    for (let k = 0; k < prefixes.length; k++) {
      const index = messageKey[k]!
      const format = formats[k]!
      out.write(prefixes[k]!)
      if (format === null) out.write(row.bytes, starts[index], ends[index])
      else out.writeAscii(format(row.bytes.toString('latin1', starts[index], ends[index])))
    }
    out.write(suffix)
  }
}

/** From a decimal as values have it to its form in keys; null where it is the same. */
function keyFormat(
  column: OutputColumn,
  {valueModes, keyDecimalFormat}: EncoderOptions['settings'],
): ((json: string) => string) | null {
  if (valueModes.decimalFormat === keyDecimalFormat || !isConnectDecimal(column, valueModes)) return null
  const scale = column.scale ?? 0
  if (keyDecimalFormat === 'base64') return json => (json === 'null' ? json : `"${unscaledBase64(json)}"`)
  return json => (json === 'null' ? json : plainDecimal(unscaledValue(JSON.parse(json) as string), scale))
}

/** `Struct{id=1,name=x}`, as Connect's Struct.toString: null fields are left out, text stands bare. */
function compileStringKey(
  shape: OutputShape,
  messageKey: readonly number[],
  {added, modes}: {readonly added: Buffer; readonly modes: ValueModes},
): MessageKeyWriter {
  const fields = messageKey.map(index => {
    const column = shape.columns[index]!
    return {index, prefix: Buffer.from(`${column.field}=`), text: stringKeyText(shape, column, modes)}
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
function stringKeyText(shape: TableShape, column: OutputColumn, modes: ValueModes): ((json: string) => string) | null {
  if (isConnectDecimal(column, modes) && column.conversion === null) {
    const scale = column.scale ?? 0
    if (modes.decimalFormat === 'base64') return json => javaDecimal(unscaledValue(JSON.parse(json) as string), scale)
    return json => javaDecimal(unscaledDigits(json), scale)
  }
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return null
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
      return json => (json.startsWith('"') ? (JSON.parse(json) as string) : json)
  }
}

function unsupportedKey(shape: TableShape, column: ColumnShape): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_UNSUPPORTED_KEY',
    `${tableIdText(shape.id)}: key column ${column.name} is of type ${column.type}, for which key.converter ` +
      'StringConverter has no text that tells keys apart; use the JsonConverter or message.key.columns',
    {kind: 'prerequisite'},
  )
}
