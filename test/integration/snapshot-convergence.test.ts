// The claim of the whole: snapshots run while a writer changes rows of every kind of key, and each topic, folded by key,
// equals its table, with no event older than one before it.

import {test} from 'node:test'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import type {Config} from '../support/tidemark-config.ts'

/** Hundreds of changes come into the windows all the same, and the copies have the processors to themselves meanwhile. */
const REST_MS = 2

const variants: readonly {name: string; config: Config}[] = [
  {
    name: 'one thread, insert_insert, chunks of 50 rows',
    config: {'incremental.snapshot.chunk.size': '50'},
  },
  {
    name: 'three threads, insert_delete, chunks of 50 rows',
    config: {
      'incremental.snapshot.chunk.size': '50',
      'snapshot.max.threads': '3',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
    },
  },
  {
    name: 'one thread, insert_delete, chunks of 200 rows',
    config: {
      'incremental.snapshot.chunk.size': '200',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
    },
  },
  {
    name: 'three threads, insert_insert, chunks of 7 rows',
    config: {'incremental.snapshot.chunk.size': '7', 'snapshot.max.threads': '3'},
  },
]

for (const {name, config} of variants) {
  test(`every table converges and no row goes back: ${name}`, async t => {
    const outcome = await snapshotUnderWrites(t, {config, snapshots: 2, size: 1500, restMs: REST_MS})
    const {capture} = outcome
    const events = await capture.events()
    await judge(outcome, table => events.filter(event => event.topic === capture.topic(table)))
  })
}

test('every table converges and no row goes back: a server that compresses every transaction, the marks among them', async t => {
  const server = await startMysql({options: ['--binlog-transaction-compression=ON']})
  onCleanUp(t, async () => await server.stop())
  const outcome = await snapshotUnderWrites(t, {
    server,
    config: {'incremental.snapshot.chunk.size': '50', 'snapshot.max.threads': '2'},
    snapshots: 2,
    size: 1000,
    restMs: REST_MS,
  })
  const {capture} = outcome
  const events = await capture.events()
  await judge(outcome, table => events.filter(event => event.topic === capture.topic(table)))
})

test('every table converges and no row goes back: topics of three partitions in Kafka', async t => {
  const {kafka} = await integrationServers()
  const outcome = await snapshotUnderWrites(t, {
    bootstrap: kafka.bootstrap,
    config: {
      'incremental.snapshot.chunk.size': '100',
      'snapshot.max.threads': '2',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
    },
    snapshots: 1,
    size: 1000,
    restMs: REST_MS,
  })
  await judge(outcome, async table => await consumeTopic(kafka.bootstrap, outcome.capture.topic(table)))
})
