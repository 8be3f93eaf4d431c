// Unwrapped rows, outbox events and filters on real servers: the same bytes whether copied or streamed, and what is
// dropped from the stream never comes back from a copy.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, prepareCapture, snapshotEnded} from '../support/capture.ts'
import {eventsOfTopic} from '../support/observed-events.ts'

const TABLES = `
  CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20) NULL, price DECIMAL(8,2) NULL, at DATETIME(3) NULL);
  CREATE TABLE outbox (id CHAR(36) PRIMARY KEY, aggregatetype VARCHAR(20) NOT NULL, aggregateid VARCHAR(20) NOT NULL,
    type VARCHAR(20) NOT NULL, payload JSON NULL);`
const ROWS = `
  INSERT INTO orders VALUES (1, 'one', 1.50, '2024-01-02 03:04:05.678'), (2, NULL, NULL, NULL), (3, 'Ü"3', -1, NULL);
  INSERT INTO outbox VALUES ('a', 'order', 'k1', 'Created', '{"id": 1, "deep": {"list": [1, 2]}}'),
    ('b', 'customer', 'k2', 'Gone', NULL);`
const UNWRAP = {'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState'}
const IS_OUTBOX = {
  predicates: 'isOutbox,isOrder',
  'predicates.isOutbox.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  'predicates.isOutbox.pattern': '.*\\.outbox',
  'predicates.isOrder.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  'predicates.isOrder.pattern': '.*\\.orders',
}
const ONLY_ORDERS = {'transforms.unwrap.predicate': 'isOrder'}

/** Key, value and headers of a topic's records, as one text each. */
function records(events: Parameters<typeof eventsOfTopic>[0], topic: string): string[] {
  return eventsOfTopic(events, topic).map(({keyText, valueText, headers}) =>
    [keyText, valueText, JSON.stringify(headers)].join(' '),
  )
}

test('rows and outbox events are the same bytes from a copy as from the stream', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'unwrapped',
    config: {
      ...IS_OUTBOX,
      ...UNWRAP,
      ...ONLY_ORDERS,
      transforms: 'outbox,unwrap',
      'transforms.unwrap.add.fields': 'table,source.db:schema',
      'transforms.unwrap.add.headers': 'source.table:from',
      'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
      'transforms.outbox.predicate': 'isOutbox',
      'transforms.outbox.table.expand.json.payload': 'true',
      'transforms.outbox.table.fields.additional.placement': 'type:header:eventType',
      'extended.headers.enabled': 'false',
    },
  })
  await capture.connection.query(TABLES)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query(ROWS)
  await caughtUp(tidemark, capture.connection)
  const topics = [capture.topic('orders'), 'outbox.event.order', 'outbox.event.customer']
  const counts = [3, 1, 1]
  const complete = async (times: number): Promise<string[][]> =>
    await eventually({what: `records of ${times} readings`, timeoutMs: 60_000}, async () => {
      const events = await capture.events()
      const found = topics.map(topic => records(events, topic))
      return found.every((list, at) => list.length === counts[at]! * times) ? found : undefined
    })
  const streamed = await complete(1)
  await snapshotEnded(tidemark, await capture.snapshot(['orders', 'outbox']))
  const both = await complete(2)
  assert.deepEqual(
    both.map((list, at) => list.slice(counts[at])),
    streamed,
  )
  const {name} = capture.database
  const tail = `"__table":"orders","__schema":"${name}"} {"__from":"orders"}`
  assert.deepEqual(streamed, [
    [
      `{"id":1} {"id":1,"note":"one","price":"AJY=","at":1704164645678,${tail}`,
      `{"id":2} {"id":2,"note":null,"price":null,"at":null,${tail}`,
      `{"id":3} {"id":3,"note":"Ü\\"3","price":"nA==","at":null,${tail}`,
    ],
    ['"k1" {"id":1,"deep":{"list":[1,2]}} {"id":"a","eventType":"Created"}'],
    ['"k2"  {"id":"b","eventType":"Gone"}'],
  ])
  assert.equal((await tidemark.stop()).code, 0)
})

test('what a filter drops comes neither from the stream nor from a copy, and its changes count for what was read', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'filtered',
    config: {
      transforms: 'filter',
      'transforms.filter.type': 'io.debezium.transforms.Filter',
      'transforms.filter.language': 'jsr223.graal.js',
      'transforms.filter.condition': "value.source.table == 'orders' && value.op !== 'u' && value.after?.note != 'no'",
      'transforms.filter.null.handling.mode': 'drop',
    },
  })
  await capture.connection.query(TABLES)
  await capture.connection.query(ROWS)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query(
    "UPDATE orders SET note = 'no' WHERE id = 1; UPDATE orders SET note = 'yes' WHERE id = 2",
  )
  await snapshotEnded(tidemark, await capture.snapshot(['orders', 'outbox']))
  await capture.connection.query('DELETE FROM orders WHERE id = 3')
  await caughtUp(tidemark, capture.connection)
  const events = await eventually({what: 'the delete', timeoutMs: 60_000}, async () => {
    const found = await capture.events()
    return found.some(({valueText}) => valueText?.includes('"op":"d"') === true) ? found : undefined
  })
  assert.deepEqual(
    events.map(({topic, keyText, valueText}) => [
      topic,
      keyText,
      (JSON.parse(valueText!) as {op: string; after: {note: string} | null}).after?.note ?? 'deleted',
    ]),
    [
      [capture.topic('orders'), '{"id":2}', 'yes'],
      [capture.topic('orders'), '{"id":3}', 'Ü"3'],
      [capture.topic('orders'), '{"id":3}', 'deleted'],
    ],
  )
  assert.equal((await tidemark.stop()).code, 0)
})
