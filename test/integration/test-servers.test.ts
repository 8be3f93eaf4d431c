import assert from 'node:assert/strict'
import {test} from 'node:test'
import kafkajs from 'kafkajs'
import type {RowDataPacket} from 'mysql2/promise'
import {startKafka} from '../../tools/servers/kafka-server.ts'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {integrationServers} from '../support/integration-servers.ts'

test('the shared MySQL has the settings that Tidemark needs', async t => {
  const {connection} = await freshDatabase(t, 'settings')
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT @@gtid_mode gtid, @@binlog_row_metadata metadata, @@binlog_format format, @@sync_binlog sync',
  )
  assert.deepEqual({...rows[0]}, {gtid: 'ON', metadata: 'FULL', format: 'ROW', sync: '1'})
})

test('a killed MySQL starts again on the same port with the same rows', async t => {
  const mysql = await startMysql({options: ['--server-id=77']})
  onCleanUp(t, async () => {
    await mysql.stop()
  })
  const {connection, connect} = await freshDatabase(t, 'killed', mysql)
  connection.on('error', () => undefined)
  await connection.query('CREATE TABLE kept (id INT PRIMARY KEY); INSERT INTO kept VALUES (1), (2)')
  await mysql.kill()
  await mysql.start()
  const [rows] = await (await connect()).query<RowDataPacket[]>('SELECT COUNT(*) kept, @@server_id id FROM kept')
  assert.deepEqual({...rows[0]}, {kept: '2', id: '77'})
})

test('what the shared Kafka took is read back to the end, headers and tombstones included', async () => {
  const {kafka} = await integrationServers()
  const topic = `read-back-${String(Date.now())}`
  await produce(kafka.bootstrap, topic, [
    {key: 'a', value: '{"v":1}', headers: {h: 'x'}},
    {key: 'a', value: null},
    {key: null, value: '{"v":2}'},
  ])
  const events = await consumeTopic(kafka.bootstrap, topic)
  assert.deepEqual(
    events.map(({keyText, valueText, headers}) => ({keyText, valueText, headers})),
    [
      {keyText: 'a', valueText: '{"v":1}', headers: {h: 'x'}},
      {keyText: 'a', valueText: null, headers: {}},
      {keyText: null, valueText: '{"v":2}', headers: {}},
    ],
  )
})

test('a killed Kafka starts again on the same port with the same records', async t => {
  const kafka = await startKafka()
  onCleanUp(t, async () => {
    await kafka.stop()
  })
  await produce(kafka.bootstrap, 'kept', [{key: 'k', value: 'v'}])
  await kafka.kill()
  await kafka.start()
  const events = await consumeTopic(kafka.bootstrap, 'kept')
  assert.deepEqual(
    events.map(({valueText}) => valueText),
    ['v'],
  )
})

async function produce(bootstrap: string, topic: string, messages: kafkajs.Message[]): Promise<void> {
  const kafka = new kafkajs.Kafka({brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING})
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({topics: [{topic, numPartitions: 1}], waitForLeaders: true})
  await admin.disconnect()
  const producer = kafka.producer({createPartitioner: kafkajs.Partitioners.DefaultPartitioner})
  await producer.connect()
  await producer.send({topic, messages, acks: -1})
  await producer.disconnect()
}
