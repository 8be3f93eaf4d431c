// `tidemark signal`: sends a signal through a channel of the configuration, waits for the task's answer and shows it.

import {randomUUID} from 'node:crypto'
import {InvalidArgumentError, type Command} from 'commander'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {SignalReceipt} from '../signals/signal-processor.ts'
import {loadForCommand, type CommandContext} from './command-context.ts'
import {AnswerWatch} from './signal-answer.ts'
import {signalMessage} from './signal-message.ts'
import {signalSender, type SignalSender} from './signal-sender.ts'
import {readStatus, taskAddress} from './task-client.ts'

interface SignalFlags {
  readonly where?: string
  readonly surrogateKey?: string
  readonly chunkSize?: number
  readonly maxRowsPerSecond?: number
  readonly priority?: number
  readonly data?: string
  readonly id?: string
  readonly channel?: string
  readonly timeout: number
  readonly wait: boolean
  readonly json?: boolean
}

const DEFAULT_TIMEOUT_SECONDS = 30

const EXAMPLES = `
Types: execute-snapshot TABLES, stop-snapshot [TABLES], pause-snapshot, resume-snapshot, log MESSAGE; any other with --data.

  tidemark signal shop.json execute-snapshot shop.orders 'shop[.]order_.*'
  tidemark signal shop.json execute-snapshot shop.orders --where "placed_at >= '2025-01-01'"
  tidemark signal shop.json execute-snapshot shop.orders --surrogate-key customer_id --id ad-hoc-1
  tidemark signal shop.json execute-snapshot shop.orders --max-rows-per-second 5000 --priority 10
  tidemark signal shop.json stop-snapshot shop.orders
  tidemark signal shop.json pause-snapshot
  tidemark signal shop.json log 'deployed at {}'
  tidemark signal shop.json execute-snapshot --data '{"data-collections": ["shop.orders"]}'

The answer is asked for at http.listen, with http.token, of the task that runs on the same configuration.
Exit code: 0 accepted (or sent, with --no-wait), 1 rejected, ignored, not sent or not answered, 2 wrong usage.`

export function registerSignal(program: Command, context: CommandContext): void {
  program
    .command('signal')
    .description('send a signal through a channel of the configuration, and show how the running task answers')
    .argument('<config>', 'JSON or .properties file of the task')
    .argument('<type>', 'execute-snapshot, stop-snapshot, pause-snapshot, resume-snapshot, log, or any other')
    .argument('[names...]', 'tables, as database.table or regular expressions for whole names; the message of log')
    .option('--where <sql>', 'copy only the rows that match this condition')
    .option('--surrogate-key <column>', 'read the tables in the order of this column')
    .option('--chunk-size <rows>', 'rows of one chunk', wholeNumber)
    .option('--max-rows-per-second <rows>', 'read no faster than this', wholeNumber)
    .option('--priority <number>', 'a snapshot of a higher priority is read first (default: 0)', wholeNumber)
    .option('--data <json>', 'the data of the signal, instead of tables and the options above')
    .option('--id <id>', 'id of the signal, and of the snapshot (default: a new UUID)')
    .option(
      '--channel <name>',
      'source (the signal table), kafka, file or http (default: the first of signal.enabled.channels, else http)',
    )
    .option('--timeout <seconds>', 'how long to wait for the answer', seconds, DEFAULT_TIMEOUT_SECONDS)
    .option('--no-wait', 'do not wait for the answer')
    .option('--json', 'print the answer as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action((path: string, type: string, names: string[], flags: SignalFlags) =>
      signal(context, {path, type, names, flags}),
    )
}

async function signal(
  context: CommandContext,
  {path, type, names, flags}: {path: string; type: string; names: readonly string[]; flags: SignalFlags},
): Promise<void> {
  const message = signalMessage({type, names, ...flags})
  const id = flags.id ?? randomUUID()
  if (id === '') throw new TidemarkError('TIDEMARK_SIGNAL_USAGE', '--id is empty', {kind: 'configuration'})
  const {settings} = loadForCommand(path, context)
  const sender = signalSender(settings, flags.channel)
  const watch = flags.wait ? await beginWatch(settings, id, flags.timeout * 1000) : null
  await sender.send({id, ...message})
  if (flags.json !== true) context.print(`signal ${id} ${type}: sent through ${sender.channel} (${sender.place})`)
  if (watch === null) {
    if (flags.json === true) context.print(JSON.stringify({id, type, channel: sender.channel, result: 'sent'}))
    return
  }
  if (watch instanceof TidemarkError) throw unwatched(id, sender, watch)
  const receipt = await watch.answer()
  if (flags.json === true) context.print(JSON.stringify(receipt))
  show(context, receipt, flags.json === true)
}

/** The error, where nobody can be asked: the signal goes out all the same. */
async function beginWatch(
  settings: Parameters<typeof taskAddress>[0],
  id: string,
  timeoutMs: number,
): Promise<AnswerWatch | TidemarkError> {
  try {
    const address = taskAddress(settings)
    return await AnswerWatch.begin({id, timeoutMs, readStatus: () => readStatus(address)})
  } catch (error) {
    if (error instanceof TidemarkError) return error
    throw error
  }
}

function unwatched(id: string, {channel, place}: SignalSender, cause: TidemarkError): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_SIGNAL_NO_ANSWER',
    `signal ${id} was sent through ${channel} (${place}), but its answer cannot be asked for: ${cause.message}; ` +
      'the answer is in the log of the task (--no-wait does not ask)',
    {cause},
  )
}

function show(context: CommandContext, {id, type, result, reason}: SignalReceipt, isQuiet: boolean): void {
  if (result === 'accepted') {
    if (!isQuiet) context.print('accepted')
    return
  }
  throw new TidemarkError(
    result === 'rejected' ? 'TIDEMARK_SIGNAL_REJECTED' : 'TIDEMARK_SIGNAL_IGNORED',
    `signal ${id} ${type} was ${result}: ${reason ?? 'no reason given'}`,
  )
}

function wholeNumber(text: string): number {
  // What is too small or too large is for the task to say: the same words for every channel.
  if (!/^-?\d{1,15}$/.test(text.trim())) throw new InvalidArgumentError('wanted a whole number')
  return Number(text)
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('wanted seconds')
  return value
}
