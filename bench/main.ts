// `npm run bench`: figures of the machine at hand. No figure is judged; every result is verified.

import {readBenchOptions, UsageError, usage, type BenchOptions} from './bench-options.ts'
import {runTool} from './bench-tool.ts'
import {BenchWorld} from './bench-world.ts'
import {cases} from './cases.ts'
import {BenchError} from './tidemark-run.ts'
import {figuresTable, type VariantFigures} from './figures.ts'

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
    const machine = await world.description()
    const finished: VariantFigures[] = []
    try {
      for (const name of options.cases) {
        for await (const variant of cases[name](world)) {
          finished.push(variant)
          if (!options.json) process.stderr.write(`${figuresTable([variant])}\n`)
        }
      }
    } finally {
      // What was measured before a failure or Ctrl-C is not lost.
      report(options, machine, finished)
    }
  })
  return 0
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
