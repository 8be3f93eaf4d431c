// The tables to compare: which there are, how their rows are encoded, and whether their keys can carry a comparison.

import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {NOTHING_DECLARED, withDeclared} from '../core/declared-columns.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {shapeFingerprint, type TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import {needsDeclared} from '../encode/output-columns.ts'
import {encoderOptions} from '../encode/encoder-options.ts'
import type {RowEncoder} from '../encode/row-encoder.ts'
import {tableRoute} from '../encode/topic-routing.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {readDeclaredColumns} from '../mysql/declared-columns.ts'
import {isUnique, readKeys, readTables, readTableShape} from '../mysql/schema-reader.ts'
import {keysOf} from '../snapshot/table-keys.ts'
import type {TableTopic} from './topic-tables.ts'

export interface VerifiedTable extends TableTopic {
  readonly encoder: RowEncoder
  /** No key of any kind: it is compared as a multiset of full rows. */
  readonly isKeyless: boolean
}

/** The tables named, or every captured one but the signal table. Throws TIDEMARK_VERIFY_… for what cannot be compared. */
export async function describeTables(
  connection: MysqlConnection,
  settings: Settings,
  names: readonly string[],
): Promise<VerifiedTable[]> {
  const ids = await chooseTables(connection, settings, names)
  const tables: VerifiedTable[] = []
  for (const id of ids) tables.push(await describeTable(connection, settings, id))
  return tables
}

/** Throws TIDEMARK_VERIFY_TABLE_CHANGED where a table's definition is no longer what its rows were read with. */
export async function assertSameShapes(connection: MysqlConnection, tables: readonly VerifiedTable[]): Promise<void> {
  for (const {id, text, encoder} of tables) {
    const shape = await readTableShape(connection, id)
    if (shape !== null && shapeFingerprint(shape) === shapeFingerprint(encoder.shape)) continue
    throw new TidemarkError(
      'TIDEMARK_VERIFY_TABLE_CHANGED',
      `the definition of ${text} was changed while it was read; verify again`,
    )
  }
}

async function chooseTables(
  connection: MysqlConnection,
  settings: Settings,
  names: readonly string[],
): Promise<TableId[]> {
  const isCaptured = createTableFilter(settings)
  const known = await readTables(connection, id => isCaptured(id) || isSignalTable(settings, id))
  if (names.length === 0) {
    const captured = known.filter(id => !isSignalTable(settings, id))
    if (captured.length > 0) return captured
    throw unknownTable('there is no table to verify: the filters match no table that this user may see', known)
  }
  return [...new Set(names)].map(name => {
    const found = known.find(id => tableIdText(id) === name)
    if (found !== undefined) return found
    throw unknownTable(`${name} is not captured: the filters leave it out, or the server has no such table`, known)
  })
}

async function describeTable(connection: MysqlConnection, settings: Settings, id: TableId): Promise<VerifiedTable> {
  const text = tableIdText(id)
  const found = await readTableShape(connection, id)
  if (found === null) throw unknownTable(`${text} was dropped just now`, [])
  const [declared = NOTHING_DECLARED] = needsDeclared(settings.events)
    ? await readDeclaredColumns(connection, [id])
    : []
  const shape = withDeclared(found, declared)
  const messageKey = await uniqueMessageKey(connection, settings, shape)
  const rowKey = messageKey ?? []
  const options = encoderOptions(settings.events)
  const {topic, keyFields} = tableRoute(settings.events, id)
  return {
    id,
    text,
    topic,
    keyFields,
    encoder: compileRowEncoder({shape, messageKey: rowKey, rowKey, options}),
    isKeyless: messageKey === null,
  }
}

/**
 * Columns of the message key. A fold by key has one row for each key, so the key must tell rows apart. Null where the
 * table has no key of any kind, whatever message.key.columns makes its events' key.
 */
async function uniqueMessageKey(
  connection: MysqlConnection,
  settings: Settings,
  shape: TableShape,
): Promise<readonly number[] | null> {
  const text = tableIdText(shape.id)
  const keys = await readKeys(connection, shape.id)
  const {messageKey, rowKey} = await keysOf(shape, settings.events, {
    uniqueKey: () => Promise.resolve(keys[0]?.columns ?? null),
    isUnique: (_table, columns) => Promise.resolve(isUnique(keys, columns)),
  })
  if (rowKey.length === 0) return null
  const columns = messageKey.map(index => shape.columns[index]!.name)
  if (isUnique(keys, columns)) return messageKey
  throw new TidemarkError(
    'TIDEMARK_VERIFY_KEY_NOT_UNIQUE',
    `cannot verify ${text}: its message key (${columns.join(', ')}), set by message.key.columns, is not unique among its ` +
      'rows, so a fold by key keeps only one of several; name the other tables on the command line',
  )
}

function unknownTable(what: string, known: readonly TableId[]): TidemarkError {
  const shown = known.slice(0, 10).map(tableIdText).join(', ')
  const more = known.length > 10 ? ` and ${known.length - 10} more` : ''
  const hint = known.length === 0 ? 'mend table.include.list' : `captured are ${shown}${more}`
  return new TidemarkError('TIDEMARK_VERIFY_UNKNOWN_TABLE', `${what}; ${hint}`, {kind: 'configuration'})
}
