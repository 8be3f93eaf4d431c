// A broker that is away for a while, with more changes meanwhile than a task may hold in its memory.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import type {KafkaServer} from '../../tools/servers/kafka-server.ts'
import type {Capture} from './capture.ts'
import {eventsInKafka} from './consume-topic.ts'
import {changeOf} from './observed-events.ts'
import {GOES_ON_WITHIN_MS, rowsDone, untilCopying} from './outages.ts'
import {judge, snapshotUnderWrites} from './snapshot-scenario.ts'
import type {TidemarkProcess} from './tidemark-process.ts'

const MB = 1024 * 1024
/** Configured for the stream and for the snapshot, each. */
const MEMORY_BYTES = 4 * MB
const ROW_BYTES = 1024
const ROWS_A_TRANSACTION = 1000
/** What a process may take more than before: its buffers, and what the collector has not looked at yet. */
const GROWTH_BYTES = 64 * MB

export interface BrokerOutage {
  readonly awayMs: number
  /** Rows of a kilobyte that are written during the outage: several times what the process may grow. */
  readonly bulkRows: number
}

/** Judges I1, I2, I3, and that the memory did not grow with what was waiting. */
export async function outlastBroker(t: TestContext, kafka: KafkaServer, outage: BrokerOutage): Promise<void> {
  assert.ok(outage.bulkRows * ROW_BYTES > GROWTH_BYTES, 'too little for the memory to show it')
  const outcome = await snapshotUnderWrites(t, {
    bootstrap: kafka.bootstrap,
    config: {
      'incremental.snapshot.chunk.size': '40',
      'snapshot.memory.bytes': String(MEMORY_BYTES),
      'stream.memory.bytes': String(MEMORY_BYTES),
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
    },
    snapshots: 1,
    kinds: 4,
    size: 1000,
    restMs: 10,
    secondsPerRow: 0.02,
    meanwhile: async (capture, tidemark) => {
      await createBulk(capture)
      await untilCopying(tidemark)
      const before = await memoryOf(tidemark)
      await kafka.kill()
      const back = delay(outage.awayMs)
      const away = await tidemark.waitForStatus(({sink}) => sink.state === 'waiting')
      await fillBulk(capture, outage.bulkRows)
      await back
      const full = await tidemark.status()
      assert.equal(full.snapshot.state, 'running', 'the snapshot was over before the outage')
      assert.ok(full.sink.bytesInFlight <= 2 * MEMORY_BYTES, `${full.sink.bytesInFlight} bytes in flight`)
      await kafka.start()
      await tidemark.waitForStatus(({sink}) => sink.state === 'open', GOES_ON_WITHIN_MS)
      await tidemark.waitForStatus(
        page => rowsDone(page) > rowsDone(away) || page.snapshot.state === 'idle',
        GOES_ON_WITHIN_MS,
      )
      const {peak} = await memoryOf(tidemark)
      t.diagnostic(`${Math.round(before.now / MB)} MB before the outage, ${Math.round(peak / MB)} MB at most`)
      assert.ok(peak - before.now < GROWTH_BYTES, `the process grew from ${before.now} to ${peak} bytes`)
    },
  })
  const bulk = await eventsInKafka(kafka.bootstrap, outcome.capture.topic('bulk'))
  assert.deepEqual(
    bulk.map(event => `${changeOf(event)?.op} ${event.keyText}`),
    Array.from({length: outage.bulkRows}, (_, at) => `c {"id":${at}}`),
  )
  await judge(outcome, async table => await eventsInKafka(kafka.bootstrap, outcome.capture.topic(table)))
}

/** With its first row, so that its topic is there. */
async function createBulk({connection}: Capture): Promise<void> {
  await connection.query(`CREATE TABLE bulk (id INT PRIMARY KEY, filler VARCHAR(${ROW_BYTES}) NOT NULL);
    INSERT INTO bulk VALUES (0, REPEAT('x', ${ROW_BYTES}))`)
}

async function fillBulk({connection}: Capture, bulkRows: number): Promise<void> {
  for (let from = 1; from < bulkRows; from += ROWS_A_TRANSACTION) {
    const rows = Math.min(ROWS_A_TRANSACTION, bulkRows - from)
    await connection.query(
      `INSERT INTO bulk WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1})
        SELECT ${from} + i, REPEAT('x', ${ROW_BYTES}) FROM n ORDER BY i`,
    )
  }
}

/** Resident bytes of the process, now and at most since its start. */
async function memoryOf({pid}: TidemarkProcess): Promise<{now: number; peak: number}> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  return {now: bytes('VmRSS'), peak: bytes('VmHWM')}
}
