// What holds while the task begins again inside the process: exactly-once delivery, and the limits that were set over HTTP.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test} from 'node:test'
import {numberedTable, prepareCapture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {prepareExactlyOnce} from '../support/exactly-once-scenario.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import {passed, patch, throttle} from '../support/parallel-scene.ts'
import {RepeatingWriter} from '../support/repeating-writer.ts'

test('limits set over HTTP hold when the task begins again with a change, until the change is about them', async t => {
  const capture = await prepareCapture(t, {prefix: 'limits', config: {'snapshot.max.rows.per.second': '500'}})
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const limits = {maxRowsPerSecond: 7, query: 'SELECT 0'}
  await throttle(tidemark, limits)
  const {name} = capture.database
  await patch(tidemark, {'table.include.list': `${name}.a`})
  assert.deepEqual(await throttle(tidemark, null), {...limits, waits: null})
  await patch(tidemark, {'table.include.list': `${name}.b`, 'snapshot.max.rows.per.second': '60'})
  assert.deepEqual(await throttle(tidemark, null), {maxRowsPerSecond: 60, query: null, waits: null})
  await patch(tidemark, {'snapshot.max.rows.per.second': '500'})
  assert.deepEqual(await throttle(tidemark, null), {maxRowsPerSecond: 500, query: null, waits: null})
})

test('with exactly-once delivery a filter that changes three times under writes loses nothing and repeats nothing', async t => {
  const {bootstrap} = await sharedKafka()
  const capture = await prepareExactlyOnce(t, bootstrap, {
    'topic.creation.default.partitions': '1',
    'skipped.operations': 'none',
  })
  const {name} = capture.database
  const {connection} = capture
  await connection.query(`${numberedTable('a', 1)} ${numberedTable('b', 300)}`)
  const tidemark = await capture.run(t, {...capture.config, 'table.include.list': `${name}.a`})
  await tidemark.waitForStreaming(60_000)
  const writer = new Inserts(await capture.database.connect())
  writer.start(2)
  for (const list of [`${name}.a,${name}.b`, `${name}.a`, `${name}.a,${name}.b`]) {
    await patch(tidemark, {'table.include.list': list})
    await tidemark.waitForStreaming(60_000)
  }
  await tidemark.waitForStatus(
    ({tables}) => tables.some(({table, completeSince}) => table === `${name}.b` && completeSince !== null),
    60_000,
  )
  await writer.stop()
  await passed(tidemark, capture)
  await tidemark.stop()
  const a = await eventsInKafka(bootstrap, capture.topic('a'))
  const ids = a.map(event => Number((JSON.parse(changeOf(event)?.after ?? '{}') as {id?: number}).id))
  assert.deepEqual(
    ids,
    Array.from({length: writer.last - 1}, (_, i) => i + 2),
  )
  const [rows] = await connection.query<RowDataPacket[]>('SELECT id, note FROM b')
  const folded = foldEvents(await eventsInKafka(bootstrap, capture.topic('b')))
  const found = [...folded.values()].map(text => JSON.parse(text) as {id: number; note: string})
  assert.deepEqual(
    new Map(found.map(({id, note}) => [id, note])),
    new Map(rows.map(row => [Number(row['id']), String(row['note'])])),
  )
})

/** One row more in `a` and another state of a row in `b`, in one transaction. */
class Inserts extends RepeatingWriter {
  last = 1
  readonly #connection: {query(sql: string): Promise<unknown>}

  constructor(connection: {query(sql: string): Promise<unknown>}) {
    super()
    this.#connection = connection
  }

  override async transaction(): Promise<void> {
    const id = this.last + 1
    await this.#connection.query(
      `BEGIN; INSERT INTO a VALUES (${id}, 'x'); REPLACE INTO b VALUES (${id % 400}, '${id}');
       DELETE FROM b WHERE id = ${(id * 7) % 400}; COMMIT`,
    )
    this.last = id
  }
}
