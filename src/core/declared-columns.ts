// Columns with what only the table's definition says of them.

import type {ColumnShape, DeclaredColumn, TableShape} from './table-shape.ts'

/** By column name. */
export type DeclaredColumns = ReadonlyMap<string, DeclaredColumn>

export const NOTHING_DECLARED: DeclaredColumns = new Map()

/** The shape with what is known of its columns; a column that is of another type by now stays without. */
export function withDeclared(shape: TableShape, declared: DeclaredColumns): TableShape {
  if (declared.size === 0) return shape
  const columns = shape.columns.map(column => {
    const found = declared.get(column.name)
    return found !== undefined && isSameType(column, found) ? {...column, declared: found} : column
  })
  return {...shape, columns}
}

const SPATIAL = /^(?:geometry|linestring|polygon|multi|geom)/

function isSameType(column: ColumnShape, {type}: DeclaredColumn): boolean {
  const name = type.toLowerCase()
  if (column.type === 'geometry') return SPATIAL.test(name)
  return /^\w+/.exec(name)?.[0] === column.type && /\bunsigned\b/.test(name) === column.unsigned
}
