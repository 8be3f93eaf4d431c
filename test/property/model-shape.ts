// The table of the model: a key and a version.

import {NO_COLUMN_RULES} from '../../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES} from '../../src/config/value-modes.ts'
import type {ColumnShape, TableShape} from '../../src/core/table-shape.ts'
import {AS_THEY_ARE} from '../../src/encode/output-columns.ts'

export const NO_HEADERS_SETTINGS = {
  topicPrefix: 'm',
  valueSchemasEnabled: false,
  valueModes: DEFAULT_VALUE_MODES,
  columns: NO_COLUMN_RULES,
  ...AS_THEY_ARE,
}

export function modelShape(table: string): TableShape {
  return {id: {database: 'm', table}, columns: [integer('k'), integer('v')], primaryKey: [0]}
}

function integer(name: string): ColumnShape {
  return {
    name,
    type: 'int',
    unsigned: false,
    nullable: false,
    length: null,
    precision: null,
    scale: null,
    fraction: 0,
    charset: null,
    labels: null,
  }
}
