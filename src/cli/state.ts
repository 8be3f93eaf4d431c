// `tidemark state`: takes the stored state out, and puts one in, also a Debezium connector's.

import {readFile, writeFile} from 'node:fs/promises'
import type {Command} from 'commander'
import {stateName} from '../config/state-settings.ts'
import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {debeziumState, exportState, importState} from '../task/state-transfer.ts'
import {loadForCommand, printWarnings, type CommandContext} from './command-context.ts'

interface ImportFlags {
  readonly debeziumOffset?: string
  readonly replace?: true
}

const EXPLANATION = `
The state says where the stream goes on, which snapshots run and how far they are. To move it from a file into a topic (or
back), stop the task, export with the old configuration and import with the new one:

  tidemark state export old.json shop.state.json
  tidemark state import new.json shop.state.json

With --debezium-offset the task goes on where a Debezium connector stopped: file, pos, gtids, event, row, and its running
incremental snapshot. OFFSET is the offset as JSON, what GET /connectors/NAME/offsets answers, or the name of Connect's
offset.storage.topic. Stop the connector first. Keys that cannot be taken over have their table copied from its first row.`

export function registerState(program: Command, context: CommandContext): void {
  const state = program
    .command('state')
    .description('take the stored state out or put one in: between file and topic, or from a Debezium connector')
    .addHelpText('after', EXPLANATION)
  state
    .command('export')
    .description('print the stored state, or write it to a file')
    .argument('<config>', 'JSON or .properties file')
    .argument('[file]', 'where to write it; default: standard output')
    .action((path: string, file: string | undefined) => exportTo(context, path, file))
  state
    .command('import')
    .description('store a state where the configuration says')
    .argument('<config>', 'JSON or .properties file')
    .argument('[file]', 'what `state export` wrote')
    .option('--debezium-offset <offset>', 'JSON, or the name of Connect’s offset.storage.topic, instead of a file')
    .option('--replace', 'also where there is a state already')
    .action((path: string, file: string | undefined, flags: ImportFlags) => importFrom(context, {path, file, flags}))
}

async function exportTo(context: CommandContext, path: string, file: string | undefined): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  const text = await exportState(loaded.settings, {signal: context.stopSignal(), log: errorLog(context)})
  if (file === undefined) context.print(text)
  else await writeFile(file, `${text}\n`, {mode: 0o600})
}

async function importFrom(
  context: CommandContext,
  {path, file, flags}: {readonly path: string; readonly file: string | undefined; readonly flags: ImportFlags},
): Promise<void> {
  const loaded = loadForCommand(path, context)
  printWarnings(loaded, context)
  const {settings} = loaded
  const {debeziumOffset} = flags
  if ((file === undefined) === (debeziumOffset === undefined)) {
    throw new TidemarkError('TIDEMARK_STATE_IMPORT', 'wanted either a file or --debezium-offset', {
      kind: 'configuration',
    })
  }
  const options = {signal: context.stopSignal(), log: errorLog(context)}
  const replaces = flags.replace === true
  if (debeziumOffset === undefined) {
    await importState(settings, {text: await readText(file!), from: file!, replaces}, options)
  } else {
    const {text, notes} = await debeziumState(settings, debeziumOffset, options)
    await importState(settings, {text, from: "Debezium's offset", replaces}, options)
    for (const note of notes) context.printError(`note: ${note}`)
  }
  context.print(`state stored in ${stateName(settings.state)}; start the task with \`tidemark run\``)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const {message} = describeError(cause)
    throw new TidemarkError('TIDEMARK_STATE_IMPORT', `cannot read ${file}: ${message}`, {kind: 'configuration', cause})
  }
}

/** What is worth a word beside the result: waits and failures. */
function errorLog(context: CommandContext): Log {
  const quiet = (): void => undefined
  const say = (fields: object, sentence: string): void => {
    const {reason} = fields as {reason?: unknown}
    context.printError(`tidemark: ${sentence}${typeof reason === 'string' ? `: ${reason}` : ''}`)
  }
  return {debug: quiet, info: quiet, warn: say, error: say}
}
