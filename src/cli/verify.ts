// `tidemark verify`: compares tables with their topics, folded by key. Exit code 1 where they differ.

import {InvalidArgumentError, type Command} from 'commander'
import type {Settings} from '../config/settings.ts'
import {stateName} from '../config/state-settings.ts'
import {SILENT} from '../core/log.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {decodeCheckpoint} from '../state/checkpoint.ts'
import {readState} from '../state/read-state.ts'
import {verifyTables} from '../verify/verify-tables.ts'
import type {TaskState} from '../verify/wait-for-task.ts'
import {loadForCommand, printWarnings, type CommandContext} from './command-context.ts'
import {EXIT_FAILURE} from './exit-code.ts'
import {verifyReportText} from './verify-report-text.ts'

interface VerifyFlags {
  readonly where?: string
  readonly file?: string
  readonly wait: number
  readonly json?: boolean
}

const DEFAULT_WAIT_SECONDS = 60
const QUIET_MS = 3_000

const EXPLANATION = `
What is compared: each table's rows, read at one place in one transaction without a lock, with its topic's events up to
that place, folded by key: the last event wins, a delete or a tombstone removes. Every column must have the same bytes.
Writers and Tidemark go on meanwhile; a key that was being changed at that moment may show any of the states around it.

  missing    the table has the row, the topic has not
  ghost      the topic has the row, the table has not
  different  both have it, with other values

With --where only the rows that match are compared; keys of the topic without such a row are not judged, so ghosts are not
found. A table without a key of any kind is compared as a multiset of full rows: how often each is there. Its
differences are named by a fingerprint of the row. Large tables go through temporary files (TMPDIR).
Exit code: 0 equal, 1 different or not comparable, 2 wrong usage.`

export function registerVerify(program: Command, context: CommandContext): void {
  program
    .command('verify')
    .description('compare tables with their topics or JSON lines file, folded by key; exit 1 if they differ')
    .argument('<config>', 'JSON or .properties file')
    .argument('[tables...]', 'database.table; default: all captured tables but the signal table')
    .option('--where <sql>', 'compare only the rows of one table that match this condition')
    .option('--file <path>', 'JSON lines file to read instead of the configured sink')
    .option(
      '--wait <seconds>',
      'how long to wait for running snapshots, and for Tidemark to reach the place',
      seconds,
      DEFAULT_WAIT_SECONDS,
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXPLANATION)
    .action((path: string, tables: string[], flags: VerifyFlags) => verify(context, {path, tables, flags}))
}

async function verify(
  context: CommandContext,
  {path, tables, flags}: {path: string; tables: readonly string[]; flags: VerifyFlags},
): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  const {settings} = loaded
  const signal = context.stopSignal()
  const comparing = verifyTables({
    settings,
    tables,
    condition: flags.where ?? null,
    file: flags.file ?? null,
    waitSeconds: flags.wait,
    readState: () => readTaskState(settings, signal),
    signal,
    onProgress: slowly(sentence => context.printError(`tidemark: ${sentence}`)),
  })
  const report = await comparing.catch((cause: unknown) => {
    if (!signal.aborted) throw cause
    throw new TidemarkError('TIDEMARK_VERIFY_INTERRUPTED', 'interrupted before everything was compared', {cause})
  })
  context.print(flags.json === true ? JSON.stringify(report, null, 2) : verifyReportText(report))
  if (!report.equal) context.setExitCode(EXIT_FAILURE)
}

/** Reads the state beside the task that owns it. */
async function readTaskState(settings: Settings, signal: AbortSignal): Promise<TaskState | null> {
  const stored = await readState(settings, {log: SILENT, signal})
  return stored === null ? null : decodeCheckpoint(stored, stateName(settings.state))
}

/** Says nothing while a comparison may be over at once. */
function slowly(say: (sentence: string) => void): (sentence: string) => void {
  const began = performance.now()
  return sentence => {
    if (performance.now() - began >= QUIET_MS) say(sentence)
  }
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError('wanted a number of seconds from 0 on.')
}
