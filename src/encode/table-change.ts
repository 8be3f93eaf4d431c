// A table's definition as Debezium tells it in schema change events: as its parser reads the statement that SHOW CREATE
// TABLE gives, oddities included.

import type {ColumnDefinition, TableDefinition} from '../core/table-definition.ts'
import type {TableId} from '../core/table-id.ts'

/** `table` null: it is gone. */
export interface TableChange {
  readonly type: 'CREATE' | 'ALTER' | 'DROP'
  readonly id: TableId
  readonly table: TableDefinition | null
}

/** Members in the order of the schema. */
export function tableChangeStruct({type, id, table}: TableChange, {comments}: {readonly comments: boolean}): object {
  return {
    type,
    id: `${doubleQuoted(id.database)}.${doubleQuoted(id.table)}`,
    table:
      table === null
        ? null
        : {
            defaultCharsetName: table.charset,
            primaryKeyColumnNames: table.primaryKey,
            columns: table.columns.map((column, index) => columnStruct(column, {position: index + 1, comments})),
            comment: commentOf(table.comment, comments),
          },
  }
}

function columnStruct(
  column: ColumnDefinition,
  {position, comments}: {readonly position: number; readonly comments: boolean},
): object {
  const {base, name, arguments: given} = typeParts(column.type)
  const labels = base === 'enum' || base === 'set' ? labelsOf(given) : null
  const sizes =
    labels === null && HAS_SIZE.has(base)
      ? given
          .split(',')
          .filter(size => size !== '')
          .map(Number)
      : []
  const isAutomatic = /auto_increment|on update/i.test(column.extra)
  return {
    name: column.name,
    jdbcType: JDBC_TYPES[base] ?? OTHER,
    nativeType: null,
    typeName: name,
    typeExpression: name,
    charsetName: column.charset,
    length: labels === null ? (sizes[0] ?? null) : base === 'enum' ? 1 : Math.max(0, labels.length * 2 - 1),
    scale: sizes[1] ?? null,
    position,
    optional: column.nullable,
    autoIncremented: isAutomatic,
    generated: isAutomatic,
    comment: commentOf(column.comment, comments),
    defaultValueExpression: defaultOf(column),
    enumValues: labels,
  }
}

const OTHER = 1111
/** java.sql.Types, as Debezium chooses them. */
const JDBC_TYPES: Readonly<Record<string, number>> = {
  ...{tinyint: 5, smallint: 5, mediumint: 4, int: 4, bigint: -5, year: 4, bit: -7},
  ...{decimal: 3, float: 6, double: 8},
  ...{char: 1, varchar: 12, tinytext: 12, text: 12, mediumtext: 12, longtext: 12, enum: 1, set: 1},
  ...{binary: -2, varbinary: -3, tinyblob: 2004, blob: 2004, mediumblob: 2004, longblob: 2004},
  ...{date: 91, time: 92, datetime: 93, timestamp: 2014},
}
const HAS_SIZE: ReadonlySet<string> = new Set([
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'bit'],
  ...['char', 'varchar', 'binary', 'varbinary', 'time', 'datetime', 'timestamp', 'vector'],
])

/** `decimal(10,2) unsigned` is the type decimal, named DECIMAL UNSIGNED, with the arguments 10,2. */
function typeParts(type: string): {base: string; name: string; arguments: string} {
  const [, base = type, given = '', rest = ''] = /^(\w+)(?:\((.*)\))?([\w ]*)$/s.exec(type) ?? []
  // Its grammar takes BINARY for a type and for an attribute at once.
  const name = base === 'binary' ? 'BINARY BINARY' : base
  return {base, name: `${name}${rest}`.toUpperCase(), arguments: given}
}

/** Quoted, as they stand in the definition. */
function labelsOf(list: string): string[] {
  return list.match(/'(?:[^']|'')*'/g) ?? []
}

function defaultOf({defaultValue, type, extra}: ColumnDefinition): string | null {
  if (defaultValue === null) return null
  if (/^(?:CURRENT_TIMESTAMP|NOW)\b/i.test(defaultValue)) return '1970-01-01 00:00:00'
  if (/DEFAULT_GENERATED/i.test(extra)) return null
  if (type.startsWith('bit')) return defaultValue.replace(/^b'([01]*)'$/, '$1')
  const hex = /^(?:var)?binary/.test(type) ? /^0x([0-9A-Fa-f]*)$/.exec(defaultValue) : null
  return escaped(hex === null ? defaultValue : Buffer.from(hex[1]!, 'hex').toString('latin1'))
}

const ESCAPES: Readonly<Record<string, string>> = {'\0': '\\0', '\n': '\\n', '\r': '\\r', '\\': '\\\\', "'": "''"}

/** As SHOW CREATE TABLE writes it between its quotes. */
function escaped(text: string): string {
  return text.replace(/[\0\n\r\\']/g, character => ESCAPES[character]!)
}

function commentOf(comment: string, comments: boolean): string | null {
  return comments && comment !== '' ? comment : null
}

function doubleQuoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
