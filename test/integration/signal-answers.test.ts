// Every signal gets one answer, with the reason where it is not carried out: in the log and in the status.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {prepareCapture, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface Refusal {
  readonly name: string
  readonly type?: string
  readonly data: (database: string) => unknown
  readonly reason: (database: string) => RegExp
}

const refusals: readonly Refusal[] = [
  {name: 'bad JSON', data: () => '{"data-collections": [', reason: () => /^data is not JSON: /},
  {name: 'JSON that is no object', data: () => '[1]', reason: () => /data must be a JSON object/},
  {name: 'no data at all', data: () => null, reason: () => /"data-collections" must be a list/},
  {name: 'no tables', data: () => ({'data-collections': []}), reason: () => /"data-collections" must be a list/},
  {
    name: 'an unknown table, with the nearest name',
    data: db => ({'data-collections': [`${db}.order`]}),
    reason: db => new RegExp(`no captured table matches "${db}\\.order"; did you mean ${db}\\.orders\\?`),
  },
  {
    name: 'a table that the filter leaves out',
    data: () => ({'data-collections': ['mysql.user']}),
    reason: () => /no captured table matches "mysql\.user"/,
  },
  {
    name: 'one known and one unknown table',
    data: db => ({'data-collections': [`${db}.orders`, `${db}.nothing_like_it`]}),
    reason: () => /no captured table matches ".*\.nothing_like_it"/,
  },
  {
    name: 'a part of a table without any key',
    data: db => ({
      'data-collections': [`${db}.keyless`],
      'additional-conditions': [{'data-collection': `${db}.keyless`, filter: 'id = 1'}],
    }),
    reason: db => new RegExp(`cannot copy a part of ${db}\\.keyless: without a key`),
  },
  {
    name: 'a part of a table whose only unique key may be NULL or has a prefix',
    data: db => ({
      'data-collections': [`${db}.almost_keyed`],
      'additional-conditions': [{'data-collection': `${db}.almost_keyed`, filter: 'a = 1'}],
    }),
    reason: db => new RegExp(`cannot copy a part of ${db}\\.almost_keyed: without a key`),
  },
  {
    name: 'a filter that MySQL refuses',
    data: db => ({
      'data-collections': [`${db}.orders`],
      'additional-conditions': [{'data-collection': `${db}.orders`, filter: 'colour = 1'}],
    }),
    reason: db => new RegExp(`MySQL refuses the filter for ${db}\\.orders: Unknown column 'colour'`),
  },
  {
    name: 'a filter that is no SQL',
    data: db => ({
      'data-collections': [`${db}.orders`],
      'additional-conditions': [{'data-collection': `${db}.orders`, filter: 'id >'}],
    }),
    reason: db => new RegExp(`MySQL refuses the filter for ${db}\\.orders: .*SQL syntax`),
  },
  {
    name: 'a condition for a table that is not copied',
    data: db => ({
      'data-collections': [`${db}.orders`],
      'additional-conditions': [{'data-collection': `${db}.keyless`, filter: 'id > 1'}],
    }),
    reason: () => /matches none of the tables/,
  },
  {
    name: 'an unknown surrogate key, with the columns there are',
    data: db => ({'data-collections': [`${db}.orders`], 'surrogate-key': 'colour'}),
    reason: db => new RegExp(`${db}\\.orders has no column colour.*it has id, code, state`),
  },
  {
    name: 'a surrogate key that may be NULL',
    data: db => ({'data-collections': [`${db}.orders`], 'surrogate-key': 'state'}),
    reason: () => /column state may be NULL/,
  },
  {
    name: 'a surrogate key that is not unique on a table without another key',
    data: db => ({'data-collections': [`${db}.keyless`], 'surrogate-key': 'id'}),
    reason: () => /it is not unique and the table has no other key/,
  },
  {
    name: 'a regular expression that is none',
    data: db => ({'data-collections': [`${db}.(orders`]}),
    reason: () => /is not a regular expression/,
  },
  {name: 'an unknown type', type: 'execute-snapshots', data: () => ({}), reason: () => /unknown signal type/},
  {name: 'a log signal without a message', type: 'log', data: () => ({}), reason: () => /"message" must be a text/},
]

async function startCapture(t: TestContext): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const capture = await prepareCapture(t, {prefix: 'answers'})
  await capture.connection.query(`
    CREATE TABLE orders (id INT PRIMARY KEY, code CHAR(4) NOT NULL, state VARCHAR(10) NULL, UNIQUE KEY (code));
    INSERT INTO orders VALUES (1, 'a', 'new'), (2, 'b', NULL), (3, 'c', 'old');
    CREATE TABLE keyless (id INT NOT NULL, note VARCHAR(10));
    INSERT INTO keyless VALUES (1, 'one'), (1, 'two');
    CREATE TABLE almost_keyed (a INT NULL, b VARCHAR(20) NOT NULL, UNIQUE KEY (a), UNIQUE KEY (b(5)))`)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  return {capture, tidemark}
}

test('a signal that cannot be carried out is rejected with the reason, and the task goes on', async t => {
  const {capture, tidemark} = await startCapture(t)
  const {name: db} = capture.database
  for (const {name, type, data, reason} of refusals) {
    await t.test(name, async () => {
      const id = await capture.signal(type ?? 'execute-snapshot', data(db))
      const answer = await receipt(tidemark, id)
      assert.equal(answer.result, 'rejected')
      assert.match(answer.reason ?? '', reason(db))
      const page = await tidemark.waitForStatus(status => status.signals.some(known => known['id'] === id))
      const known = page.signals.find(signal => signal['id'] === id)
      assert.equal(known?.['result'], 'rejected')
      assert.equal(known?.['reason'], answer.reason)
    })
  }
  const id = await capture.snapshot(['orders'])
  assert.deepEqual(await receipt(tidemark, id), {result: 'accepted', reason: null})
  await snapshotEnded(tidemark, id)
  assert.equal((await capture.tableEvents('orders')).length, 3)
})

test('a log signal writes its message with the place of the stream', async t => {
  const {capture, tidemark} = await startCapture(t)
  const id = await capture.signal('log', {message: 'here we are: {}'})
  const line = await tidemark.waitForLog(({msg}) => msg.startsWith('here we are: '))
  assert.match(line.msg, /"file":".+","pos":\d+/)
  assert.deepEqual(await receipt(tidemark, id), {result: 'accepted', reason: null})
})

test('stop-snapshot with nothing to stop is ignored with the reason', async t => {
  const {capture, tidemark} = await startCapture(t)
  const id = await capture.signal('stop-snapshot', {type: 'INCREMENTAL'})
  const answer = await receipt(tidemark, id)
  assert.equal(answer.result, 'ignored')
  assert.match(answer.reason ?? '', /no running or queued snapshot/)
})

test('rows that are no signals do no harm: updates, deletes, many at once', async t => {
  const {capture, tidemark} = await startCapture(t)
  const first = await capture.signal('log', {message: 'first'})
  await receipt(tidemark, first)
  await capture.connection.query("UPDATE debezium_signal SET data = '{' WHERE id = ?", [first])
  await capture.connection.query('DELETE FROM debezium_signal WHERE id = ?', [first])
  await capture.connection.query(
    "INSERT INTO debezium_signal VALUES ('x1', 'log', '{\"message\":\"one\"}'), ('x2', 'log', '{\"message\":\"two\"}')",
  )
  assert.equal((await receipt(tidemark, 'x1')).result, 'accepted')
  assert.equal((await receipt(tidemark, 'x2')).result, 'accepted')
  const answers = tidemark.log.filter(({fields}) => fields['signal'] === first && fields['result'] !== undefined)
  assert.equal(answers.length, 1)
})
