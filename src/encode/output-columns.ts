// A table's columns as they come out: under which name, and converted into what.

import type {Conversion, ConverterRule} from '../config/converters.ts'
import {PLAIN_SCHEMAS} from '../config/schema-settings.ts'
import type {EventSettings} from '../config/settings.ts'
import {tableIdText} from '../core/table-id.ts'
import type {ColumnShape, ColumnType, TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {adjustFieldName} from './name-adjustment.ts'

export interface OutputColumn extends ColumnShape {
  /** Its name in payloads and schemas. */
  readonly field: string
  readonly conversion: Conversion | null
}

export interface OutputShape extends TableShape {
  readonly columns: readonly OutputColumn[]
}

export type OutputSettings = Pick<EventSettings, 'schemas' | 'converters'>

/** Columns come out as they are. */
export const AS_THEY_ARE: OutputSettings = {schemas: PLAIN_SCHEMAS, converters: []}

/** Throws TIDEMARK_VALUE_FIELD_NAMES, TIDEMARK_VALUE_CONVERTER. */
export function outputShape(shape: TableShape, {schemas, converters}: OutputSettings): OutputShape {
  const fields = new Map<string, string>()
  const columns = shape.columns.map(column => {
    const field = adjustFieldName(column.name, schemas.fieldNames)
    const other = fields.get(field)
    if (other !== undefined) throw sameField(shape, [other, column.name], field)
    fields.set(field, column.name)
    return {...column, field, conversion: conversionOf(shape, column, converters)}
  })
  return {...shape, columns}
}

/** Whether something depends on what only the definition says of columns. */
export function needsDeclared(
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'valueSchemasEnabled' | 'converters'>,
): boolean {
  return (
    settings.keySchemasEnabled ||
    settings.valueSchemasEnabled ||
    settings.converters.some(({tinyInt}) => tinyInt === '1')
  )
}

const INTEGERS: readonly ColumnType[] = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint']
const TEXTS: readonly ColumnType[] = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']
const CONVERTIBLE: Readonly<Record<Conversion, readonly ColumnType[]>> = {
  boolean: ['tinyint'],
  int16: [...INTEGERS, 'bit'],
  double: ['float', 'double'],
  float: ['float', 'double'],
  text: TEXTS,
}

function conversionOf(shape: TableShape, column: ColumnShape, rules: readonly ConverterRule[]): Conversion | null {
  const name = `${tableIdText(shape.id)}.${column.name}`
  const rule = rules.find(({columns, tinyInt}) => {
    if (tinyInt !== null && column.type !== 'tinyint') return false
    if (columns?.some(pattern => pattern.test(name)) === false) return false
    return tinyInt !== '1' || isTinyIntOne(name, column)
  })
  if (rule === undefined) return null
  const wanted = CONVERTIBLE[rule.conversion]
  if (wanted.includes(column.type) && (column.type !== 'bit' || column.length === 1)) return rule.conversion
  throw new TidemarkError(
    'TIDEMARK_VALUE_CONVERTER',
    `the converter ${rule.converter} cannot convert ${name}: it is of type ${column.type}, wanted ${wanted.join(', ')}; ` +
      'mend its selector',
    {kind: 'configuration'},
  )
}

/** The binlog does not tell TINYINT(1) from TINYINT, and a guess would change the values' type. */
function isTinyIntOne(name: string, {declared}: ColumnShape): boolean {
  if (declared !== undefined) return /^tinyint\(1\)/i.test(declared.type)
  throw new TidemarkError(
    'TIDEMARK_VALUE_CONVERTER',
    `cannot tell whether ${name} is a TINYINT(1): the server no longer has this column; ` +
      'name the columns in the converter’s selector and set its length.checker=false',
    {kind: 'configuration'},
  )
}

function sameField(shape: TableShape, names: readonly string[], field: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_FIELD_NAMES',
    `the columns ${names.map(name => JSON.stringify(name)).join(' and ')} of ${tableIdText(shape.id)} would both be the ` +
      `field ${field}; rename one, leave the table out, or set field.name.adjustment.mode to avro_unicode or none`,
    {kind: 'configuration'},
  )
}
