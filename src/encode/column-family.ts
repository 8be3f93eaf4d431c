// Which family a column belongs to. Types that cannot be passed on yet are refused here, by name.

import type {ColumnShape} from '../core/table-shape.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {assertNever, TidemarkError} from '../core/tidemark-error.ts'
import {bitFamily, bytesFamily} from './bytes-transcoder.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {decimalFamily} from './decimal-transcoder.ts'
import {enumFamily, setFamily} from './enum-set-transcoder.ts'
import {doubleFamily, floatFamily} from './float-transcoder.ts'
import {integerFamily, yearFamily} from './integer-transcoder.ts'
import {jsonFamily} from './json-transcoder.ts'
import {dateFamily, datetimeFamily, timeFamily, timestampFamily} from './temporal-transcoder.ts'
import {textFamily} from './text-transcoder.ts'

/** bigint.unsigned.handling.mode: `long` wraps values from 2^63 on to negative numbers, `precise` writes a Decimal of scale 0. */
export type BigintUnsignedHandlingMode = 'long' | 'precise'

/** The family of a column. Throws TIDEMARK_VALUE_UNSUPPORTED_TYPE or TIDEMARK_VALUE_UNSUPPORTED_CHARSET. */
export function columnFamily(
  table: TableId,
  column: ColumnShape,
  bigintUnsigned: BigintUnsignedHandlingMode,
): ColumnFamily {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerFamily(column, bigintUnsigned === 'precise')
    case 'year':
      return yearFamily(column)
    case 'decimal':
      return decimalFamily(column)
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
      return bytesFamily(column)
    case 'date':
      return dateFamily(column)
    case 'time':
      return timeFamily(column)
    case 'datetime':
      return datetimeFamily(column)
    case 'timestamp':
      return timestampFamily(column)
    case 'enum':
      return enumFamily(column)
    case 'set':
      return setFamily(column)
    case 'json':
      return jsonFamily(column)
    case 'geometry':
    case 'vector':
      throw new TidemarkError(
        'TIDEMARK_VALUE_UNSUPPORTED_TYPE',
        `${tableIdText(table)}: column ${column.name} is of type ${column.type}, which is not supported yet; ` +
          'exclude the table (table.exclude.list)',
        {kind: 'prerequisite'},
      )
    default:
      return assertNever(column.type)
  }
}
