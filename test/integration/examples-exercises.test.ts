// The scripts of examples/exercises do and say what their pages promise, command for command.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {followsItsPage} from '../support/example-script.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {startReplica} from '../support/replica.ts'

let mysql: MysqlServer
before(async () => {
  mysql = await startMysql()
})
after(async () => {
  await mysql.stop()
})

test('exercise 1: a signal table is made and a first snapshot triggered, as its page shows', async t => {
  await followsItsPage(t, 'exercises/1-first-snapshot', {mysql, kafka: await sharedKafka()})
})

test('exercise 2: a snapshot is followed by status, log and notifications, as its page shows', async t => {
  await followsItsPage(t, 'exercises/2-progress', {mysql, kafka: await sharedKafka()})
})

test('exercise 3: a snapshot is stopped under way, and a condition copies exactly the rest', async t => {
  const said = await followsItsPage(t, 'exercises/3-the-rest', {mysql, kafka: await sharedKafka()})
  const last = Number(/^\$ echo "\$last"\n(\d+)$/m.exec(said)?.[1])
  assert.ok(last > 0 && last < 20_000, `stopped at ${String(last)}: not under way`)
})

test('exercise 4: a replica is copied by a signal from kafka-console-producer, and nothing is written to it', async t => {
  const replica = await startReplica(t, mysql)
  await followsItsPage(t, 'exercises/4-read-only', {mysql, kafka: await sharedKafka(), replica: replica.server})
})
