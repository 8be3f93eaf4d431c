// Which family a column belongs to.

import type {ValueModes} from '../../config/value-modes.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {assertNever} from '../../core/tidemark-error.ts'
import {bitFamily, bytesFamily} from './bytes-transcoder.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {decimalFamily} from './decimal-transcoder.ts'
import {enumFamily, setFamily} from './enum-set-transcoder.ts'
import {doubleFamily, floatFamily} from './float-transcoder.ts'
import {geometryFamily} from './geometry-transcoder.ts'
import {integerFamily, yearFamily, type WideForm} from './integer-transcoder.ts'
import {jsonFamily} from './json-transcoder.ts'
import {dateFamily, datetimeFamily, timeFamily, timestampFamily} from './temporal-transcoder.ts'
import {textFamily} from './text-transcoder.ts'
import {vectorFamily} from './vector-transcoder.ts'

/** The family of a column. Throws TIDEMARK_VALUE_UNSUPPORTED_CHARSET. */
export function columnFamily(column: ColumnShape, modes: ValueModes): ColumnFamily {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerFamily(column, wideForm(modes))
    case 'year':
      return yearFamily(column)
    case 'decimal':
      return decimalFamily(
        column,
        modes.decimal === 'precise' && modes.decimalFormat === 'numeric' ? 'numeric' : modes.decimal,
      )
    case 'float':
      return floatFamily(column)
    case 'double':
      return doubleFamily(column)
    case 'bit':
      return bitFamily(column)
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return textFamily(column)
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return bytesFamily(column, modes.binary)
    case 'date':
      return dateFamily(column, modes.time)
    case 'time':
      return timeFamily(column, modes.time)
    case 'datetime':
      return datetimeFamily(column, modes.time)
    case 'timestamp':
      return timestampFamily(column)
    case 'enum':
      return enumFamily(column)
    case 'set':
      return setFamily(column)
    case 'json':
      return jsonFamily(column)
    case 'point':
    case 'geometry':
      return geometryFamily(column)
    case 'vector':
      return vectorFamily(column)
    default:
      return assertNever(column.type)
  }
}

function wideForm(modes: ValueModes): WideForm {
  if (modes.bigintUnsigned === 'long') return 'wrapped'
  return modes.decimalFormat === 'numeric' ? 'digits' : 'decimal'
}

/** Whether its schema is Connect's Decimal, whose JSON has two formats. */
export function isConnectDecimal(column: ColumnShape, modes: ValueModes): boolean {
  if (column.type === 'decimal') return modes.decimal === 'precise'
  return column.type === 'bigint' && column.unsigned && modes.bigintUnsigned === 'precise'
}
