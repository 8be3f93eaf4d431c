// A Kafka Connect worker, standalone, in a process of its own, steered through its REST interface.

import {mkdtemp, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {provideDebeziumPackage} from '../../tools/servers/debezium-package.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {freePort} from '../../tools/servers/free-port.ts'
import {provideKafkaPackage} from '../../tools/servers/kafka-package.ts'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {progress, type BenchWorld} from '../bench-world.ts'
import {workerConfig, workerJvmOptions, type ConnectorConfig} from './connector-config.ts'

const START_MS = 120_000
const REQUEST_MS = 60_000

/** Milliseconds since 1970, then the text; for people the class is enough. */
const LOG4J = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{UNIX_MILLIS} %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
`

/** What a worker needs of where it runs. */
export type WorkerWorld = Pick<BenchWorld, 'folder' | 'signal'> & {
  readonly kafka: Pick<BenchWorld['kafka'], 'bootstrap'>
}

const TASK_FAILED = /ERROR .*(unrecoverable exception|Failed to start)/

export interface WorkerLine {
  /** Null where it is not the beginning of an entry. */
  readonly timeMs: number | null
  readonly text: string
}

/** A place in a topic-less task's stream, as Connect keeps it. */
export type ConnectorOffset = Readonly<Record<string, string | number>>

export class ConnectWorker {
  readonly #process: OwnedProcess
  readonly #url: string
  readonly #lines: WorkerLine[] = []
  readonly #watchers = new Set<() => void>()

  private constructor(owned: OwnedProcess, url: string) {
    this.#process = owned
    this.#url = url
    for (const stream of [owned.stdout, owned.stderr]) {
      if (stream === null) continue
      createInterface({input: stream}).on('line', text => {
        const time = /^\d{13} /.exec(text)?.[0]
        this.#lines.push({timeMs: time === undefined ? null : Number(time), text})
        this.#notify()
      })
    }
    void owned.ended.then(() => {
      this.#notify()
    })
  }

  /** Runs the work beside a worker, which ends with it. */
  static async within<T>(world: WorkerWorld, work: (worker: ConnectWorker) => Promise<T>): Promise<T> {
    const worker = await ConnectWorker.#start(world)
    const kill = (): void => {
      worker.#process.signal('SIGKILL')
    }
    world.signal.addEventListener('abort', kill, {once: true})
    try {
      await worker.#untilReady()
      return await work(worker)
    } finally {
      world.signal.removeEventListener('abort', kill)
      // Nothing of it is kept, and its connectors are gone already.
      await worker.#process.stop('SIGKILL')
    }
  }

  static async #start(world: WorkerWorld): Promise<ConnectWorker> {
    const [{classPath}, {pluginPath}] = await Promise.all([provideKafkaPackage(), provideDebeziumPackage()])
    progress('starting Kafka Connect')
    const folder = await mkdtemp(join(world.folder, 'connect-'))
    const url = `http://127.0.0.1:${await freePort()}`
    const config = {
      ...workerConfig,
      'bootstrap.servers': world.kafka.bootstrap,
      'offset.storage.file.filename': join(folder, 'offsets'),
      'plugin.path': pluginPath,
      listeners: url,
    }
    const properties = join(folder, 'worker.properties')
    const log4j = join(folder, 'log4j2.properties')
    await writeFile(
      properties,
      Object.entries(config)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    )
    await writeFile(log4j, LOG4J)
    const main = 'org.apache.kafka.connect.cli.ConnectStandalone'
    const java = [...workerJvmOptions, `-Dlog4j2.configurationFile=${log4j}`, '-cp', classPath, main, properties]
    return new ConnectWorker(OwnedProcess.start('java', java, {cwd: folder, stdout: 'pipe', stderr: 'pipe'}), url)
  }

  get pid(): number {
    return this.#process.pid
  }

  get hasEnded(): boolean {
    return this.#process.end !== null
  }

  /** The number of lines so far, from which on to look for what comes. */
  get mark(): number {
    return this.#lines.length
  }

  /** The last lines since the mark, for a message. */
  lastLines(mark: number, count: number): string {
    const lines = this.#lines.slice(mark).filter(({text}) => !text.includes("type='IN_PROGRESS'"))
    return lines
      .slice(-count)
      .map(({text}) => text.slice(0, 300))
      .join('\n')
  }

  /** What is known of a task's end since the mark; undefined while all goes well. */
  failureSince(mark: number): string | undefined {
    const at = this.#lines.slice(mark).findIndex(({text}) => TASK_FAILED.test(text))
    if (at < 0) return this.hasEnded ? this.lastLines(mark, 20) : undefined
    return this.#lines
      .slice(mark + at)
      .filter(({text}) => TASK_FAILED.test(text) || text.startsWith('Caused by'))
      .slice(0, 8)
      .map(({text}) => text.slice(0, 500))
      .join('\n')
  }

  /** The first line since the mark that matches. Rejects where a task fails, the worker ends, or nothing comes in time. */
  async waitForLine(mark: number, matches: (text: string) => boolean, timeoutMs: number): Promise<WorkerLine> {
    let seen = mark
    return await new Promise((resolve, reject) => {
      const look = (): void => {
        for (; seen < this.#lines.length; seen++) {
          const line = this.#lines[seen]!
          if (matches(line.text)) return finish(() => resolve(line))
          if (TASK_FAILED.test(line.text)) {
            return finish(() => reject(new Error(`the task failed: ${line.text.slice(0, 500)}`)))
          }
        }
        if (this.hasEnded) finish(() => reject(new Error('the worker ended')))
      }
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`waited ${timeoutMs / 1000} s for a line of the worker's log`)))
      }, timeoutMs)
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** Starts a connector, at the offset where one is given. */
  async create(name: string, config: ConnectorConfig, offset: ConnectorOffset | null): Promise<void> {
    const initial = offset === null ? {} : {initial_state: 'STOPPED'}
    await this.#request('POST', '/connectors', {name, config, ...initial})
    if (offset === null) return
    const partition = {server: config['topic.prefix']}
    // A connector that was just made may not be known as stopped yet.
    await eventually({what: `Connect to take an offset for ${name}`, timeoutMs: 20_000, intervalMs: 200}, async () => {
      await this.#request('PATCH', `/connectors/${name}/offsets`, {offsets: [{partition, offset}]})
      return true
    })
    await this.#request('PUT', `/connectors/${name}/resume`)
  }

  /** Resolves when its task has ended. */
  async delete(name: string): Promise<void> {
    await this.#request('DELETE', `/connectors/${name}`)
    // Its threads end a little later; the next run is not to feel them.
    await sleep(500)
  }

  /** Ends its task and keeps its offset; resolves with that. */
  async stop(name: string): Promise<ConnectorOffset> {
    await this.#request('PUT', `/connectors/${name}/stop`)
    return await eventually({what: `the offset of ${name}`, timeoutMs: 60_000, intervalMs: 500}, async () => {
      const {connector} = (await this.#request('GET', `/connectors/${name}/status`)) as {connector: {state: string}}
      if (connector.state !== 'STOPPED') return undefined
      const {offsets} = (await this.#request('GET', `/connectors/${name}/offsets`)) as {
        readonly offsets: readonly {readonly offset: ConnectorOffset}[]
      }
      return offsets[0]?.offset
    })
  }

  async #untilReady(): Promise<void> {
    const pointless = (): string | undefined => (this.hasEnded ? this.lastLines(0, 20) : undefined)
    await eventually({what: 'Kafka Connect to answer', timeoutMs: START_MS, intervalMs: 200, pointless}, async () => {
      await this.#request('GET', '/connectors')
      return true
    })
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_MS),
      ...(body === undefined ? {} : {body: JSON.stringify(body), headers: {'content-type': 'application/json'}}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Connect: ${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return text === '' ? null : (JSON.parse(text) as unknown)
  }

  #notify(): void {
    for (const look of this.#watchers) look()
  }
}
