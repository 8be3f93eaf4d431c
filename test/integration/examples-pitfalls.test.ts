// The scripts of examples/pitfalls do and say what their pages promise: what Tidemark answers to the classic mistakes.

import {after, before, test} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
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

test('pitfall 1: a signal table outside the filter simply works', async t => {
  await followsItsPage(t, 'pitfalls/1-signal-table-outside-the-filter', {mysql, kafka: await sharedKafka()})
})

test('pitfall 2: a signal table without a primary key is refused with the statement that mends it', async t => {
  await followsItsPage(t, 'pitfalls/2-no-primary-key', {mysql, kafka: await sharedKafka()})
})

test('pitfall 3: a retention of ten minutes is warned of, and a position that is purged is named', async t => {
  // A server of its own: no replica could begin at the one whose binlogs it purges.
  const purged = await startMysql()
  onCleanUp(t, () => purged.stop())
  await followsItsPage(t, 'pitfalls/3-retention', {mysql: purged, kafka: await sharedKafka()})
})

test('pitfall 4: a replica without commit order is refused with the statement that mends it', async t => {
  const replica = await startReplica(t, mysql)
  await followsItsPage(t, 'pitfalls/4-commit-order', {mysql, kafka: await sharedKafka(), replica: replica.server})
})
