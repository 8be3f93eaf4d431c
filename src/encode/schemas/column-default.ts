// A column's DEFAULT as the default of its field's schema: the JSON that a row would have which takes it.

import type {ValueModes} from '../../config/value-modes.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import type {OutputColumn} from '../output-columns.ts'
import {outputFamily} from '../values/output-family.ts'

/** Null: none, or none that can be told. CURRENT_TIMESTAMP and zero dates are the epoch, as in Debezium. */
export function defaultJson(column: OutputColumn, modes: ValueModes): string | null {
  const {declared} = column
  if (declared === undefined || declared.default.type === 'none') return null
  const field = declared.default.type === 'now' ? epoch(column) : fieldText(column, declared.default.text)
  if (field === null) return null
  // A zero date is the epoch only where it cannot be NULL; CURRENT_TIMESTAMP of a DATETIME always is.
  const isNow = declared.default.type === 'now'
  const nullable = column.nullable && (!isNow || column.type === 'timestamp')
  try {
    const out = new ByteWriter(64)
    outputFamily({...column, nullable}, modes, false).fromText(field, 0, field.length, out)
    const json = out.view().toString('utf8')
    return json === 'null' ? null : json
  } catch (error) {
    // What the mode cannot express: rows with it are refused, their schema is not.
    if (error instanceof TidemarkError) return null
    throw error
  }
}

const BIT_LITERAL = /^b'([01]*)'$/i
const HEX_LITERAL = /^0x([0-9a-f]*)$/i

/** The default as a SELECT's row would have it. Null: it has no such form. */
function fieldText(column: OutputColumn, text: string): Buffer | null {
  switch (column.type) {
    case 'bit': {
      const digits = BIT_LITERAL.exec(text)?.[1]
      return digits === undefined ? null : bitBytes(digits, column.length ?? 1)
    }
    case 'binary':
    case 'varbinary': {
      const hex = HEX_LITERAL.exec(text)?.[1]
      return hex === undefined ? Buffer.from(text) : Buffer.from(hex, 'hex')
    }
    case 'enum':
      return Buffer.from(String((column.labels ?? []).indexOf(text) + 1))
    case 'set':
      return Buffer.from(String(setBits(column.labels ?? [], text)))
    default:
      return Buffer.from(text)
  }
}

function bitBytes(digits: string, bits: number): Buffer {
  const bytes = Math.ceil(bits / 8)
  const hex = BigInt(`0b${digits === '' ? '0' : digits}`).toString(16)
  return Buffer.from(hex.padStart(bytes * 2, '0').slice(-bytes * 2), 'hex')
}

function setBits(labels: readonly string[], text: string): bigint {
  let bits = 0n
  if (text === '') return bits
  for (const label of text.split(',')) bits |= 1n << BigInt(Math.max(0, labels.indexOf(label)))
  return bits
}

/** As a zero date: what becomes of it is the family's business. */
function epoch(column: OutputColumn): Buffer {
  const fraction = column.fraction === 0 ? '' : `.${'0'.repeat(column.fraction)}`
  return Buffer.from(`0000-00-00 00:00:00${fraction}`)
}
