// A one-node KRaft broker as a child process, from the jars.

import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {freePort} from './free-port.ts'
import {archiveOptions} from './kafka-archive.ts'
import {provideKafkaPackage, quickJava, type KafkaPackage} from './kafka-package.ts'
import {untilKafkaAnswers} from './kafka-readiness.ts'
import {loneBrokerConfig} from './broker-config.ts'
import type {KafkaListener, KafkaOptions, KafkaServer, KafkaUser} from './kafka-server.ts'
import {LocalServer} from './local-server.ts'
import {runCommand} from './run-command.ts'

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

class LocalKafka extends LocalServer implements KafkaServer {
  readonly bootstrap: string
  readonly #kafka: KafkaPackage
  readonly #java: readonly string[]
  readonly #config: Readonly<Record<string, string>>
  readonly #scramUsers: readonly KafkaUser[]

  constructor(kafka: KafkaPackage, options: KafkaOptions, {port, controllerPort, java}: LocalKafkaParts) {
    super('kafka', 'kafka', options)
    this.#kafka = kafka
    this.#java = java
    this.bootstrap = `127.0.0.1:${String(port)}`
    this.#scramUsers = options.scramUsers ?? []
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

  protected override async prepare(): Promise<{command: string; args: readonly string[]}> {
    const settings = await this.#writeSettings()
    if (!existsSync(join(this.dataDir, 'logs'))) await this.#format(settings)
    return {
      command: 'java',
      args: ['-Xmx768m', ...this.#java, '-cp', this.#kafka.classPath, 'kafka.Kafka', settings],
    }
  }

  protected override async untilAnswers(pointless: () => string | undefined): Promise<void> {
    await untilKafkaAnswers(this.bootstrap, pointless)
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
