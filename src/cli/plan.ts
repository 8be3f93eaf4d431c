// `tidemark plan`: what a snapshot of some tables would cost, before anybody starts it. Reads only.

import {InvalidArgumentError, type Command} from 'commander'
import type {Settings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {planSnapshot, type RunningTask} from '../plan/plan-snapshot.ts'
import type {StatusReport} from '../task/status.ts'
import {loadForCommand, printWarnings, type CommandContext} from './command-context.ts'
import {planText} from './plan-text.ts'
import {readStatus, taskAddress} from './task-client.ts'

interface PlanFlags {
  readonly exact?: boolean
  readonly json?: boolean
  readonly chunkSize?: number
  readonly chunkMemory?: number
  readonly surrogateKey?: string
  readonly safetyMargin: number
  readonly sinkRowsPerSecond?: number
}

const DAY_HOURS = 24
const QUIET_MS = 3_000

const EXPLANATION = `
  tidemark plan shop.json
  tidemark plan shop.json shop.orders 'shop[.]order_.*' --exact
  tidemark plan shop.json shop.orders --chunk-size 8192 --json

Of each table three chunks are read, as a snapshot would read them (the first, a middle and the last one), and made into
events that go nowhere; the duration is (rows / chunk size) × the time of an average chunk, or what building the events, the
sink or a limit takes where that is longer. Nothing is locked, and nothing is changed on the server or in the sink.
Exit code: 0 planned, 1 a failure, 2 wrong usage or a table that is not captured.`

export function registerPlan(program: Command, context: CommandContext): void {
  program
    .command('plan')
    .description('rows, chunks, duration, advised chunk size and binlog retention of a snapshot; reads only')
    .argument('<config>', 'JSON or .properties file')
    .argument('[tables...]', 'database.table, or patterns for whole names as in a signal; default: all captured tables')
    .option('--exact', 'count the rows (a scan of each table) instead of taking the estimate of the server')
    .option('--chunk-size <rows>', 'rows of a chunk, instead of incremental.snapshot.chunk.size', wholeNumber)
    .option('--chunk-memory <MB>', 'memory for a chunk that the advised chunk size is made of (default: 8)', positive)
    .option('--surrogate-key <columns>', 'the chunk key, as in a signal')
    .option(
      '--safety-margin <hours>',
      'how wrong the duration may be, or how long nobody may look',
      positive,
      DAY_HOURS,
    )
    .option('--sink-rows-per-second <rows>', 'what the sink takes, where you know it', positive)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXPLANATION)
    .action((path: string, tables: string[], flags: PlanFlags) => plan(context, {path, tables, flags}))
}

async function plan(
  context: CommandContext,
  {path, tables, flags}: {path: string; tables: readonly string[]; flags: PlanFlags},
): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  const {settings} = loaded
  const signal = context.stopSignal()
  const began = performance.now()
  const planning = planSnapshot({
    ...{settings, tables, signal},
    exact: flags.exact === true,
    chunkRows: flags.chunkSize ?? null,
    surrogateKey: flags.surrogateKey?.split(',').map(name => name.trim()) ?? null,
    chunkMemoryMb: flags.chunkMemory ?? null,
    safetyMarginSeconds: flags.safetyMargin * 3_600,
    sinkRowsPerSecond: flags.sinkRowsPerSecond ?? null,
    task: await runningTask(settings),
    onProgress: sentence => {
      if (performance.now() - began >= QUIET_MS) context.printError(`tidemark: ${sentence}`)
    },
  })
  const report = await planning.catch((cause: unknown) => {
    if (!signal.aborted) throw cause
    throw new TidemarkError('TIDEMARK_PLAN_INTERRUPTED', 'interrupted before every table was looked at', {cause})
  })
  context.print(flags.json === true ? JSON.stringify(report, null, 2) : planText(report))
}

/** Null where none answers: a plan is made before, so that is the rule. */
async function runningTask(settings: Settings): Promise<RunningTask | null> {
  if (settings.http === null || settings.http.port === 0) return null
  const report = await readStatus(taskAddress(settings)).catch(() => null)
  return report?.name === settings.name ? taskPace(report) : null
}

export function taskPace({snapshot}: Pick<StatusReport, 'snapshot'>): RunningTask {
  const running = snapshot.tables.filter(({state, rowsPerSecond}) => state === 'running' && rowsPerSecond > 0)
  const rowsPerSecond = running.reduce((sum, table) => sum + table.rowsPerSecond, 0)
  const {maxRowsPerSecond} = snapshot.throttle
  // A snapshot that is held back says nothing of the sink.
  const isThrottled = snapshot.state !== 'running' || snapshot.throttle.waits !== null || maxRowsPerSecond !== null
  return {rowsPerSecond: rowsPerSecond > 0 && !isThrottled ? rowsPerSecond : null, maxRowsPerSecond}
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('wanted a whole number from 1 on.')
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('wanted a number above 0.')
}
