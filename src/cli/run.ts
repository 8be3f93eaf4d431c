// `tidemark run`: capture until SIGINT or SIGTERM, then flush, store, exit; SIGHUP has the configuration read again.

import type {Command} from 'commander'
import {optionHelp} from '../config/option-docs.ts'
import {runTask} from '../task/run-task.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {createLogger} from './logger.ts'
import {packageCommit, packageVersion} from './package-version.ts'

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
  const secrets = [...settings.secrets]
  const log = createLogger({level: settings.logLevel, task: settings.name, secrets})
  const version = packageVersion()
  log.info({version, node: process.version, pid: process.pid}, 'tidemark')
  for (const warning of loaded.warnings) log.warn({}, warning)
  for (const note of loaded.notes) log.info({}, note)
  const origin = {
    path,
    env: context.env,
    loaded,
    onReload: (listener: () => void) => context.onReload(listener),
    hide: (more: readonly string[]) => {
      secrets.push(...more.filter(secret => !secrets.includes(secret)))
      context.hide(more)
    },
  }
  await runTask(settings, {log, signal: context.stopSignal(), version, commit: packageCommit(), origin})
}
