// Foreign keys on a server that does not log what their actions do, as every server before MySQL 9.6 is: the tables that
// they change have diverged, and the status says so.

import assert from 'node:assert/strict'
import {after, before, test, type TestContext} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {divergedTables} from '../support/ddl-moments.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql({options: ['--innodb-native-foreign-keys=ON']})
})
after(async () => {
  await server.stop()
})

const TABLES = `
  CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20));
  CREATE TABLE orders (id INT PRIMARY KEY, customer INT,
    FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE order_lines (id INT PRIMARY KEY, of_order INT,
    FOREIGN KEY (of_order) REFERENCES orders (id) ON DELETE SET NULL);
  CREATE TABLE strict_lines (id INT PRIMARY KEY, customer INT, FOREIGN KEY (customer) REFERENCES customers (id));
  INSERT INTO customers VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');
  INSERT INTO orders VALUES (10, 1), (20, 2), (30, 3);
  INSERT INTO order_lines VALUES (100, 10), (200, 20), (300, 30);
  INSERT INTO strict_lines VALUES (1, 4)`

/** The customers are not captured. */
async function prepare(t: TestContext): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const config = {'table.exclude.list': '.*\\.customers', 'skipped.operations': 'none'}
  const capture = await prepareCapture(t, {prefix: 'cascades', server, config})
  await capture.connection.query(TABLES)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['order.*', 'strict.*']))
  return {capture, tidemark}
}

async function said(tidemark: TidemarkProcess, {connection, database}: Capture): Promise<string[]> {
  await caughtUp(tidemark, connection)
  const found = await divergedTables(tidemark)
  return found.map(({table, reason}) => `${table}: ${reason}`.replaceAll(`${database.name}.`, '')).sort()
}

async function verify(t: TestContext, {config, folder}: Capture): Promise<number | null> {
  const run = await runTidemark(t, {config, folder, command: 'verify'})
  return (await run.ended).code
}

test('a deleted parent makes the tables below it diverge, once, until they are copied again', async t => {
  const {capture, tidemark} = await prepare(t)
  const {connection} = capture
  await connection.query("UPDATE customers SET name = 'x'; INSERT INTO customers VALUES (5, 'e')")
  assert.deepEqual(await said(tidemark, capture), [], 'what no key refers to tells of nothing')
  await connection.query('DELETE FROM customers WHERE id = 1; DELETE FROM customers WHERE id IN (2, 5)')
  assert.deepEqual(await said(tidemark, capture), [
    'order_lines: a foreign key’s cascade from customers',
    'orders: a foreign key’s cascade from customers',
  ])
  const logged = tidemark.stderr.split('\n').filter(line => line.includes('diverged since'))
  assert.equal(logged.length, 2, logged.join('\n'))
  assert.equal(await verify(t, capture), 1)
  await snapshotEnded(tidemark, await capture.snapshot(['order.*']))
  assert.deepEqual(await said(tidemark, capture), [])
  assert.equal(await verify(t, capture), 0)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('a changed key of a parent does so, too, and a foreign key that comes or goes counts from its statement on', async t => {
  const {capture, tidemark} = await prepare(t)
  const {connection} = capture
  await connection.query('UPDATE customers SET id = 33 WHERE id = 3')
  assert.deepEqual(await said(tidemark, capture), ['orders: a foreign key’s cascade from customers'])
  await snapshotEnded(tidemark, await capture.snapshot(['orders']))
  await connection.query(`ALTER TABLE strict_lines DROP FOREIGN KEY strict_lines_ibfk_1,
    ADD CONSTRAINT later FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE`)
  await connection.query('ALTER TABLE orders DROP FOREIGN KEY orders_ibfk_1')
  await connection.query('DELETE FROM customers WHERE id = 4')
  assert.deepEqual(await said(tidemark, capture), ['strict_lines: a foreign key’s cascade from customers'])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('a cascade behind the lock of a keyless copy is not mended by that copy', async t => {
  const {capture, tidemark} = await prepare(t)
  const {connection} = capture
  await connection.query(`CREATE TABLE log (customer INT, note VARCHAR(20),
    FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE)`)
  await connection.query(`INSERT INTO log WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
    SELECT i % 3 + 1, 'note' FROM n`)
  const copy = await capture.snapshot(['log'], {'max-rows-per-second': 600})
  await tidemark.waitForLog('copying a table by a read view')
  await connection.query('DELETE FROM customers WHERE id = 1')
  await snapshotEnded(tidemark, copy)
  await tidemark.waitForStatus(({snapshot}) => snapshot.parallel === null, 60_000)
  const cascade = 'log: a foreign key’s cascade from customers'
  assert.ok((await said(tidemark, capture)).includes(cascade))
  await snapshotEnded(tidemark, await capture.snapshot(['log']))
  await tidemark.waitForStatus(({snapshot}) => snapshot.parallel === null, 60_000)
  assert.ok(!(await said(tidemark, capture)).includes(cascade))
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})
