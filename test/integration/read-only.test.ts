// Servers that nobody may write to: watermarks from executed GTIDs, on a multi-threaded replica under a random writer, on
// an idle server, and with a commit that stands between the binlog and the engine (the trap).

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {after, before, test} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type {RowDataPacket} from 'mysql2/promise'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {runKafkaTool} from '../../tools/servers/kafka-package.ts'
import {caughtUp, numberedTable, prepareCapture, readIds, receipt, snapshotEnded} from '../support/capture.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {changeOf} from '../support/observed-events.ts'
import {untilCopying} from '../support/outages.ts'
import {startReplica} from '../support/replica.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'
import type {Config} from '../support/tidemark-config.ts'

let primary: MysqlServer
before(async () => {
  primary = await startMysql()
})
after(async () => {
  await primary.stop()
})

/** No signal table; signals come from a topic of their own. */
async function steering(t: CleanUpContext): Promise<{
  readonly config: Config
  readonly send: (key: string, value: object) => Promise<void>
  /** Through kafka-console-producer. */
  readonly type: (key: string, value: object) => Promise<void>
}> {
  const {kafka} = await integrationServers()
  const producer = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING}).producer()
  await producer.connect()
  onCleanUp(t, async () => await producer.disconnect())
  const topic = `signals-${randomUUID()}`
  return {
    config: {
      'read.only': 'true',
      'signal.data.collection': '',
      'signal.enabled.channels': 'kafka',
      'signal.kafka.topic': topic,
      'signal.kafka.bootstrap.servers': kafka.bootstrap,
    },
    type: async (key, value) => {
      await runKafkaTool(
        'org.apache.kafka.tools.ConsoleProducer',
        [
          ...['--bootstrap-server', kafka.bootstrap, '--topic', topic],
          ...['--property', 'parse.key=true', '--property', 'key.separator=|'],
        ],
        `${key}|${JSON.stringify(value)}\n`,
      )
    },
    send: async (key, value) => {
      await producer.send({topic, messages: [{key, value: JSON.stringify(value)}]})
    },
  }
}

test('a multi-threaded replica: snapshots of every table by kafka-console-producer, under a random writer on the primary, converge', async t => {
  const replica = await startReplica(t, primary)
  const {config, type} = await steering(t)
  const outcome = await snapshotUnderWrites(t, {
    server: primary,
    config: {...config, 'database.port': String(replica.server.port), 'incremental.snapshot.chunk.size': '50'},
    snapshots: 2,
    size: 400,
    restMs: 1,
    setUp: () => replica.caughtUp(),
    send: async ({database: {name}}, tables, more) => {
      const id = randomUUID()
      const data = {'data-collections': tables.map(table => `${name}.${table}`), ...more}
      await type(name, {id, type: 'execute-snapshot', data})
      return id
    },
  })
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})

test('a failover from the replica to the primary in the middle of a snapshot: its windows are read again, and nothing is lost', async t => {
  const replica = await startReplica(t, primary)
  const proxy = await TcpProxy.start(t, replica.server)
  let failedOver = false
  const outcome = await snapshotUnderWrites(t, {
    server: primary,
    config: {'read.only': 'true', 'database.port': String(proxy.port), 'incremental.snapshot.chunk.size': '40'},
    snapshots: 1,
    kinds: 6,
    size: 600,
    restMs: 3,
    secondsPerRow: 0.004,
    setUp: () => replica.caughtUp(),
    meanwhile: async (_capture, tidemark) => {
      await untilCopying(tidemark)
      proxy.retarget(primary)
      await tidemark.waitForLog(({msg}) => msg === 'the stream goes on from another server')
      const {snapshot} = await tidemark.waitForStatus(({streaming}) => streaming)
      failedOver = snapshot.state === 'running'
    },
  })
  assert.ok(failedOver, 'the snapshot was over before the failover: the test proves nothing')
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})

test('an idle server is copied by a signal from kafka-console-producer, tagged GTIDs and all, and nothing is written to it', async t => {
  const {config, type} = await steering(t)
  const capture = await prepareCapture(t, {prefix: 'readonly', server: primary, config})
  const {connection, database} = capture
  await connection.query(numberedTable('orders', 900))
  const account = `ro_${database.name}`
  await connection.query(
    `CREATE USER '${account}' IDENTIFIED BY 'secret';
     GRANT SELECT ON *.* TO '${account}'; GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${account}'`,
  )
  const executed = async (): Promise<string> => {
    const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS e')
    return String(row?.['e'])
  }
  const insertTagged = async (id: number): Promise<void> => {
    await connection.query(
      `SET gtid_next = 'AUTOMATIC:tidemark_test'; INSERT INTO orders VALUES (${id}, 'tagged'); SET gtid_next = 'AUTOMATIC'`,
    )
  }
  await insertTagged(901)
  const tidemark = await capture.run(t, {'database.user': account, 'database.password': 'secret'})
  await tidemark.waitForStreaming()
  await insertTagged(902)
  await caughtUp(tidemark, connection)
  const before = await executed()
  assert.match(before, /:tidemark_test:/)
  const id = randomUUID()
  await type(database.name, {id, type: 'execute-snapshot', data: {'data-collections': [`${database.name}.orders`]}})
  await snapshotEnded(tidemark, id)
  assert.deepEqual(await receipt(tidemark, id), {result: 'accepted', reason: null})
  assert.deepEqual(
    await readIds(capture, 'orders'),
    Array.from({length: 902}, (_, i) => i + 1),
  )
  assert.equal(await executed(), before)
  await tidemark.stop()
})

test('snapshot.mode=initial copies without a signal table, and goes on after kill -9 where it was', async t => {
  const {config} = await steering(t)
  const capture = await prepareCapture(t, {
    prefix: 'readonly',
    server: primary,
    config: {...config, 'snapshot.mode': 'initial', 'incremental.snapshot.chunk.size': '100'},
  })
  await capture.connection.query(numberedTable('orders', 1000))
  const first = await capture.run(t)
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone > 0))
  await first.kill()
  const second = await capture.run(t)
  await second.waitForStatus(
    ({snapshot}) => snapshot.tables.length === 2 && snapshot.tables.every(({state}) => state === 'done'),
  )
  const ids = await readIds(capture, 'orders')
  assert.deepEqual(
    [...new Set(ids)].sort((a, b) => a - b),
    Array.from({length: 1000}, (_, i) => i + 1),
  )
  await second.stop()
})

test('the trap: a row whose change was streamed before the server shows it never comes with its older state', async t => {
  const server = await startMysql()
  t.after(async () => await server.stop())
  const {config, send} = await steering(t)
  const capture = await prepareCapture(t, {prefix: 'trap', server, config})
  const {connection, database} = capture
  await connection.query(numberedTable('orders', 10))
  await connection.query(`INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'`)
  await connection.query(
    `SET GLOBAL rpl_semi_sync_source_wait_point = 'AFTER_SYNC', GLOBAL rpl_semi_sync_source_timeout = 60000,
       GLOBAL rpl_semi_sync_source_wait_no_replica = ON`,
  )
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query('SET GLOBAL rpl_semi_sync_source_enabled = ON')
  // Stands between the binlog and the engine until the time-out: nobody acknowledges.
  const writer = await database.connect()
  let isCommitted = false
  const committed = writer.query(`UPDATE orders SET note = 'new' WHERE id = 5`).then(() => (isCommitted = true))
  await tidemark.waitForStatus(({sink}) => sink.eventsEmitted > 0)
  const [[stale]] = await connection.query<RowDataPacket[]>('SELECT note FROM orders WHERE id = 5')
  assert.equal(stale?.['note'], 'row 5', 'the change was streamed and is not visible: else the test proves nothing')
  const id = randomUUID()
  await send(database.name, {id, type: 'execute-snapshot', data: {'data-collections': [`${database.name}.orders`]}})
  await receipt(tidemark, id)
  await sleep(2_000) // A snapshot that does not wait would be over by now.
  assert.equal(isCommitted, false, 'the commit was over before the snapshot: the test proves nothing')
  await connection.query('SET GLOBAL rpl_semi_sync_source_enabled = OFF')
  await committed
  await snapshotEnded(tidemark, id)
  await caughtUp(tidemark, connection)
  const states = (await capture.tableEvents('orders')).flatMap(event => {
    const change = changeOf(event)
    return change?.after?.includes('"id":5,') === true ? [`${change.op} ${change.after}`] : []
  })
  assert.ok(states.length > 0)
  for (const state of states) assert.match(state, /"note":"new"/, states.join('\n'))
  await tidemark.stop()
})
