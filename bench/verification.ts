// Whether the topics hold what the tables hold: `tidemark verify`, for whichever product wrote them.

import {execFile} from 'node:child_process'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {database} from './bench-database.ts'
import {progress} from './bench-world.ts'
import {RUN_TIMEOUT_MS, type ContenderRun} from './contender.ts'
import {topicOf} from './measurement.ts'

const cli = join(import.meta.dirname, '..', 'src', 'cli.js')

export interface Expectation {
  /** Tables that are compared. */
  readonly tables: readonly string[]
  /** Events and rows that they have together; null where writers went on, so that nobody can know. */
  readonly events: number | null
}

/** Throws where a sink does not hold exactly the tables; says how that was found. The task may run meanwhile. */
export async function verify(run: ContenderRun, {tables, events}: Expectation): Promise<string> {
  const {world} = run.setup
  if (run.eventsFile === null && events !== null) {
    const count = await world.topics.countAll(tables.map(table => topicOf(run, table)))
    if (run.isTransactional === true ? count < events : count !== events)
      throw new Error(`${run.prefix}.* hold ${count} events, wanted ${events}`)
    if (!world.options.verify) return 'count'
  }
  if (!world.options.verify) return 'nothing'
  progress('verifying')
  const names = tables.map(table => `${database}.${table}`)
  const args = [cli, 'verify', await run.verificationConfig(), ...names, '--json']
  const options = {signal: world.signal, maxBuffer: 16 * 2 ** 20, timeout: RUN_TIMEOUT_MS}
  const {stdout} = await promisify(execFile)(process.execPath, args, options).catch((error: unknown) => {
    throw new Error(`tidemark verify: ${verdictOf(error)}`, {cause: error})
  })
  const report = JSON.parse(stdout) as {equal: boolean; rows: number; events: number}
  if (!report.equal || (events !== null && (report.rows !== events || report.events !== events))) {
    const wanted = events === null ? '' : `, wanted ${events}`
    throw new Error(`tidemark verify: equal ${report.equal}, ${report.rows} rows, ${report.events} events${wanted}`)
  }
  return 'equal'
}

/** A comparison that finds differences ends with 1 and its report. */
function verdictOf(error: unknown): string {
  const {stdout = '', stderr = ''} = error as {stdout?: string; stderr?: string}
  return `${stdout.slice(0, 2000)}${stderr.slice(-2000)}` || String(error)
}
