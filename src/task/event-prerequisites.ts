// Whether events can be made of the captured tables as they are configured: character sets, names of fields, converters,
// keys, and a topic for each table. What is found here at the start would otherwise stop the task at some later row.

import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {NOTHING_DECLARED, withDeclared} from '../core/declared-columns.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import {encoderOptions} from '../encode/encoder-options.ts'
import {needsDeclared} from '../encode/output-columns.ts'
import {topicName} from '../encode/topic-name.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {readDeclaredColumns} from '../mysql/declared-columns.ts'
import {passed, type PrerequisiteResult} from '../mysql/prerequisite.ts'
import {readTables, readTableShapes} from '../mysql/schema-reader.ts'

const TABLES_A_QUERY = 200
const SHOWN = 5

export async function eventPrerequisites(
  connection: MysqlConnection,
  settings: Settings,
): Promise<PrerequisiteResult[]> {
  const passes = createTableFilter(settings)
  const tables = await readTables(connection, id => passes(id) && !isSignalTable(settings, id))
  return [checkTopics(tables, settings), await checkColumns(connection, tables, settings)]
}

function checkTopics(tables: readonly TableId[], {events}: Settings): PrerequisiteResult {
  const name = 'a topic for each table'
  const byTopic = new Map<string, string[]>()
  for (const id of tables) {
    const topic = topicName(events, id)
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), tableIdText(id)])
  }
  const shared = [...byTopic].filter(([, owners]) => owners.length > 1)
  if (shared.length === 0) return passed(name, 'no two have the same name')
  return {
    name,
    ok: 'failed',
    found: some(shared.map(([topic, owners]) => `${topic} for ${owners.join(' and ')}`)),
    wanted: 'names that stay different when what no topic can be named becomes an underscore',
    statement: 'leave all but one of them out with table.exclude.list, rename them, or set another topic.delimiter',
  }
}

async function checkColumns(
  connection: MysqlConnection,
  tables: readonly TableId[],
  settings: Settings,
): Promise<PrerequisiteResult> {
  const name = 'columns as events'
  const found: string[] = []
  for (let from = 0; from < tables.length; from += TABLES_A_QUERY) {
    const ids = tables.slice(from, from + TABLES_A_QUERY)
    const shapes = await readTableShapes(connection, ids)
    const declared = needsDeclared(settings.events) ? await readDeclaredColumns(connection, ids) : []
    for (const [i, shape] of shapes.entries()) {
      // A type that is not known is another check's, and so is a table that went away.
      if (shape === null || shape instanceof TidemarkError) continue
      const problem = problemOf(withDeclared(shape, declared[i] ?? NOTHING_DECLARED), settings)
      if (problem !== null) found.push(problem)
    }
  }
  if (found.length === 0) return passed(name, 'every column has its form')
  return {
    name,
    ok: 'failed',
    found: some(found, '; '),
    wanted: 'columns that the configured events can carry',
    statement: 'do as it says there, or leave these tables out with table.exclude.list',
  }
}

function problemOf(shape: TableShape, {events}: Settings): string | null {
  const {primaryKey} = shape
  try {
    compileRowEncoder({shape, messageKey: primaryKey, rowKey: primaryKey, options: encoderOptions(events)})
    return null
  } catch (error) {
    if (error instanceof TidemarkError) return `${tableIdText(shape.id)}: ${error.message}`
    throw error
  }
}

function some(names: readonly string[], between = ', '): string {
  const rest = names.length - SHOWN
  return names.slice(0, SHOWN).join(between) + (rest > 0 ? ` and ${rest} more` : '')
}
