// `tidemark status`: asks a running task over HTTP what it does, how far it is, how fast, and until when.

import type {Command} from 'commander'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {ProgressBars} from './progress-bars.ts'
import {statusText} from './status-text.ts'
import {readStatus, taskAddress, type TaskAddress} from './task-client.ts'
import {watchStatus} from './watch-status.ts'

interface StatusFlags {
  readonly watch?: boolean
  readonly json?: boolean
  readonly failWhenGone?: boolean
}

export function registerStatus(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('what a running task does, how far it is, how fast, until when')
    .argument('<config>', 'JSON or .properties file of the task')
    .option('--watch', 'keep it on the screen, with a progress bar for each table, until Ctrl-C')
    .option('--fail-when-gone', 'with --watch: end with 1 where no task answers, instead of trying again')
    .option('--json', 'print the report as it comes; with --watch one line each time')
    .action((path: string, flags: StatusFlags) => status(context, path, flags))
}

async function status(context: CommandContext, path: string, flags: StatusFlags): Promise<void> {
  const {settings} = loadForCommand(path, context)
  const address = taskAddress(settings)
  if (flags.watch === true) {
    await watch(context, address, flags)
    return
  }
  const report = await readStatus(address)
  context.print(flags.json === true ? JSON.stringify(report, null, 2) : statusText(report))
}

async function watch(context: CommandContext, address: TaskAddress, flags: StatusFlags): Promise<void> {
  const out = process.stdout
  const bars = new ProgressBars({out, isTerminal: canDraw(context.env, out.isTTY)})
  try {
    await watchStatus({
      read: () => readStatus(address),
      show: view => {
        if (flags.json !== true) bars.show(view.tables, view.header, view.footer)
        else if (view.away === null) context.print(JSON.stringify(view.report))
      },
      failsWhenGone: flags.failWhenGone === true,
      signal: context.stopSignal(),
    })
  } finally {
    bars.close()
  }
}

/** Lines can be drawn over: a terminal that understands it, and somebody who wants it. */
export function canDraw(env: CommandContext['env'], isTerminal: boolean): boolean {
  return isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}
