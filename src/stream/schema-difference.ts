// Whether a definition fits an event: everything that an event without names still says of its columns.

import type {StreamTable} from '../binlog/binlog-events.ts'
import type {ColumnShape, TableShape} from '../core/table-shape.ts'

/** What does not fit, as `found …, wanted …`; null where nothing contradicts. */
export function schemaDifference(shape: TableShape, {shape: event, layout}: StreamTable): string | null {
  if (shape.columns.length !== event.columns.length) {
    return `the event has ${event.columns.length} columns, the definition ${shape.columns.length}`
  }
  for (const [i, column] of shape.columns.entries()) {
    const known = columnText(column)
    const found = columnText(event.columns[i]!)
    const packBytes = layout.metadata[i]! >> 8
    const place = `column ${i + 1} is`
    if (known !== found) return `${place} ${found} in the event and ${known} (${column.name}) in the definition`
    if (column.labels !== null && labelBytes(column.type, column.labels.length) !== packBytes) {
      return `${place} ${column.type} of ${packBytes} bytes in the event and of ${column.labels.length} values (${column.name}) in the definition`
    }
  }
  return null
}

/** Character sets of enum and set columns are only in full metadata. */
function columnText(column: ColumnShape): string {
  const {type, unsigned, nullable, length, precision, scale, fraction, charset} = column
  const size = precision === null ? (length ?? (fraction > 0 ? fraction : null)) : `${precision},${scale ?? 0}`
  return [
    size === null ? type : `${type}(${size})`,
    ...(unsigned ? ['unsigned'] : []),
    ...(charset === null || type === 'enum' || type === 'set' ? [] : [charset]),
    ...(nullable ? [] : ['NOT NULL']),
  ].join(' ')
}

/** As the server packs them (sql/field.cc). */
function labelBytes(type: string, labels: number): number {
  if (type === 'enum') return labels < 256 ? 1 : 2
  const bytes = (labels + 7) >> 3
  return bytes > 4 ? 8 : bytes
}
