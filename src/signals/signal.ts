// Signals as Debezium's users write them: `(id, type, data)` with JSON in data. Parsing tells what is wrong in words that
// the sender can act on; nothing is silently ignored.

import {createHash} from 'node:crypto'
import {javaRegex} from '../config/java-regex.ts'
import {jsonErrorPlace} from '../config/json-place.ts'
import {assertNever} from '../core/tidemark-error.ts'
import type {SnapshotTerms} from '../snapshot/snapshot-plan.ts'

/** A signal as it came, from any channel. */
export interface SignalRecord {
  readonly id: string
  readonly type: string
  /** JSON text of an object; null and '' stand for `{}`. */
  readonly data: string | null
  readonly channel: SignalChannelName
  /** Names this very occurrence, so that the same one is acted on once: GTID or place and row; topic, partition and offset. */
  readonly occurrence: string
  /** What the channel found wrong with it already: it is rejected with this reason. */
  readonly broken?: string
}

export type SignalChannelName = 'source' | 'kafka' | 'file' | 'http' | 'program'

/** The sender's id; where it left that empty, a UUID that is always the same for this occurrence. */
export function signalId({id, occurrence}: Pick<SignalRecord, 'id' | 'occurrence'>): string {
  if (id !== '') return id
  const hash = createHash('sha256').update(occurrence).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export interface AdditionalCondition {
  /** Java regular expression for `database.table`, case-insensitive, full match. */
  readonly collection: RegExp
  readonly filter: string
}

export type Signal =
  | {
      readonly type: 'execute-snapshot'
      readonly collections: readonly CollectionPattern[]
      readonly conditions: readonly AdditionalCondition[]
      readonly surrogateKey: readonly string[] | null
      readonly terms: SnapshotTerms
    }
  /** `collections` null: everything. */
  | {readonly type: 'stop-snapshot'; readonly collections: readonly CollectionPattern[] | null}
  /** All snapshots; data is not read, as in Debezium. */
  | {readonly type: 'pause-snapshot' | 'resume-snapshot'}
  | {readonly type: 'log'; readonly message: string}

/** One entry of `data-collections`: a table's name or a regular expression that matches whole names, case-sensitive. */
export interface CollectionPattern {
  readonly text: string
  readonly expression: RegExp
}

export type ParsedSignal = {readonly ok: true; readonly signal: Signal} | {readonly ok: false; readonly reason: string}

/** As of incremental.snapshot.chunk.size. */
const MOST_CHUNK_ROWS = 1_000_000

const TYPES = ['execute-snapshot', 'stop-snapshot', 'pause-snapshot', 'resume-snapshot', 'log'] as const

/** Thrown inside the parser; its message is the reason of the rejection. */
class Rejection extends Error {}

export function parseSignal(record: SignalRecord): ParsedSignal {
  if (record.broken !== undefined) return {ok: false, reason: record.broken}
  try {
    const type = TYPES.find(known => known === record.type)
    if (type === undefined) {
      throw new Rejection(`unknown signal type ${JSON.stringify(record.type)}; known are ${TYPES.join(', ')}`)
    }
    return {ok: true, signal: parse(type, dataOf(record.data))}
  } catch (error) {
    if (error instanceof Rejection) return {ok: false, reason: error.message}
    throw error
  }
}

function parse(type: (typeof TYPES)[number], data: Record<string, unknown>): Signal {
  switch (type) {
    case 'execute-snapshot':
      return parseExecute(data)
    case 'stop-snapshot':
      // As in Debezium, which stops no blocking snapshot; here every kind can be stopped.
      if (snapshotTypeOf(data) === 'blocking') {
        throw new Rejection(
          'leave "type" out: stop-snapshot ends copies of every kind, "blocking" is none of its types',
        )
      }
      return {type, collections: data['data-collections'] === undefined ? null : collectionsOf(data)}
    case 'pause-snapshot':
    case 'resume-snapshot':
      return {type}
    case 'log': {
      const message = data['message']
      if (typeof message !== 'string' || message === '') throw new Rejection('"message" must be a text')
      return {type, message}
    }
    default:
      return assertNever(type)
  }
}

function parseExecute(data: Record<string, unknown>): Signal {
  const isBlocking = snapshotTypeOf(data) === 'blocking'
  if (data['additional-condition'] !== undefined) {
    throw new Rejection(
      '"additional-condition" is no longer read, and the whole table would be copied; ' +
        'write "additional-conditions": [{"data-collection": "db.table", "filter": "…"}]',
    )
  }
  return {
    type: 'execute-snapshot',
    collections: collectionsOf(data),
    conditions: conditionsOf(data['additional-conditions']),
    surrogateKey: surrogateKeyOf(data['surrogate-key']),
    terms: {...termsOf(data), ...(isBlocking ? {isBlocking} : {})},
  }
}

function dataOf(text: string | null): Record<string, unknown> {
  if (text === null || text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Rejection(`data is not JSON: ${jsonProblem(text)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Rejection('data must be a JSON object like {"data-collections": ["db.table"]}')
  }
  return value as Record<string, unknown>
}

/** Where a text stops being JSON, for people. */
export function jsonProblem(text: string): string {
  const {line, column} = jsonErrorPlace(text)
  return `unexpected text at line ${line}, column ${column}`
}

function snapshotTypeOf(data: Record<string, unknown>): 'incremental' | 'blocking' {
  const type = data['type']
  const text = typeof type === 'string' ? type.toLowerCase() : type
  if (text === undefined || text === 'incremental') return 'incremental'
  if (text === 'blocking') return 'blocking'
  throw new Rejection(`"type" must be "incremental" or "blocking", not ${JSON.stringify(type)}`)
}

function collectionsOf(data: Record<string, unknown>): CollectionPattern[] {
  const value = data['data-collections']
  if (!Array.isArray(value) || value.length === 0) {
    throw new Rejection('"data-collections" must be a list of table names like ["db.table"]')
  }
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw new Rejection('"data-collections" must hold texts only')
    const text = entry.trim()
    return {text, expression: compile(text, 'data-collections', {caseSensitive: true})}
  })
}

function conditionsOf(value: unknown): AdditionalCondition[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    throw new Rejection('"additional-conditions" must be a list of {"data-collection", "filter"}')
  }
  return value.map((entry: unknown) => {
    const {'data-collection': collection, filter} = (entry ?? {}) as Record<string, unknown>
    if (typeof collection !== 'string' || typeof filter !== 'string' || filter.trim() === '') {
      throw new Rejection('each of "additional-conditions" needs "data-collection" and "filter", both texts')
    }
    return {collection: compile(collection.trim(), 'additional-conditions', {caseSensitive: false}), filter}
  })
}

function surrogateKeyOf(value: unknown): readonly string[] | null {
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) return null
  if (typeof value !== 'string') throw new Rejection('"surrogate-key" must be the name of a column')
  return value.split(',').map(name => name.trim())
}

/** Our own additions to Debezium's data. */
function termsOf(data: Record<string, unknown>): SnapshotTerms {
  const chunkRows = wholeNumberOf(data, 'chunk-size', {minimum: 1, maximum: MOST_CHUNK_ROWS})
  const maxRowsPerSecond = wholeNumberOf(data, 'max-rows-per-second', {minimum: 1})
  const priority = wholeNumberOf(data, 'priority', {})
  return {
    ...(chunkRows === null ? {} : {chunkRows}),
    ...(maxRowsPerSecond === null ? {} : {maxRowsPerSecond}),
    ...(priority === null || priority === 0 ? {} : {priority}),
  }
}

function wholeNumberOf(
  data: Record<string, unknown>,
  name: string,
  {minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER}: {minimum?: number; maximum?: number},
): number | null {
  const value = data[name]
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value
  const from = minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`
  const to = maximum === Number.MAX_SAFE_INTEGER ? (from === '' ? '' : ' on') : ` to ${maximum}`
  throw new Rejection(`"${name}" must be a whole number${from}${to}, not ${JSON.stringify(value)}`)
}

function compile(text: string, where: string, {caseSensitive}: {caseSensitive: boolean}): RegExp {
  try {
    return javaRegex(text, {caseSensitive})
  } catch (error) {
    throw new Rejection(
      `${JSON.stringify(text)} in "${where}" is not a regular expression: ${(error as Error).message}`,
    )
  }
}
