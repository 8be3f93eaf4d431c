// `tidemark run`: capture until SIGINT or SIGTERM, then flush, store, exit.

import type {Command} from 'commander'
import {optionHelp} from '../config/option-docs.ts'
import {runTask} from '../task/run-task.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {createLogger} from './logger.ts'
import {packageVersion} from './package-version.ts'

export function registerRun(program: Command, context: CommandContext): void {
  program
    .command('run')
    .description('capture until SIGINT or SIGTERM, then flush, store, exit')
    .argument('<config>', 'JSON or .properties file')
    .addHelpText('after', () => optionHelp())
    .action((path: string) => run(path, context))
}

async function run(path: string, context: CommandContext): Promise<void> {
  const loaded = loadForCommand(path, context)
  const {settings} = loaded
  const log = createLogger({level: settings.logLevel, task: settings.name, secrets: settings.secrets})
  const version = packageVersion()
  log.info({version, node: process.version, pid: process.pid}, 'tidemark')
  for (const warning of loaded.warnings) log.warn({}, warning)
  for (const note of loaded.notes) log.info({}, note)
  await runTask(settings, {log, signal: context.stopSignal(), version})
}
