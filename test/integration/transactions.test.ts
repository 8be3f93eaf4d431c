// Transaction metadata and statements on real servers: what a mix of transactions leaves in the topics, with GTIDs and
// without, and the note where the server does not log statements.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
import {runTidemark} from '../support/tidemark-process.ts'

// Of their own: other tests' transactions would be among the events, and statements are logged by a global setting.
let server: MysqlServer
let withoutGtids: MysqlServer
before(async () => {
  server = await startMysql({options: ['--binlog-rows-query-log-events=ON']})
  withoutGtids = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
})
after(async () => {
  await server.stop()
  await withoutGtids.stop()
})

interface Value {
  readonly status?: string
  readonly id: string
  readonly event_count: number | null
  readonly data_collections: readonly {readonly data_collection: string; readonly event_count: number}[] | null
  readonly ts_ms: number
  readonly op: string
  readonly source: {readonly table: string; readonly query: string | null; readonly gtid: string | null}
  readonly transaction: {
    readonly id: string
    readonly total_order: number
    readonly data_collection_order: number
  } | null
}

function valuesOf(events: readonly ObservedEvent[]): Value[] {
  return events.flatMap(({valueText}) => (valueText === null ? [] : [JSON.parse(valueText) as Value]))
}

function transactionEvents(capture: Capture, events: readonly ObservedEvent[]): Value[] {
  return valuesOf(events.filter(({topic}) => topic === `${capture.database.name}.transaction`))
}

/** Counts by table, and `table op order/order in its table` of each event, in the order of the transaction. */
function shownTransactions(capture: Capture, events: readonly ObservedEvent[]): string[][] {
  const {name} = capture.database
  const records = transactionEvents(capture, events)
  const changes = valuesOf(events).filter(value => value.status === undefined && value.transaction != null)
  return records
    .filter(({status}) => status === 'BEGIN')
    .map(({id}) => {
      const end = records.find(each => each.status === 'END' && each.id === id)
      assert.ok(end !== undefined, `${id} has no end`)
      const counts = end.data_collections!.map(
        each => `${each.data_collection.slice(name.length + 1)}=${each.event_count}`,
      )
      const own = changes.filter(({transaction}) => transaction!.id === id)
      own.sort((a, b) => a.transaction!.total_order - b.transaction!.total_order)
      return [
        [end.event_count, ...counts].join(' '),
        ...own.map(({op, source, transaction}) => {
          const {total_order: total, data_collection_order: inTable} = transaction!
          return `${source.table} ${op} ${total}/${inTable}`
        }),
      ]
    })
}

const TABLES = `
  CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);
  CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);
  CREATE TABLE plain (id INT PRIMARY KEY) ENGINE = MyISAM;
  CREATE TABLE hidden (id INT PRIMARY KEY);
  CREATE TABLE copied (id INT PRIMARY KEY) SELECT 1 AS id;`

test('a mix of transactions: several tables, key changes, nothing captured, signals, rollbacks, DDL', async t => {
  const capture = await prepareCapture(t, {prefix: 'tx', server, config: {'provide.transaction.metadata': 'true'}})
  const {connection, database} = capture
  await connection.query(TABLES)
  const tidemark = await capture.run(t, {'table.exclude.list': `${database.name}.hidden`})
  await tidemark.waitForStreaming()
  await connection.query(`BEGIN; INSERT INTO orders VALUES (1, 'a'), (2, 'b'); INSERT INTO items VALUES (1, 'x');
    UPDATE orders SET id = 3 WHERE id = 2; DELETE FROM orders WHERE id = 1; COMMIT`)
  await connection.query(`BEGIN; INSERT INTO orders VALUES (9, 'never'); ROLLBACK`)
  await connection.query('INSERT INTO hidden VALUES (1)')
  await connection.query('ALTER TABLE items ADD more INT')
  await connection.query('BEGIN; INSERT INTO plain VALUES (1); INSERT INTO items VALUES (9, 9, 9); ROLLBACK')
  await connection.query(`CREATE TABLE made (id INT PRIMARY KEY) SELECT id FROM orders`)
  const snapshot = await capture.snapshot(['orders'])
  await snapshotEnded(tidemark, snapshot)
  await caughtUp(tidemark, connection)
  assert.equal((await tidemark.stop()).code, 0)
  const events = await capture.events()
  const shown = shownTransactions(capture, events)
  assert.deepEqual(shown.slice(0, 4), [
    [
      '6 orders=5 items=1',
      ...['orders c 1/1', 'orders c 2/2', 'items c 3/1', 'orders d 4/3', 'orders c 5/4', 'orders d 6/5'],
    ],
    ['0'],
    ['1 plain=1', 'plain c 1/1'],
    ['1 made=1', 'made c 1/1'],
  ])
  // The signal and the marks of its snapshot.
  assert.ok(shown.length > 4)
  assert.deepEqual(
    new Set(shown.slice(4).map(each => each.join('; '))),
    new Set(['1 debezium_signal=1; debezium_signal c 1/1']),
  )
  for (const {op, transaction, source} of valuesOf(events).filter(value => value.status === undefined)) {
    assert.equal(transaction?.id ?? null, op === 'r' ? null : source.gtid)
  }
})

test('without GTIDs a transaction is named by the place of its BEGIN', async t => {
  const config = {'provide.transaction.metadata': 'true', 'topic.transaction': 'tx', 'topic.delimiter': '-'}
  const capture = await prepareCapture(t, {prefix: 'tx', server: withoutGtids, config})
  const {connection, database} = capture
  await connection.query(TABLES)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query(
    `BEGIN; INSERT INTO orders VALUES (1, 'a'), (2, 'b'); INSERT INTO items VALUES (1, 'x'); COMMIT`,
  )
  const records = await eventually({what: 'the end of the transaction', timeoutMs: 30_000}, async () => {
    const found = valuesOf((await capture.events()).filter(({topic}) => topic === `${database.name}-tx`))
    return found.length === 2 ? found : undefined
  })
  assert.equal((await tidemark.stop()).code, 0)
  const [events] = await connection.query(`SHOW BINLOG EVENTS IN '${/file=(.*),/.exec(records[0]!.id)![1]!}'`)
  const begins = (events as {Pos: string; Info: string}[]).filter(({Info}) => Info === 'BEGIN').map(({Pos}) => Pos)
  assert.equal(/pos=(.*)/.exec(records[0]!.id)![1], String(begins.at(-1)))
  assert.deepEqual(
    records.map(({status, id, event_count: count}) => [status, id === records[0]!.id, count]),
    [
      ['BEGIN', true, null],
      ['END', true, 3],
    ],
  )
})

test('every streamed row has the statement that the server logged for it, and a row that is read has none', async t => {
  const capture = await prepareCapture(t, {prefix: 'query', server, config: {'include.query': 'true'}})
  const {connection} = capture
  await connection.query(TABLES)
  const statements = [
    `INSERT INTO orders VALUES (1, 'ä "quoted" 𝄞'), (2, 'b')`,
    `UPDATE /* both */ orders SET note = 'c'`,
    'DELETE FROM orders WHERE id = 1',
  ]
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query(`BEGIN; ${statements.join('; ')}; COMMIT`)
  await connection.query('SET SESSION binlog_rows_query_log_events = OFF')
  await connection.query(`INSERT INTO orders VALUES (4, 'd')`)
  await connection.query('SET SESSION binlog_transaction_compression = ON, SESSION binlog_rows_query_log_events = ON')
  await connection.query(`INSERT INTO orders VALUES (5, 'e')`)
  await snapshotEnded(tidemark, await capture.snapshot(['orders']))
  await caughtUp(tidemark, connection)
  assert.equal((await tidemark.stop()).code, 0)
  const [insert, update, remove] = statements
  assert.deepEqual(
    valuesOf(await capture.tableEvents('orders')).map(({op, source}) => [op, source.query]),
    [
      ...[insert, insert].map(query => ['c', query]),
      ...[update, update].map(query => ['u', query]),
      ['d', remove],
      ['c', null],
      ['c', `INSERT INTO orders VALUES (5, 'e')`],
      ...[null, null, null].map(query => ['r', query]),
    ],
  )
})

test('check warns where include.query finds a server that does not log statements', async t => {
  for (const [config, wanted] of [
    [{'include.query': 'true'}, true],
    [{}, false],
  ] as const) {
    const capture = await prepareCapture(t, {prefix: 'query', server: withoutGtids, config})
    const check = await runTidemark(t, {config: capture.config, command: 'check'})
    assert.equal((await check.ended).code, 0, check.stderr)
    const line =
      /^warning {2}binlog_rows_query_log_events: found OFF, wanted ON .*SET PERSIST binlog_rows_query_log_events = ON;$/m
    assert.equal(line.test(check.stdout), wanted, check.stdout)
  }
})
