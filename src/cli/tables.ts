// `tidemark tables`: which tables a task captures and since which position each is complete; has tables captured, or no
// longer, by changing the configuration and telling the running task.

import type {Command} from 'commander'
import {editConfigText, readConfigText} from '../config/config-file.ts'
import type {ConfigChanges} from '../config/config-changes.ts'
import {loadSettingsText, type LoadedSettings} from '../config/load-settings.ts'
import {addTable, removeTable, type TableListEdit, type TableListScope} from '../config/table-list-edit.ts'
import {writeConfig} from '../config/write-config.ts'
import {stateName} from '../config/state-settings.ts'
import {SILENT} from '../core/log.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {decodeCheckpoint} from '../state/checkpoint.ts'
import {readState} from '../state/read-state.ts'
import type {TableChanges} from '../task/captured-tables.ts'
import {storedTables} from '../task/known-tables.ts'
import type {CapturedTableStatus, StatusReport} from '../task/status.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {capturedTableLines, type ListedTables} from './status-text.ts'
import {patchConfig, readStatus, taskAddress} from './task-client.ts'

const STATE_PATIENCE_MS = 10_000

const EXPLANATION = `
  tidemark tables shop.json
  tidemark tables add shop.json shop.invoices shop.payments
  tidemark tables remove shop.json shop.payments

add and remove change table.include.list or table.exclude.list in the file. A running task begins again with the change at
once and goes on where it was; tables that are new to it are copied as snapshot.new.tables says. Where no task runs, only the
file is changed.`

type Edit = (table: TableId, scope: TableListScope) => TableListEdit

export function registerTables(program: Command, context: CommandContext): void {
  const tables = program
    .command('tables')
    .description('list the captured tables, or have tables captured or no longer captured, also while the task runs')
    .addHelpText('after', EXPLANATION)
  tables
    .command('list', {isDefault: true})
    .description(
      'captured tables, since which position each is complete, and which have diverged (what `tables CONFIG` does)',
    )
    .argument('<config>', 'JSON or .properties file')
    .option('--json', 'print one JSON object for each table')
    .action((path: string, flags: {readonly json?: boolean}) => list(context, path, flags.json === true))
  for (const [name, edit, does] of [
    ['add', addTable, 'have tables captured'],
    ['remove', removeTable, 'have tables captured no longer'],
  ] as const) {
    tables
      .command(name)
      .description(does)
      .argument('<config>', 'JSON or .properties file')
      .argument('<tables...>', 'names as database.table')
      .action((path: string, names: readonly string[]) => change(context, {path, names, edit}))
  }
}

async function list(context: CommandContext, path: string, json: boolean): Promise<void> {
  const {settings} = loadForCommand(path, context)
  const report = await runningTask(settings)
  const tables = report === null ? await listStored(settings) : report
  if (report === null) context.printError(`tidemark: no task answers; this is what ${stateName(settings.state)} says`)
  if (json) for (const table of tables.tables) context.print(JSON.stringify(table))
  else context.print(capturedTableLines(tables, Infinity).join('\n') || 'no table is captured')
}

async function listStored(settings: LoadedSettings['settings']): Promise<ListedTables> {
  const stored = await readState(settings, {log: SILENT, signal: AbortSignal.timeout(STATE_PATIENCE_MS)})
  if (stored === null) return {tables: [], diverged: []}
  const checkpoint = decodeCheckpoint(stored, stateName(settings.state))
  const diverged = new Set(checkpoint.diverged.map(({table}) => table))
  const tables: CapturedTableStatus[] = storedTables(checkpoint).map(({table, completeSince, left = null}) => {
    return {table, completeSince: diverged.has(table) ? null : completeSince, left}
  })
  return {tables, diverged: checkpoint.diverged}
}

/** Its status; null where none runs. */
async function runningTask(settings: LoadedSettings['settings']): Promise<StatusReport | null> {
  if (settings.http === null || settings.http.port === 0) return null
  try {
    const report = await readStatus(taskAddress(settings))
    return report.name === settings.name ? report : null
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'TIDEMARK_STATUS_UNREACHABLE') return null
    throw error
  }
}

async function change(
  context: CommandContext,
  {path, names, edit}: {path: string; names: readonly string[]; edit: Edit},
): Promise<void> {
  const {env} = context
  const before = readConfigText(path)
  let loaded = loadForCommand(path, context)
  const {settings} = loaded
  const changes = new Map<string, string | number | boolean | null>()
  const refused: string[] = []
  for (const name of names) {
    const edited = edit(tableIdOf(name), loaded)
    if (edited.type === 'refused') refused.push(edited.why)
    else if (edited.type === 'nothing') context.print(edited.why)
    else {
      for (const [key, value] of edited.changes) changes.set(key, value)
      loaded = loadSettingsText(editConfigText(before, changes), {env})
    }
  }
  if (refused.length > 0) {
    throw new TidemarkError('TIDEMARK_TABLES_REFUSED', ['nothing was changed:', ...refused].join('\n  '), {
      kind: 'configuration',
    })
  }
  if (changes.size === 0) return
  const isRunning = (await runningTask(settings)) !== null
  if (isRunning) await tell(context, settings, changes)
  else {
    await writeConfig(editConfigText(before, changes))
    context.print(`${changedKeys(changes)} changed in ${path}; no task answers, so it holds from the next start`)
  }
}

async function tell(
  context: CommandContext,
  settings: LoadedSettings['settings'],
  changes: ConfigChanges,
): Promise<void> {
  const answer = await patchConfig(taskAddress(settings), Object.fromEntries(changes))
  context.print(`${changedKeys(changes)} changed, the task has begun again with it`)
  for (const line of changeLines(answer)) context.print(line)
}

function changedKeys(changes: ConfigChanges): string {
  return [...changes.keys()].join(', ')
}

/** What the task has made of a change. */
function changeLines({added, returned, left, copied}: TableChanges): string[] {
  const captured = (table: string, how: string): string =>
    `${table}: ${how}, ${copied.includes(table) ? 'copied now' : 'only streamed from now on'}`
  return [
    ...added.map(table => captured(table, 'captured')),
    ...returned.map(table => captured(table, 'captured again')),
    ...left.map(table => `${table}: no longer captured`),
  ]
}

function tableIdOf(name: string): TableId {
  const dot = name.indexOf('.')
  if (dot < 1 || dot === name.length - 1) {
    throw new TidemarkError('TIDEMARK_TABLES_USAGE', `found "${name}", wanted a table as database.table`, {
      kind: 'configuration',
    })
  }
  return {database: name.slice(0, dot), table: name.slice(dot + 1)}
}
