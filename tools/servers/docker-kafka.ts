// A one-node KRaft broker in a container.

import {startContainer} from './docker-engine.ts'
import {freePort} from './free-port.ts'
import {untilKafkaAnswers} from './kafka-readiness.ts'
import {loneBrokerConfig} from './broker-config.ts'
import type {KafkaOptions, KafkaServer} from './kafka-server.ts'
import {NotHere} from './servers-error.ts'

export async function dockerKafka(options: KafkaOptions): Promise<KafkaServer> {
  if (options.dataDir !== undefined) throw new NotHere('a data directory of ours is asked for')
  if (options.listeners !== undefined) throw new NotHere('listeners with files of this machine are asked for')
  const port = options.port ?? (await freePort())
  // Clients connect to the port on this machine, so that is what the broker must tell them.
  const advertised = `PLAINTEXT://127.0.0.1:${String(port)}`
  const container = await startContainer({
    service: 'kafka',
    environment: brokerEnvironment({
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': '1@localhost:9093',
      listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      'advertised.listeners': advertised,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      ...loneBrokerConfig,
      ...options.config,
    }),
    ports: [{container: 9092, host: port}],
  })
  const bootstrap = `127.0.0.1:${String(port)}`
  await untilKafkaAnswers(bootstrap)
  return {
    way: 'docker',
    bootstrap,
    pid: null,
    stop: async () => {
      await container.remove()
    },
    kill: async () => {
      await container.kill()
    },
    pause: async () => {
      await container.pause()
    },
    start: async () => {
      await container.start()
      await untilKafkaAnswers(bootstrap)
    },
  }
}

/** The image's own convention: KAFKA_ and the setting's name in capitals, dots as underscores. */
function brokerEnvironment(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, value]),
  )
}
