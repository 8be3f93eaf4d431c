// `tidemark status`: asks a running task over HTTP what it does, how far it is, how fast, and until when.

import {setTimeout as sleep} from 'node:timers/promises'
import type {Command} from 'commander'
import {describeError} from '../core/tidemark-error.ts'
import type {StatusReport} from '../task/status.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {ProgressBars} from './progress-bars.ts'
import {shownTables, signalLines, statusHeader, statusText} from './status-text.ts'
import {readStatus, taskAddress, type TaskAddress} from './task-client.ts'

interface StatusFlags {
  readonly watch?: boolean
  readonly json?: boolean
}

const WATCH_MS = 500
const SIGNALS_SHOWN = 3

export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('what a running task does, how far it is, how fast, until when')
    .argument('<config>', 'JSON or .properties file of the task')
    .option('--watch', 'keep it on the screen, with a progress bar for each table, until Ctrl-C')
    .option('--json', 'print the report as it comes; with --watch one line each time')
    .action((path: string, flags: StatusFlags) => status(context, path, flags))
}

async function status(context: CommandContext, path: string, flags: StatusFlags): Promise<void> {
  const {settings} = loadForCommand(path, context)
  const address = taskAddress(settings)
  if (flags.watch === true) {
    await watch(context, address, flags.json === true)
    return
  }
  const report = await readStatus(address)
  context.print(flags.json === true ? JSON.stringify(report, null, 2) : statusText(report))
}

async function watch(context: CommandContext, address: TaskAddress, json: boolean): Promise<void> {
  const signal = context.stopSignal()
  const bars = new ProgressBars({out: process.stdout, isTerminal: process.stdout.isTTY && !json})
  let last: StatusReport | null = null
  try {
    while (!signal.aborted) {
      let away: string | null = null
      try {
        last = await readStatus(address)
      } catch (error) {
        // A task that was there may be starting again.
        if (last === null || json) throw error
        away = describeError(error).message
      }
      if (json) context.print(JSON.stringify(last))
      else bars.show(shownTables(last), statusHeader(last, away), signalLines(last, SIGNALS_SHOWN))
      await sleep(WATCH_MS, undefined, {signal}).catch(() => undefined)
    }
  } finally {
    bars.close()
  }
}
