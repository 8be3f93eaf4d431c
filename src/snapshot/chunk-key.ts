// The key by which a table is read in chunks, and how its values go back to MySQL. Only MySQL orders keys: a value is
// sent back as it came, as a literal that compares with the column exactly (ENUM by number, FLOAT through a DOUBLE,
// text as a coercible literal, so that the column's own character set and collation decide).

import {quoteIdentifier} from '../mysql/identifiers.ts'
import type {ColumnShape, TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'

/**
 * - `plain`: digits (integers, decimal, year, and what `expression` turns into a number)
 * - `double`: digits with an exponent, so that MySQL takes it for a DOUBLE and not for a DECIMAL
 * - `text`: UTF-8 bytes; `bytes`: raw bytes; `quoted`: ASCII text of a date or time
 */
export type LiteralKind = 'plain' | 'double' | 'text' | 'bytes' | 'quoted'

export interface ChunkKeyColumn {
  /** Index into the shape's columns. */
  readonly column: number
  readonly name: string
  readonly literal: LiteralKind
  /** SELECT expression that yields the comparable value where the column's own text does not; else null. */
  readonly expression: string | null
}

export type ChunkKey = readonly ChunkKeyColumn[]

/** One SQL literal for each key column. Plain text, fit for the stored state. */
export type KeyValues = readonly string[]

/** The chunk key over the columns at `indexes`. Throws for types that cannot order chunks. */
export function chunkKeyOf(shape: TableShape, indexes: readonly number[]): ChunkKey {
  return indexes.map(column => {
    const definition = shape.columns[column]
    if (definition === undefined) throw new RangeError(`no column ${column}`)
    const name = quoteIdentifier(definition.name)
    switch (definition.type) {
      case 'enum':
      case 'set':
      case 'bit':
        return {column, name: definition.name, literal: 'plain', expression: `CAST(${name} AS UNSIGNED)`}
      case 'float':
      case 'double':
        return {column, name: definition.name, literal: 'double', expression: `CAST(${name} AS DOUBLE)`}
      default:
        return {column, name: definition.name, literal: literalKind(definition, shape), expression: null}
    }
  })
}

function literalKind(column: ColumnShape, shape: TableShape): LiteralKind {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'year':
      return 'plain'
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return 'quoted'
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return column.charset === null ? 'bytes' : 'text'
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return 'bytes'
    default:
      throw new TidemarkError(
        'TIDEMARK_SNAPSHOT_KEY_TYPE',
        `cannot snapshot ${shape.id.database}.${shape.id.table}: key column ${column.name} is of type ${column.type}, ` +
          `which has no order to read chunks by; name another unique NOT NULL key in the signal's "surrogate-key"`,
      )
  }
}

/** The literal for a value as it came in a text-protocol field `packet[start, end)`. */
export function keyLiteral(kind: LiteralKind, packet: Buffer, start: number, end: number): string {
  switch (kind) {
    case 'plain':
      return packet.toString('latin1', start, end)
    case 'double': {
      const digits = packet.toString('latin1', start, end)
      return /e/i.test(digits) ? digits : `${digits}e0`
    }
    case 'quoted':
      return `'${packet.toString('latin1', start, end)}'`
    case 'text':
      return start === end ? `_utf8mb4''` : `_utf8mb4 X'${packet.toString('hex', start, end)}'`
    case 'bytes':
      return start === end ? `''` : `X'${packet.toString('hex', start, end)}'`
  }
}

/** Key values for people: text shown as text, numbers and dates as they are; long ones cut. */
export function keyText(values: KeyValues): string {
  return values
    .map(valueText)
    .map(text => (text.length > 64 ? `${text.slice(0, 61)}...` : text))
    .join(',')
}

/** As `keyText`, with long values as they are. */
export function keyTextInFull(values: KeyValues): string {
  return values.map(valueText).join(',')
}

function valueText(value: string): string {
  const hex = /^_utf8mb4 X'([0-9a-f]*)'$/.exec(value)?.[1]
  return hex === undefined ? value.replace(/^'(.*)'$|^_utf8mb4''$|e0$/, '$1') : Buffer.from(hex, 'hex').toString()
}
