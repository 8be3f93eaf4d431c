// SQL for chunks and maximum keys; pure.

import type {TableId} from '../core/table-id.ts'
import {quoteIdentifier, quoteTable} from '../mysql/identifiers.ts'
import type {ChunkKey, KeyValues} from './chunk-key.ts'

export interface ChunkRange {
  readonly table: TableId
  readonly key: ChunkKey
  /** Rows whose key lies behind `after` (exclusive; null: from the first) ... */
  readonly after: KeyValues | null
  /** ... up to `upTo` (inclusive; null: to the last). */
  readonly upTo: KeyValues | null
  /** The signal's filter, verbatim. */
  readonly condition: string | null
}

/** Rows of one chunk in MySQL's own key order: `selectList`, then the key's own expressions where it has some. */
export function chunkQuery(range: ChunkRange, selectList: readonly string[], limit: number): string {
  const extra = range.key.flatMap(column => column.expression ?? [])
  const list = [...selectList, ...extra].join(', ')
  return `SELECT ${list} FROM ${quoteTable(range.table)}${where(range)} ORDER BY ${order(range.key, '')} LIMIT ${limit}`
}

/** The table's last key: read once, after a mark, so that rows that come later are the stream's alone. */
export function maximumKeyQuery(table: TableId, key: ChunkKey, condition: string | null): string {
  const list = key.map(column => column.expression ?? quoteIdentifier(column.name)).join(', ')
  const filter = condition === null ? '' : ` WHERE (${condition})`
  return `SELECT ${list} FROM ${quoteTable(table)}${filter} ORDER BY ${order(key, ' DESC')} LIMIT 1`
}

/** The key `rows` rows behind `after`: where one range ends and the next begins. */
export function boundaryQuery(range: ChunkRange, rows: number): string {
  const list = range.key.map(column => column.expression ?? quoteIdentifier(column.name)).join(', ')
  return `SELECT ${list} FROM ${quoteTable(range.table)}${where({...range, condition: null})} ORDER BY ${order(range.key, '')} LIMIT 1 OFFSET ${rows}`
}

function where(range: ChunkRange): string {
  const conditions: string[] = []
  if (range.after !== null) conditions.push(behind(range.key, range.after, '>'))
  if (range.upTo !== null) conditions.push(notBehind(range.key, range.upTo))
  if (range.condition !== null) conditions.push(`(${range.condition})`)
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}

// `k1 >= v1 AND (k1 > v1 OR (k1 = v1 AND k2 > v2))`: the leading comparison is what MySQL's range access uses; without
// it, or with a row constructor, the plan becomes a scan of the whole index.
function behind(key: ChunkKey, values: KeyValues, strict: '>' | '<'): string {
  const first = quoteIdentifier(key[0]!.name)
  if (key.length === 1) return `${first} ${strict} ${values[0]!}`
  return `${first} ${strict}= ${values[0]!} AND (${ladder(key, values, strict, strict)})`
}

function notBehind(key: ChunkKey, values: KeyValues): string {
  const first = quoteIdentifier(key[0]!.name)
  if (key.length === 1) return `${first} <= ${values[0]!}`
  return `${first} <= ${values[0]!} AND (${ladder(key, values, '<', '<=')})`
}

function ladder(key: ChunkKey, values: KeyValues, inner: string, last: string): string {
  const steps = key.map((column, i) => {
    const equal = key.slice(0, i).map((before, j) => `${quoteIdentifier(before.name)} = ${values[j]!}`)
    const operator = i === key.length - 1 ? last : inner
    const step = [...equal, `${quoteIdentifier(column.name)} ${operator} ${values[i]!}`].join(' AND ')
    return i === 0 ? step : `(${step})`
  })
  return steps.join(' OR ')
}

function order(key: ChunkKey, direction: string): string {
  return key.map(column => `${quoteIdentifier(column.name)}${direction}`).join(', ')
}
