// Which tables a plan is about: those that patterns match, as a signal's data-collections would, else all that are captured.

import {distance} from 'fastest-levenshtein'
import {javaRegex} from '../config/java-regex.ts'
import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {readTables} from '../mysql/schema-reader.ts'

const NAMES_SHOWN = 10
const NEAR_STEPS = 5

/** Throws TIDEMARK_PLAN_UNKNOWN_TABLE for a pattern that matches nothing, TIDEMARK_PLAN_USAGE for one that is none. */
export async function chooseTables(
  connection: MysqlConnection,
  settings: Settings,
  patterns: readonly string[],
): Promise<TableId[]> {
  const isCaptured = createTableFilter(settings)
  const captured = await readTables(connection, id => isCaptured(id) && !isSignalTable(settings, id))
  return matchingTables(captured, patterns)
}

/** In the order of the patterns, each table once. */
export function matchingTables(captured: readonly TableId[], patterns: readonly string[]): TableId[] {
  if (captured.length === 0) {
    throw unknownTable('there is no table to plan for: the filters match no table that this user may see', '')
  }
  if (patterns.length === 0) return [...captured]
  const chosen = new Set<TableId>()
  for (const pattern of patterns) {
    const expression = compile(pattern)
    const found = captured.filter(id => expression.test(tableIdText(id)))
    if (found.length === 0) throw unknownTable(`no captured table matches "${pattern}"`, hint(pattern, captured))
    for (const id of found) chosen.add(id)
  }
  return [...chosen]
}

function compile(pattern: string): RegExp {
  try {
    return javaRegex(pattern, {caseSensitive: true})
  } catch (cause) {
    throw new TidemarkError(
      'TIDEMARK_PLAN_USAGE',
      `"${pattern}" is not a regular expression: ${(cause as Error).message}; wanted database.table, or a pattern for whole names`,
      {kind: 'configuration', cause},
    )
  }
}

function hint(pattern: string, captured: readonly TableId[]): string {
  const names = captured.map(tableIdText)
  const [nearest] = names
    .map(name => ({name, steps: distance(name.toLowerCase(), pattern.toLowerCase())}))
    .sort((a, b) => a.steps - b.steps)
  if (nearest !== undefined && nearest.steps <= NEAR_STEPS) return `did you mean ${nearest.name}?`
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''
  return `captured are ${names.slice(0, NAMES_SHOWN).join(', ')}${more}`
}

function unknownTable(what: string, told: string): TidemarkError {
  const advice = told === '' ? 'mend table.include.list' : told
  return new TidemarkError('TIDEMARK_PLAN_UNKNOWN_TABLE', `${what}; ${advice}`, {kind: 'configuration'})
}
