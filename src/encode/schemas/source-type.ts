// column.propagate.source.type and datatype.propagate.source.type: what the source calls a column's type, as parameters
// of the field's schema.

import type {SchemaSettings} from '../../config/schema-settings.ts'
import {tableIdText, type TableId} from '../../core/table-id.ts'
import type {ColumnShape} from '../../core/table-shape.ts'

/** As Debezium's parser takes a definition apart. */
export interface SourceType {
  readonly name: string
  readonly length: number | null
  readonly scale: number | null
}

/** `int(6) unsigned zerofill`: the name, what stands in parentheses, the rest of the name. */
const DEFINITION = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?(.*)$/

/** Null where the definition is not known. */
export function sourceType({declared, labels}: ColumnShape): SourceType | null {
  if (declared === undefined) return null
  const definition = declared.type.toLowerCase()
  // The labels of enum and set may hold anything.
  if (labels !== null) {
    const isSet = definition.startsWith('set')
    return {name: isSet ? 'SET' : 'ENUM', length: isSet ? Math.max(0, labels.length * 2 - 1) : 1, scale: null}
  }
  const [, base = '', length, scale, attributes = ''] = DEFINITION.exec(definition) ?? []
  // Debezium's grammar counts the word twice.
  const name = base === 'binary' ? 'BINARY BINARY' : (base + attributes).toUpperCase()
  return {
    name: name === 'GEOMCOLLECTION' ? 'GEOMETRYCOLLECTION' : name,
    length: length === undefined ? null : Number(length),
    scale: scale === undefined ? null : Number(scale),
  }
}

/** Of a field in a row's schema; none where no rule takes the column, or its definition is not known. */
export function sourceTypeParameters(
  table: TableId,
  column: ColumnShape,
  {sourceTypeColumns, sourceTypeNames, comments}: SchemaSettings,
): Readonly<Record<string, string>> {
  if (sourceTypeColumns.length === 0 && sourceTypeNames.length === 0) return {}
  const type = sourceType(column)
  if (type === null) return {}
  const text = tableIdText(table)
  const isWanted =
    sourceTypeColumns.some(pattern => pattern.test(`${text}.${column.name}`)) ||
    sourceTypeNames.some(pattern => pattern.test(`${text}.${type.name}`))
  if (!isWanted) return {}
  const {comment = ''} = column.declared ?? {}
  // DECIMAL always has both, whatever is written: (10, 0).
  const scale = type.scale ?? (column.type === 'decimal' ? 0 : null)
  return {
    '__debezium.source.column.type': type.name,
    ...(type.length === null ? {} : {'__debezium.source.column.length': String(type.length)}),
    ...(scale === null ? {} : {'__debezium.source.column.scale': String(scale)}),
    ...(comments && comment !== '' ? {'__debezium.source.column.comment': comment} : {}),
    '__debezium.source.column.name': column.name,
  }
}
