// `npm run bench`: figures of the machine at hand. No figure is judged; every result is verified.

import {readBenchOptions, UsageError, usage, type BenchOptions} from './bench-options.ts'
import {runTool} from './bench-tool.ts'
import {BenchWorld} from './bench-world.ts'
import type {CaseContext} from './case-runs.ts'
import {cases, warmUp} from './cases.ts'
import {BenchError} from './contender.ts'
import {ConnectWorker} from './debezium/connect-worker.ts'
import {tunings} from './debezium/connector-config.ts'
import {debezium} from './debezium/debezium-run.ts'
import {figuresTable, type VariantFigures} from './figures.ts'
import {reportRace} from './race/race-report.ts'
import {tidemark, tidemarkExactlyOnce, tidemarkOf, tidemarkReadOnly} from './tidemark-run.ts'

const INTERRUPTED = 130

process.exit(await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<number> {
  const interruption = new AbortController()
  const interrupt = (): void => {
    // Servers and folders go with us in any case (tools/servers/owned-process.ts): a second Ctrl-C need not wait.
    if (interruption.signal.aborted) process.exit(INTERRUPTED)
    interruption.abort(new Error('interrupted'))
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await run(readBenchOptions(args), interruption.signal)
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`)
      return 2
    }
    if (error instanceof BenchError) {
      console.error(error.message)
      return 1
    }
    throw error
  }
}

async function run(options: BenchOptions, signal: AbortSignal): Promise<number> {
  if (options.help) {
    console.log(usage)
    return 0
  }
  if (options.tool !== null) return await runTool(options.tool, signal)
  await BenchWorld.within(options, signal, async world => {
    if (options.against?.type !== 'debezium') {
      const rivals = options.against === null ? [] : [tidemarkOf(options.against)]
      const more = [
        ...(options.readOnly ? [tidemarkReadOnly] : []),
        ...(options.exactlyOnce ? [tidemarkExactlyOnce] : []),
      ]
      await runCases({world, contenders: [...rivals, tidemark, ...more], isRace: false})
      return
    }
    await ConnectWorker.within(world, async worker => {
      const rivals = tunings.map(tuning => debezium(worker, tuning))
      await runCases({world, contenders: [...rivals, tidemark], isRace: true})
    })
  })
  return 0
}

async function runCases(context: CaseContext): Promise<void> {
  const {world, isRace} = context
  const {options} = world
  const machine = await world.description()
  const finished: VariantFigures[] = []
  const startedAt = Date.now()
  let isComplete = false
  try {
    await warmUp(context)
    for (const name of options.cases) {
      for await (const variant of cases[name](context)) {
        finished.push(variant)
        if (!options.json) process.stderr.write(`${figuresTable([variant])}\n`)
      }
    }
    isComplete = true
  } finally {
    // What was measured before a failure or Ctrl-C is not lost.
    report(options, machine, finished)
    if (isRace)
      await reportRace({options, machine, variants: finished, isComplete, seconds: (Date.now() - startedAt) / 1000})
  }
}

function report(
  options: BenchOptions,
  machine: Readonly<Record<string, unknown>>,
  finished: readonly VariantFigures[],
): void {
  if (options.json) {
    console.log(JSON.stringify({machine, variants: finished}, null, 2))
    return
  }
  if (finished.length === 0) return
  const settings = Object.entries(machine).map(([name, value]) => `${name} ${String(value)}`)
  console.log(`\n${settings.join(', ')}`)
  console.log(`CPU in seconds for a million rows; bytes/event: key+value+headers; median of ${options.runs}\n`)
  console.log(figuresTable(finished))
}
