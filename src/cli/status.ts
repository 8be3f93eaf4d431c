// `tidemark status`: asks a running task over HTTP what it does, how far it is, how fast, and until when.

import {setTimeout as sleep} from 'node:timers/promises'
import type {Command} from 'commander'
import type {Settings} from '../config/settings.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {StatusReport} from '../task/status.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {ProgressBars} from './progress-bars.ts'
import {statusHeader, statusText} from './status-text.ts'

interface StatusFlags {
  readonly watch?: boolean
  readonly json?: boolean
}

const REQUEST_MS = 5_000
const WATCH_MS = 500

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
  const address = statusAddress(settings)
  if (flags.watch === true) {
    await watch(context, address, flags.json === true)
    return
  }
  const report = await readStatus(address)
  context.print(flags.json === true ? JSON.stringify(report, null, 2) : statusText(report))
}

async function watch(context: CommandContext, address: StatusAddress, json: boolean): Promise<void> {
  const signal = context.stopSignal()
  const bars = new ProgressBars({out: process.stdout, isTerminal: process.stdout.isTTY && !json})
  try {
    while (!signal.aborted) {
      const report = await readStatus(address)
      if (json) context.print(JSON.stringify(report))
      else bars.show(report.snapshot.tables, statusHeader(report))
      await sleep(WATCH_MS, undefined, {signal}).catch(() => undefined)
    }
  } finally {
    bars.close()
  }
}

interface StatusAddress {
  readonly url: string
  readonly token: string | null
}

function statusAddress({http}: Settings): StatusAddress {
  if (http === null || http.port === 0) {
    const found = http === null ? 'off' : `${http.host}:0, any free port`
    throw new TidemarkError(
      'TIDEMARK_STATUS_NO_ADDRESS',
      `the task has no known HTTP address: http.listen is ${found}; set it to host:port and start the task again`,
      {kind: 'configuration'},
    )
  }
  // A task that listens on every address is asked on this machine's own.
  const host = http.host === '0.0.0.0' ? '127.0.0.1' : http.host === '::' ? '::1' : http.host
  return {url: `http://${host.includes(':') ? `[${host}]` : host}:${http.port}/status`, token: http.token}
}

async function readStatus({url, token}: StatusAddress): Promise<StatusReport> {
  const headers = token === null ? {} : {authorization: `Bearer ${token}`}
  let response: Response
  try {
    response = await fetch(url, {headers, signal: AbortSignal.timeout(REQUEST_MS)})
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw new TidemarkError(
      'TIDEMARK_STATUS_UNREACHABLE',
      `no task answers at ${url} (${describeError(cause).code}); start it with \`tidemark run\`, or check http.listen`,
      {cause: error},
    )
  }
  if (response.ok) return (await response.json()) as StatusReport
  const advice =
    response.status === 401
      ? 'its http.token is another one'
      : 'something else may listen on this port: check http.listen'
  throw new TidemarkError('TIDEMARK_STATUS_REFUSED', `${url} answered ${response.status}; ${advice}`)
}
