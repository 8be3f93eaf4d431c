// A real Kafka broker for demo, tests and bench: what callers get, and the ways to get one.

import {dockerKafka} from './docker-kafka.ts'
import {givenKafka} from './given-servers.ts'
import {localKafka} from './local-kafka.ts'
import {firstThatWorks} from './ways.ts'

export interface KafkaServer {
  /** `docker`, `debian` or `given`: how it was provisioned. */
  readonly way: string
  /** host:port */
  readonly bootstrap: string
  /** Of the broker's process; null where it runs in a container or elsewhere. Changes with `start`. */
  readonly pid: number | null
  /** The end, orderly where data are kept; a directory of our own choice is removed. May be called twice. */
  stop(): Promise<void>
  /** As after kill -9. The data stay for `start`. */
  kill(): Promise<void>
  /** Again on the same data and port, after `kill` or `pause`. */
  start(): Promise<void>
  /** Orderly end that keeps the data for `start`. */
  pause(): Promise<void>
}

/** A further way into the broker, on a port of its own. */
export interface KafkaListener {
  /** In capitals; settings of its own begin with `listener.name.<name in small letters>.` */
  readonly name: string
  readonly protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  readonly port: number
}

export interface KafkaUser {
  readonly name: string
  readonly password: string
}

export interface KafkaOptions {
  readonly port?: number
  /** Default: a directory that `stop` removes. */
  readonly dataDir?: string
  /** Broker settings beside the defaults, as `{'message.max.bytes': '2000000'}`. */
  readonly config?: Readonly<Record<string, string>>
  /** Beside the open one, which `bootstrap` names. */
  readonly listeners?: readonly KafkaListener[]
  /** Known to SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly scramUsers?: readonly KafkaUser[]
  /** Keep the data at `stop`. Default: only where `dataDir` is given. */
  readonly keepData?: boolean
  /** Its speed is measured: the JVM compiles as it does in production. Default: as starts it soonest. */
  readonly measured?: boolean
  /** Our process may end while the server runs, which then ends, too. */
  readonly unref?: boolean
}

/** A broker of the caller's own, which may be stopped, killed and started again. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  return await firstThatWorks('Kafka', [
    {name: 'Docker', attempt: async () => await dockerKafka(options)},
    {name: 'jars from Maven Central', attempt: async () => await localKafka(options)},
  ])
}

/** The broker that the environment names, else one of our own. */
export async function provideKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  return givenKafka() ?? (await startKafka(options))
}
