// One run of the product in a process of its own, from its start to the last event, measured and verified.

import {execFile} from 'node:child_process'
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {availableParallelism, loadavg} from 'node:os'
import {basename, join} from 'node:path'
import {promisify} from 'node:util'
import {TidemarkProcess, type LogLine} from '../test/support/tidemark-process.ts'
import {freePort} from '../tools/servers/free-port.ts'
import {OwnedProcess} from '../tools/servers/owned-process.ts'
import {projectRoot} from '../tools/servers/server-paths.ts'
import {database, progress, type BenchWorld} from './bench-world.ts'
import {profileText, readProfiles, type ProfileWindow} from './cpu-profile.ts'
import type {RunFigures} from './figures.ts'
import {fileEventBytes} from './event-bytes.ts'
import {cpuSeconds, peakRssMb, resetPeak, threadCpuSeconds} from './process-usage.ts'

const cli = join(import.meta.dirname, '..', 'src', 'cli.js')
const HOT_FUNCTIONS = 25
const LOG_BYTES = 4000
/** Bound on one run, so that a task that hangs ends the bench. */
export const RUN_TIMEOUT_MS = 20 * 60_000

export type Config = Readonly<Record<string, string>>

export interface RunSetup {
  readonly world: BenchWorld
  /** For people, and for the folder of its profiles. */
  readonly name: string
  readonly table: string
  readonly rows: number
  /** Beside what every run has. */
  readonly config: Config
  /** A state to begin from, for several runs from one place. */
  readonly state: string
  readonly profile: boolean
}

/** Configuration of every run: defaults, except where the events go and what is named. */
async function runConfig(setup: RunSetup, prefix: string): Promise<Config> {
  const {world, table, config, state} = setup
  const {host, port, user, password} = world.mysql
  return {
    name: 'bench',
    'topic.prefix': prefix,
    'database.hostname': host,
    'database.port': String(port),
    'database.user': user,
    'database.password': password,
    'database.server.id': String(1_000_000 + Math.floor(Math.random() * 4_000_000_000)),
    'table.include.list': `${database}.${table}`,
    'signal.data.collection': `${database}.debezium_signal`,
    'snapshot.mode': 'no_data',
    'offset.storage.file.filename': state,
    'http.listen': `127.0.0.1:${await freePort()}`,
    ...(world.options.headers ? {} : {'extended.headers.enabled': 'false'}),
    ...config,
  }
}

export class TidemarkRun {
  readonly task: TidemarkProcess
  readonly topic: string
  readonly startedAtMs = Date.now()
  readonly #loadBefore = loadavg()[0]!
  readonly #setup: RunSetup
  readonly #configFile: string
  readonly #profiles: string | null
  readonly #kill: () => void
  #window: ProfileWindow = {fromUs: 0, toUs: Infinity}

  private constructor(parts: {
    setup: RunSetup
    task: TidemarkProcess
    topic: string
    configFile: string
    profiles: string | null
    kill: () => void
  }) {
    this.#setup = parts.setup
    this.task = parts.task
    this.topic = parts.topic
    this.#configFile = parts.configFile
    this.#profiles = parts.profiles
    this.#kill = parts.kill
  }

  /** Starts a task, lets it work, and ends it, whatever happens. */
  static async within<T>(setup: RunSetup, work: (run: TidemarkRun) => Promise<T>): Promise<T> {
    const run = await TidemarkRun.#start(setup)
    try {
      const result = await work(run)
      await run.#stop()
      return result
    } catch (error) {
      const cause = setup.world.signal.aborted
        ? ''
        : `\nthe end of the task's log:\n${run.task.stderr.slice(-LOG_BYTES)}`
      throw new BenchError(`${setup.name}: ${error instanceof Error ? error.message : String(error)}${cause}`, {
        cause: error,
      })
    } finally {
      await run.task.kill()
      setup.world.signal.removeEventListener('abort', run.#kill)
      if (run.#eventsFile === null) await setup.world.topics.deleteTopics(run.topic).catch(() => undefined)
      else await rm(run.#eventsFile, {force: true})
    }
  }

  static async #start(setup: RunSetup): Promise<TidemarkRun> {
    const {world, table, name} = setup
    world.signal.throwIfAborted()
    // Of the same length in every run, since it is part of every event.
    const folder = await mkdtemp(join(world.folder, 'bench-'))
    const prefix = basename(folder)
    const config = await runConfig(setup, prefix)
    const configFile = join(folder, 'tidemark.json')
    await writeFile(configFile, JSON.stringify(config, null, 2))
    const profiles = setup.profile ? await profileFolder(name) : null
    const profiling = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
    const args = [...profiling, cli, 'run', configFile]
    const owned = OwnedProcess.start(process.execPath, args, {cwd: folder, stdout: 'ignore', stderr: 'pipe'})
    const task = new TidemarkProcess(owned, config)
    const kill = (): void => {
      owned.signal('SIGKILL')
    }
    world.signal.addEventListener('abort', kill, {once: true})
    const topic = `${prefix}.${database}.${table}`
    return new TidemarkRun({setup, task, topic, configFile, profiles, kill})
  }

  /** Begins to measure; the result of the call ends it. */
  measure(): (span: {readonly from: number; readonly to: number}) => Promise<Omit<RunFigures, 'verified'>> {
    const {mysql, kafka, topics} = this.#setup.world
    const pids = {tidemark: this.task.pid, mysqld: mysql.pid, kafka: kafka.pid}
    const processes = Object.entries(pids) as [keyof typeof pids, number | null][]
    const before = new Map(processes.map(([name, pid]) => [name, cpuSeconds(pid)]))
    const threadsBefore = threadCpuSeconds(this.task.pid)
    resetPeak(this.task.pid)
    return async ({from, to}) => {
      const after = new Map(processes.map(([name, pid]) => [name, cpuSeconds(pid)]))
      const threads = difference(threadsBefore, threadCpuSeconds(this.task.pid))
      const peak = peakRssMb(this.task.pid)
      this.#window = {fromUs: monotonicUs(from), toUs: monotonicUs(to)}
      const {rows} = this.#setup
      const seconds = (to - from) / 1000
      const perMillion = (name: keyof typeof pids): number | null => {
        const [first, last] = [before.get(name), after.get(name)]
        return first == null || last == null ? null : ((last - first) / rows) * 1e6
      }
      const file = this.#eventsFile
      const bytesPerEvent = file === null ? await topics.eventBytes(this.topic) : await fileEventBytes(file)
      return {
        rows,
        seconds,
        wholeSeconds: (to - this.startedAtMs) / 1000,
        rowsPerSecond: rows / seconds,
        megabytesPerSecond: (rows * (bytesPerEvent.key + bytesPerEvent.value)) / seconds / 1e6,
        bytesPerEvent,
        cpu: {tidemark: perMillion('tidemark'), mysqld: perMillion('mysqld'), kafka: perMillion('kafka')},
        threads,
        peakRssMb: peak,
        loadBefore: this.#loadBefore,
      }
    }
  }

  /** Throws where the sink does not hold exactly the table. The task runs meanwhile. */
  async verify(): Promise<string> {
    const {world, rows, table} = this.#setup
    if (this.#eventsFile === null) {
      const count = await world.topics.count(this.topic)
      if (count !== rows) throw new Error(`${this.topic} holds ${count} events, wanted ${rows}`)
      if (!world.options.verify) return 'count'
    }
    progress('verifying')
    const args = [cli, 'verify', this.#configFile, `${database}.${table}`, '--json']
    const options = {signal: world.signal, maxBuffer: 16 * 2 ** 20, timeout: RUN_TIMEOUT_MS}
    const {stdout} = await promisify(execFile)(process.execPath, args, options)
    const report = JSON.parse(stdout) as {equal: boolean; rows: number; events: number}
    if (!report.equal || report.rows !== rows || report.events !== rows) {
      throw new Error(
        `tidemark verify: equal ${report.equal}, ${report.rows} rows, ${report.events} events, wanted ${rows}`,
      )
    }
    return 'equal'
  }

  get #eventsFile(): string | null {
    return this.#setup.config['sink.file.path'] ?? null
  }

  async #stop(): Promise<void> {
    const {code} = await this.task.stop('SIGTERM')
    if (code !== 0) throw new Error(`the task ended with ${String(code)}`)
    if (this.#profiles === null) return
    progress(`CPU profiles of "${this.#setup.name}" in ${this.#profiles}`)
    for (const thread of readProfiles(this.#profiles, this.#window, HOT_FUNCTIONS))
      process.stderr.write(`${profileText(thread)}\n`)
  }
}

/** A run that failed; the message holds what the task said, and where it happened here says nothing more. */
export class BenchError extends Error {
  override name = 'BenchError'
}

/** The time that a line of the log was written, ms. */
export function logTimeMs({fields, text}: LogLine): number {
  const time = Date.parse(String(fields['time']))
  if (Number.isNaN(time)) throw new Error(`a log line without time: ${text}`)
  return time
}

/** A time of day on the clock that Linux keeps for intervals, which profiles use. */
function monotonicUs(timeMs: number): number {
  return Number(process.hrtime.bigint() / 1000n) - (Date.now() - timeMs) * 1000
}

async function profileFolder(name: string): Promise<string> {
  const parent = join(projectRoot(), '.bench', 'profiles')
  await mkdir(parent, {recursive: true})
  return await mkdtemp(join(parent, `${name.replaceAll(/\W+/g, '-')}-`))
}

/** The threads that worked most, as far as there are more than idle cores. */
function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const spent = [...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)] as const)
  const busiest = spent.filter(([, seconds]) => seconds >= 0.05).sort((a, b) => b[1] - a[1])
  return Object.fromEntries(busiest.slice(0, 4 + availableParallelism()))
}
