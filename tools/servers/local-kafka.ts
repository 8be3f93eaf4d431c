// A one-node KRaft broker as a child process, from the jars.

import {existsSync} from 'node:fs'
import {mkdir, open, readFile, rm, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {freePort} from './free-port.ts'
import {archiveOptions} from './kafka-archive.ts'
import {provideKafkaPackage, quickJava, type KafkaPackage} from './kafka-package.ts'
import {untilKafkaAnswers} from './kafka-readiness.ts'
import {loneBrokerConfig} from './broker-config.ts'
import type {KafkaListener, KafkaOptions, KafkaServer, KafkaUser} from './kafka-server.ts'
import {OwnedProcess} from './owned-process.ts'
import {lastLines, runCommand} from './run-command.ts'
import {newRunFolder} from './server-paths.ts'

export async function localKafka(options: KafkaOptions): Promise<KafkaServer> {
  const kafka = await provideKafkaPackage()
  const archive = await archiveOptions(kafka.name, async javaOptions => {
    const trained = await newServer(kafka, {}, javaOptions)
    await trained.start()
    await trained.pause()
    await trained.stop()
  })
  const server = await newServer(kafka, options, archive)
  await server.start()
  return server
}

async function newServer(kafka: KafkaPackage, options: KafkaOptions, archive: readonly string[]): Promise<LocalKafka> {
  const ports = {port: options.port ?? (await freePort()), controllerPort: await freePort()}
  const java = options.measured === true ? ['-XX:+UseSerialGC'] : quickJava
  return new LocalKafka(kafka, options, {...ports, java: [...java, ...archive]})
}

interface LocalKafkaParts {
  readonly port: number
  readonly controllerPort: number
  /** Options of java, also for the tool that formats the data directory. */
  readonly java: readonly string[]
}

class LocalKafka implements KafkaServer {
  readonly way = 'debian'
  readonly bootstrap: string
  readonly dataDir: string
  readonly #kafka: KafkaPackage
  readonly #java: readonly string[]
  readonly #config: Readonly<Record<string, string>>
  readonly #scramUsers: readonly KafkaUser[]
  readonly #keepData: boolean
  readonly #unref: boolean
  #process: OwnedProcess | null = null

  constructor(kafka: KafkaPackage, options: KafkaOptions, {port, controllerPort, java}: LocalKafkaParts) {
    this.#kafka = kafka
    this.#java = java
    this.bootstrap = `127.0.0.1:${String(port)}`
    this.dataDir = options.dataDir === undefined ? newRunFolder('kafka') : resolve(options.dataDir)
    this.#scramUsers = options.scramUsers ?? []
    this.#keepData = options.keepData ?? options.dataDir !== undefined
    this.#unref = options.unref ?? false
    const controller = `127.0.0.1:${String(controllerPort)}`
    const {places, protocols} = listenerSettings(this.bootstrap, options.listeners ?? [])
    this.#config = {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@${controller}`,
      listeners: `${places},CONTROLLER://${controller}`,
      'advertised.listeners': places,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocols}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'log.dirs': join(this.dataDir, 'logs'),
      ...loneBrokerConfig,
      ...options.config,
    }
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  async start(): Promise<void> {
    if (this.#process?.end === null) return
    await mkdir(this.dataDir, {recursive: true})
    const settings = await this.#writeSettings()
    if (!existsSync(join(this.dataDir, 'logs'))) await this.#format(settings)
    const log = await open(join(this.dataDir, 'kafka.log'), 'a')
    try {
      const java = ['-Xmx768m', ...this.#java, '-cp', this.#kafka.classPath, 'kafka.Kafka', settings]
      this.#process = OwnedProcess.start('java', java, {
        cwd: this.dataDir,
        stdout: log.fd,
        stderr: log.fd,
        unref: this.#unref,
        ...(this.#keepData ? {} : {removeWhenOrphaned: this.dataDir}),
      })
    } finally {
      await log.close()
    }
    await this.#untilReady(this.#process)
  }

  async stop(): Promise<void> {
    if (this.#keepData) return await this.pause()
    // An orderly end takes seconds, for data that nobody will read.
    await this.kill()
    await rm(this.dataDir, {recursive: true, force: true})
  }

  async pause(): Promise<void> {
    await this.#process?.stop('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  async #writeSettings(): Promise<string> {
    const file = join(this.dataDir, 'server.properties')
    const lines = Object.entries(this.#config).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(file, lines.join(''))
    return file
  }

  async #format(settings: string): Promise<void> {
    const clusterId = 'f7wayskZRvydM2-6PpncPQ'
    const args = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings]
    for (const {name, password} of this.#scramUsers) {
      for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
        args.push('--add-scram', `${mechanism}=[name=${name},password=${password}]`)
      }
    }
    await runCommand('java', [...this.#java, '-cp', this.#kafka.classPath, ...args])
  }

  async #untilReady(process: OwnedProcess): Promise<void> {
    try {
      const pointless = (): string | undefined => (process.end === null ? undefined : 'the broker ended')
      await untilKafkaAnswers(this.bootstrap, pointless)
    } catch (error) {
      await this.kill()
      const log = await readFile(join(this.dataDir, 'kafka.log'), 'utf8')
      if (error instanceof Error) error.message += `; the end of its log:\n${lastLines(log, 8)}`
      await this.stop()
      throw error
    }
  }
}

function listenerSettings(
  bootstrap: string,
  listeners: readonly KafkaListener[],
): {readonly places: string; readonly protocols: string} {
  const all = listeners.map(({name, protocol, port}) => ({name, protocol, place: `127.0.0.1:${String(port)}`}))
  const open = {name: 'PLAINTEXT', protocol: 'PLAINTEXT', place: bootstrap}
  return {
    places: [open, ...all].map(({name, place}) => `${name}://${place}`).join(','),
    protocols: [open, ...all].map(({name, protocol}) => `${name}:${protocol}`).join(','),
  }
}
