// Tidemark as a contender: a process of its own for each run, from its start to its orderly end.

import {randomUUID} from 'node:crypto'
import {execFile} from 'node:child_process'
import {copyFile, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {TidemarkProcess, type LogLine} from '../test/support/tidemark-process.ts'
import {freePort} from '../tools/servers/free-port.ts'
import {OwnedProcess} from '../tools/servers/owned-process.ts'
import {projectRoot} from '../tools/servers/server-paths.ts'
import {database} from './bench-database.ts'
import {progress, type BenchWorld} from './bench-world.ts'
import {
  BenchError,
  capturedTables,
  newPrefix,
  RUN_TIMEOUT_MS,
  type Contender,
  type ContenderRun,
  type Place,
  type RunSetup,
  type SinkName,
  type SnapshotType,
  type Span,
} from './contender.ts'
import {profileText, readProfiles, type ProfileWindow} from './cpu-profile.ts'

const HOT_FUNCTIONS = 25
const LOG_BYTES = 4000
const NAME = 'tidemark'

export type Config = Readonly<Record<string, string>>

interface Build {
  readonly name: string
  readonly cli: string
  /** Watermarks are executed GTIDs, and signals come over HTTP. */
  readonly readOnly?: boolean
  /** exactly.once.support=required, where the events go to Kafka. */
  readonly exactlyOnce?: true
}

const OWN_BUILD: Build = {name: NAME, cli: join(import.meta.dirname, '..', 'src', 'cli.js')}

export const tidemark: Contender = contender(OWN_BUILD)

export const tidemarkReadOnly: Contender = contender({...OWN_BUILD, name: `${NAME} read-only`, readOnly: true})
export const tidemarkExactlyOnce: Contender = contender({...OWN_BUILD, name: `${NAME} exactly once`, exactlyOnce: true})

/** The build of another checkout. */
export function tidemarkOf({checkout, cli}: {readonly checkout: string; readonly cli: string}): Contender {
  return contender({name: `${NAME} in ${checkout}`, cli})
}

function contender(build: Build): Contender {
  return {
    name: build.name,
    hasParallelReader: true,
    within: async (setup, work) => await withinRun(build, setup, work),
    presentPlace: async setup => await presentState(setup, build),
  }
}

/** A state of this moment. Its topics are written to a file, of which nothing is kept. */
export async function presentState(setup: RunSetup, build = OWN_BUILD): Promise<Place> {
  const value = join(setup.world.folder, `present-${randomUUID()}.state`)
  return await withinRun(build, {...setup, sink: 'file', from: null}, async run => {
    await run.streaming()
    await run.end()
    await copyFile(run.state, value)
    return {contender: build.name, value}
  })
}

/** Configuration of every run: defaults, except where the events go and what is named. */
export async function tidemarkConfig(
  setup: RunSetup,
  {prefix, state}: {readonly prefix: string; readonly state: string},
): Promise<Config> {
  const {world, chunkRows, sink} = setup
  const {host, port, user, password} = world.mysql
  return {
    name: 'bench',
    'topic.prefix': prefix,
    'database.hostname': host,
    'database.port': String(port),
    'database.user': user,
    'database.password': password,
    'database.server.id': String(1_000_000 + Math.floor(Math.random() * 4_000_000_000)),
    'table.include.list': capturedTables(setup)
      .map(table => `${database}.${table}`)
      .join(','),
    'signal.data.collection': `${database}.debezium_signal`,
    'snapshot.mode': 'no_data',
    // As in the peer's run: nothing but rows is compared.
    'include.schema.changes': 'false',
    'offset.storage.file.filename': state,
    'http.listen': `127.0.0.1:${await freePort()}`,
    ...(chunkRows === null ? {} : {'incremental.snapshot.chunk.size': String(chunkRows)}),
    ...(world.options.headers ? {} : {'extended.headers.enabled': 'false'}),
    ...sinkConfig(world, sink),
  }
}

async function buildConfig(build: Build, ...parts: Parameters<typeof tidemarkConfig>): Promise<Config> {
  const config = await tidemarkConfig(...parts)
  if (build.readOnly !== true) return config
  const {'signal.data.collection': _, ...rest} = config
  return {...rest, 'read.only': 'true'}
}

function sinkConfig(world: BenchWorld, sink: SinkName): Config {
  if (sink === 'file') {
    return {'sink.type': 'file', 'sink.file.path': join(world.folder, `${randomUUID()}.jsonl`)}
  }
  const compression = sink === 'kafka lz4' ? {'producer.override.compression.type': 'lz4'} : {}
  return {'bootstrap.servers': world.kafka.bootstrap, ...compression}
}

async function withinRun<T>(build: Build, setup: RunSetup, work: (run: TidemarkRun) => Promise<T>): Promise<T> {
  const {world, name} = setup
  world.signal.throwIfAborted()
  const prefix = newPrefix()
  const folder = await mkdtemp(join(world.folder, 'tidemark-'))
  const state = join(folder, 'tidemark.state')
  const plain = await buildConfig(build, setup, {prefix, state})
  const isTransactional = build.exactlyOnce === true && setup.sink !== 'file'
  const config = isTransactional ? exactlyOnce(plain, prefix) : plain
  if (setup.sink !== 'file') await world.topics.create(prefix, setup)
  if (setup.from !== null && isTransactional) await importState(build, {config, folder, state: setup.from.value})
  else if (setup.from !== null) await copyFile(setup.from.value, state)
  const run = await TidemarkRun.start({build, setup, prefix, folder, state, config})
  try {
    const result = await work(run)
    await run.end()
    return result
  } catch (error) {
    const cause = world.signal.aborted ? '' : `\nthe end of the task's log:\n${run.task.stderr.slice(-LOG_BYTES)}`
    const message = error instanceof Error ? error.message : String(error)
    throw new BenchError(`${name}, ${build.name}: ${message}${cause}`, {cause: error})
  } finally {
    await run.kill()
    if (run.eventsFile === null) await world.topics.deleteAll(prefix)
    else await rm(run.eventsFile, {force: true})
  }
}

/** The state in a topic that goes with the others of the run. */
function exactlyOnce({'offset.storage.file.filename': _file, ...config}: Config, prefix: string): Config {
  return {...config, name: prefix, 'exactly.once.support': 'required', 'offset.storage.topic': `${prefix}.state`}
}

async function importState(
  {cli}: Build,
  {config, folder, state}: {readonly config: Config; readonly folder: string; readonly state: string},
): Promise<void> {
  const file = join(folder, 'import.json')
  await writeFile(file, JSON.stringify(config))
  await promisify(execFile)(process.execPath, [cli, 'state', 'import', file, state])
}

interface Started {
  readonly build: Build
  readonly setup: RunSetup
  readonly prefix: string
  readonly folder: string
  readonly state: string
  readonly config: Config
}

class TidemarkRun implements ContenderRun {
  readonly setup: RunSetup
  readonly prefix: string
  readonly state: string
  readonly eventsFile: string | null
  readonly isTransactional: boolean
  readonly startedAtMs: number
  readonly task: TidemarkProcess
  readonly executeSnapshot?: (dataCollections: readonly string[], type: SnapshotType) => Promise<string>
  readonly #configFile: string
  readonly #profiles: string | null
  readonly #kill: () => void
  #window: ProfileWindow = {fromUs: 0, toUs: Infinity}
  #ended = false
  #isEnding = false

  private constructor({build, setup, prefix, state, config}: Started, configFile: string, profiles: string | null) {
    this.setup = setup
    this.prefix = prefix
    this.state = state
    this.eventsFile = config['sink.file.path'] ?? null
    if (build.readOnly === true) this.executeSnapshot = async (...what) => await postSnapshot(this.task, ...what)
    this.isTransactional = config['exactly.once.support'] === 'required'
    this.#configFile = configFile
    this.#profiles = profiles
    const profiling = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
    const args = [...profiling, build.cli, 'run', configFile]
    this.startedAtMs = Date.now()
    const owned = OwnedProcess.start(process.execPath, args, {stdout: 'ignore', stderr: 'pipe'})
    this.task = new TidemarkProcess(owned, config)
    void this.task.ended.then(() => (this.#ended = true))
    this.#kill = () => {
      owned.signal('SIGKILL')
    }
    setup.world.signal.addEventListener('abort', this.#kill, {once: true})
  }

  static async start(started: Started): Promise<TidemarkRun> {
    const configFile = join(started.folder, 'tidemark.json')
    await writeFile(configFile, JSON.stringify(started.config, null, 2))
    const profiles = started.setup.world.options.profile ? await profileFolder(started.setup.name) : null
    return new TidemarkRun(started, configFile, profiles)
  }

  get pid(): number {
    return this.task.pid
  }

  async streaming(): Promise<number> {
    return logTimeMs(await this.task.waitForLog('streaming'))
  }

  /** The log's "snapshot done" comes after the last acknowledgement. */
  async snapshotEnd(signalId: string): Promise<number> {
    const ends = /^snapshot (done|stopped|failed)$/
    const isEnd = ({msg, fields}: LogLine): boolean => ends.test(msg) && fields['snapshot'] === signalId
    const end = await this.task.waitForLog(isEnd, RUN_TIMEOUT_MS)
    if (end.msg !== 'snapshot done') throw new Error(`wanted "snapshot done", got ${end.text}`)
    return logTimeMs(end)
  }

  hasEnded(): boolean {
    return this.#ended
  }

  async verificationConfig(): Promise<string> {
    return await Promise.resolve(this.#configFile)
  }

  measured({from, to}: Span): void {
    this.#window = {fromUs: monotonicUs(from), toUs: monotonicUs(to)}
  }

  /** Orderly; may be called twice. */
  async end(): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    const {code} = await this.task.stop('SIGTERM')
    if (code !== 0) throw new Error(`the task ended with ${String(code)}`)
    if (this.#profiles === null) return
    progress(`CPU profiles of "${this.setup.name}" in ${this.#profiles}`)
    for (const thread of readProfiles(this.#profiles, this.#window, HOT_FUNCTIONS))
      process.stderr.write(`${profileText(thread)}\n`)
  }

  async kill(): Promise<void> {
    await this.task.kill()
    this.setup.world.signal.removeEventListener('abort', this.#kill)
  }
}

async function postSnapshot(
  {url}: TidemarkProcess,
  dataCollections: readonly string[],
  type: SnapshotType,
): Promise<string> {
  const id = randomUUID()
  const signal = {id, type: 'execute-snapshot', data: {type, 'data-collections': dataCollections}}
  const headers = {'content-type': 'application/json'}
  const response = await fetch(`${url}/signals`, {method: 'POST', headers, body: JSON.stringify(signal)})
  if (response.status !== 202) throw new Error(`POST /signals: ${response.status} ${await response.text()}`)
  return id
}

/** The time that a line of the log was written, ms. */
function logTimeMs({fields, text}: LogLine): number {
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
