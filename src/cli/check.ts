// `tidemark check`: every prerequisite in one line each: ok, or what is wrong and the statement that mends it.

import type {Command} from 'commander'
import type {Settings} from '../config/settings.ts'
import {optionHelp} from '../config/option-docs.ts'
import {stateName} from '../config/state-settings.ts'
import {SILENT} from '../core/log.ts'
import {openConnection} from '../mysql/connections.ts'
import type {PrerequisiteResult} from '../mysql/prerequisite.ts'
import {checkPrerequisites, prerequisiteText} from '../mysql/prerequisites.ts'
import {decodeCheckpoint, type StoredOffset} from '../state/checkpoint.ts'
import {readState} from '../state/read-state.ts'
import {eventPrerequisites} from '../task/event-prerequisites.ts'
import {checkSinkAndState} from './check-sink.ts'
import {loadForCommand, printWarnings, type CommandContext} from './command-context.ts'
import {EXIT_PREREQUISITE} from './exit-code.ts'

const STATE_PATIENCE_MS = 10_000

export function registerCheck(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('check every prerequisite of server, grants and signal table; changes nothing')
    .argument('<config>', 'JSON or .properties file')
    .addHelpText('after', () => optionHelp())
    .action((path: string) => check(path, context))
}

async function check(path: string, context: CommandContext): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  for (const note of loaded.ignored) context.printError(`note: ${note}`)
  const results = [...(await readPrerequisites(loaded.settings)), ...(await checkSinkAndState(loaded.settings))]
  for (const result of results) context.print(prerequisiteText(result))
  const failed = results.filter(result => result.ok === 'failed').length
  const warnings = results.filter(result => result.ok === 'warning').length
  if (failed > 0) {
    context.setExitCode(EXIT_PREREQUISITE)
    const are = failed === 1 ? '1 prerequisite is' : `${failed} prerequisites are`
    context.printError(`tidemark: ${are} not met; run the statements above and check again`)
  } else {
    context.print(warnings === 0 ? 'all prerequisites are met' : `all prerequisites are met, with ${warnings} warnings`)
  }
}

async function readPrerequisites(settings: Settings): Promise<PrerequisiteResult[]> {
  const storedOffset = await readStoredOffset(settings)
  const connection = await openConnection(settings.database, 'check')
  try {
    return [
      ...(await checkPrerequisites(connection, settings, {storedOffset})),
      ...(await eventPrerequisites(connection, settings)),
    ]
  } finally {
    connection.destroy()
  }
}

/**
 * Where a task would go on. Reads the state without owning it, so that it can be asked beside a running task. Brokers that
 * are away are told of by the check of the sink.
 */
async function readStoredOffset(settings: Settings): Promise<StoredOffset | null> {
  const patience = AbortSignal.timeout(STATE_PATIENCE_MS)
  const stored = await readState(settings, {log: SILENT, signal: patience}).catch((error: unknown) => {
    if (patience.aborted) return null
    throw error
  })
  return stored === null ? null : decodeCheckpoint(stored, stateName(settings.state)).offset
}
