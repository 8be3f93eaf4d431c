// A Debezium MySQL connector's stored offset, as Connect keeps and shows it. Pure.

import {TidemarkError} from '../core/tidemark-error.ts'
import {readJavaArray, type JavaValue} from './java-serialized.ts'

export interface DebeziumOffset {
  readonly file: string
  readonly pos: number
  /** Executed before the open transaction; null without GTIDs. */
  readonly gtids: string | null
  /** Events of the open transaction that are done, its BEGIN counted; 0 outside of one. */
  readonly event: number
  /** Rows of the event behind those that were emitted. */
  readonly row: number
  readonly snapshot: DebeziumSnapshot | null
}

/** The incremental snapshot that was running. */
export interface DebeziumSnapshot {
  /** The signal's id; null where the connector did not keep it. */
  readonly id: string | null
  /** In order; the first is being copied. */
  readonly tables: readonly DebeziumTable[]
  /** Of the first table: the last key emitted, and where its copy ends. Null: it has not begun. */
  readonly lastKey: readonly JavaValue[] | null
  readonly maximumKey: readonly JavaValue[] | null
}

export interface DebeziumTable {
  readonly database: string
  readonly table: string
  readonly condition: string | null
  readonly surrogateKey: string | null
}

type Members = Readonly<Record<string, unknown>>

/**
 * From the offset itself, or from what Connect's GET /connectors/NAME/offsets answers. Throws
 * TIDEMARK_STATE_DEBEZIUM_OFFSET.
 */
export function readDebeziumOffset(text: string, topicPrefix: string): DebeziumOffset {
  const offset = offsetOf(parse(text), topicPrefix)
  const {file, snapshot} = offset
  if (typeof file !== 'string' || file === '') throw wrong('it has no binlog file ("file")')
  if (typeof snapshot === 'string' && /^(initial|blocking)$/i.test(snapshot)) {
    throw wrong(
      `its snapshot "${snapshot}" had not ended, and its rows cannot be told apart from those to come; let it end first, ` +
        'or start without the offset and let Tidemark copy the tables (snapshot.mode=initial)',
    )
  }
  return {
    file,
    pos: whole(offset, 'pos'),
    gtids: typeof offset['gtids'] === 'string' ? offset['gtids'].replaceAll(/\s/g, '') : null,
    event: whole(offset, 'event'),
    row: whole(offset, 'row'),
    snapshot: snapshotOf(offset),
  }
}

function offsetOf(value: Members, topicPrefix: string): Members {
  const {offsets} = value
  if (!Array.isArray(offsets)) return value
  const found = (offsets as readonly {partition?: {server?: unknown}; offset?: unknown}[]).find(
    ({partition}) => partition?.server === topicPrefix,
  )
  if (typeof found?.offset === 'object' && found.offset !== null) return found.offset as Members
  throw wrong(`it has no offset of a server "${topicPrefix}" (topic.prefix)`)
}

function snapshotOf(offset: Members): DebeziumSnapshot | null {
  const text = offset['incremental_snapshot_collections']
  if (typeof text !== 'string' || text === '') return null
  const tables = list(text).map(tableOf)
  if (tables.length === 0) return null
  const id = offset['incremental_snapshot_correlation_id']
  return {
    id: typeof id === 'string' ? id : null,
    tables,
    lastKey: keyOf(offset['incremental_snapshot_primary_key']),
    maximumKey: keyOf(offset['incremental_snapshot_maximum_key']),
  }
}

function tableOf(item: Members): DebeziumTable {
  const text = (name: string): string | null => {
    const value = item[`incremental_snapshot_collections_${name}`]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const id = text('id') ?? ''
  const dot = id.indexOf('.')
  if (dot < 1 || dot === id.length - 1) throw wrong(`its snapshot names "${id}", wanted database.table`)
  return {
    database: id.slice(0, dot),
    table: id.slice(dot + 1),
    condition: text('additional_condition'),
    surrogateKey: text('surrogate_key'),
  }
}

function keyOf(value: unknown): readonly JavaValue[] | null {
  return typeof value === 'string' ? readJavaArray(Buffer.from(value, 'hex')) : null
}

function list(text: string): readonly Members[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value as readonly Members[]
  } catch {
    // Told below.
  }
  throw wrong('its incremental_snapshot_collections is no JSON list')
}

function parse(text: string): Members {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  } catch (cause) {
    throw wrong('it is no JSON', cause)
  }
  throw wrong('it is no JSON object')
}

function whole(offset: Members, name: string): number {
  const value = offset[name] ?? 0
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(`its "${name}" is no whole number`)
}

function wrong(what: string, cause?: unknown): TidemarkError {
  return new TidemarkError('TIDEMARK_STATE_DEBEZIUM_OFFSET', `cannot go on from Debezium's offset: ${what}`, {
    kind: 'configuration',
    cause,
  })
}
