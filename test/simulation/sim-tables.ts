// Tables of the simulated server: columns, rows, and how both protocols spell a row.

import type {StreamTable} from '../../src/binlog/binlog-events.ts'
import type {TableShape} from '../../src/core/table-shape.ts'
import {column} from '../support/stream-parts.ts'

export const DATABASE = 'd'
export const SIGNAL_TABLE = 'signal'

/** Column values by name, numbers for INT. Rows are never changed in place. */
export type SimRow = Readonly<Record<string, number | string | null>>

export interface SimColumn {
  readonly name: string
  readonly type: 'int' | 'varchar'
  /** Characters of a VARCHAR. */
  readonly length: number
}

/** One definition of one table; a new object for each change. */
export interface SimDefinition {
  readonly table: string
  readonly columns: readonly SimColumn[]
  readonly key: readonly string[]
}

export function int(name: string): SimColumn {
  return {name, type: 'int', length: 0}
}

export function varchar(name: string, length: number): SimColumn {
  return {name, type: 'varchar', length}
}

/** `v` is the number of the write that made the row, so that two states of a row can be told apart and put in order. */
export const CAPTURED: readonly SimDefinition[] = [
  {table: 'a', columns: [int('id'), int('v')], key: ['id']},
  {table: 'b', columns: [int('id'), int('v')], key: ['id']},
  {table: 'c', columns: [int('g'), int('v'), int('id')], key: ['g', 'id']},
]

/** Tables without a key: equal rows are frequent. `_row` is the server's own number of a row, which nobody sees. */
export const KEYLESS: readonly SimDefinition[] = [
  {table: 'k', columns: [int('n'), varchar('t', 20)], key: []},
  {table: 'm', columns: [varchar('t', 20), int('n')], key: []},
]

export const SIGNALS: SimDefinition = {
  table: SIGNAL_TABLE,
  columns: [varchar('id', 42), varchar('type', 32), varchar('data', 2048)],
  key: ['id'],
}

export function isKeyless({key}: SimDefinition): boolean {
  return key.length === 0
}

/** The primary key's values as text; equal for one row of the table. */
export function keyOf(definition: SimDefinition, row: SimRow): string {
  if (isKeyless(definition)) return String(row['_row'])
  return definition.key.map(name => String(row[name])).join(',')
}

export function shapeOf({table, columns, key}: SimDefinition): TableShape {
  return {
    id: {database: DATABASE, table},
    columns: columns.map(({name, type, length}) =>
      type === 'int' ? column(name, 'int') : column(name, 'varchar', {length, nullable: !key.includes(name)}),
    ),
    primaryKey: key.map(name => columns.findIndex(each => each.name === name)),
  }
}

/** A new object for each connection that streams it. */
export function streamTableOf(definition: SimDefinition): StreamTable {
  const {columns} = definition
  return {
    shape: shapeOf(definition),
    layout: {
      types: Uint8Array.from(columns, ({type}) => (type === 'int' ? 3 : 15)),
      metadata: Uint16Array.from(columns, ({length}) => length * 4),
    },
  }
}

/** A full row image of the binlog. */
export function imageOf({columns}: SimDefinition, row: SimRow): Buffer {
  const nulls = Buffer.alloc((columns.length + 7) >> 3)
  const parts: Buffer[] = [nulls]
  for (const [i, {name, type, length}] of columns.entries()) {
    const value = row[name] ?? null
    if (value === null) {
      nulls[i >> 3]! |= 1 << (i & 7)
    } else if (type === 'int') {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32LE(Number(value))
      parts.push(bytes)
    } else {
      const text = Buffer.from(String(value))
      const prefix = Buffer.alloc(length * 4 > 255 ? 2 : 1)
      prefix.writeUIntLE(text.length, 0, prefix.length)
      parts.push(prefix, text)
    }
  }
  return Buffer.concat(parts)
}

/** A row packet of the text protocol, behind a header of four bytes. */
export function packetOf(values: readonly (number | string | null | undefined)[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(4)]
  for (const value of values) {
    if (value === null || value === undefined) {
      parts.push(Buffer.of(0xfb))
      continue
    }
    const text = Buffer.from(String(value))
    const prefix = text.length < 251 ? Buffer.of(text.length) : Buffer.of(0xfc, text.length & 0xff, text.length >> 8)
    parts.push(prefix, text)
  }
  return Buffer.concat(parts)
}
