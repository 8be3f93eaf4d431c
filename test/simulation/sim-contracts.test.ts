// The simulated parts pass the contract suites of the real ones, with every turn given as soon as it may be.

import {test} from 'node:test'
import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {sinkContract} from '../contract/sink-contract.ts'
import type {ReadEvent} from '../contract/sink-contract.ts'
import {sourceContract} from '../contract/source-contract.ts'
import type {SourceChange} from '../contract/source-contract.ts'
import {stateStoreContract} from '../contract/state-store-contract.ts'
import {SeededRandom} from '../support/seeded-random.ts'
import {Scheduler, settled} from './scheduler.ts'
import {SimBinlog} from './sim-binlog.ts'
import {connectionLost} from './sim-errors.ts'
import {addColumn, SERVER_UUID, SimMysql} from './sim-mysql.ts'
import type {RowChange} from './sim-mysql.ts'
import {SimSink, SimTopics} from './sim-sink.ts'
import {SimSourceServer} from './sim-source-server.ts'
import {SimDisk, SimStateStore} from './sim-state-store.ts'
import {DATABASE, SIGNAL_TABLE, varchar} from './sim-tables.ts'

/** Gives every turn, in the order of the seed, until the test ends. */
function eagerScheduler(t: TestContext, between: () => void = () => undefined): Scheduler {
  const scheduler = new Scheduler(new SeededRandom(1))
  let ended = false
  t.after(() => {
    ended = true
  })
  const turn = (): void => {
    between()
    const {open} = scheduler
    if (open.length > 0) scheduler.give(scheduler.random.pick(open))
    if (!ended) setImmediate(turn)
  }
  setImmediate(turn)
  return scheduler
}

sinkContract('simulated', t => {
  const topics = new SimTopics()
  const sink = new SimSink({
    scheduler: eagerScheduler(t),
    topics,
    process: () => 0,
    partitions: 1,
    batchBytes: 10_000,
  })
  const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
  const read = (topic: string, partition: number): Promise<ReadEvent[]> =>
    Promise.resolve(
      (topics.logs.get(`${topic}/${partition}`) ?? []).map(({key, value, headers}) => {
        const entries = Object.entries(headers).map(([name, text]) => [name, json(text)])
        const event = {key: json(key), value: json(value)}
        return entries.length === 0
          ? event
          : {...event, headers: Object.fromEntries(entries) as Record<string, unknown>}
      }),
    )
  return Promise.resolve({sink, topicName: 't', read})
})

stateStoreContract('simulated', t => {
  const disk = new SimDisk()
  const scheduler = eagerScheduler(t)
  return Promise.resolve(() => new SimStateStore(disk, scheduler))
})

sourceContract('simulated', t => {
  const mysql = new SimMysql({gtidOn: true, nowUs: () => 1_700_000_000_000_000})
  const scheduler = eagerScheduler(t, () => {
    if (mysql.canPublish) mysql.publish()
  })
  const published = async (): Promise<void> => {
    while (mysql.canPublish) await settled()
  }
  return Promise.resolve({
    server: new SimSourceServer({mysql, scheduler, interruptions: 0, onRead: () => undefined}),
    binlog: new SimBinlog(mysql, scheduler),
    serverUuid: SERVER_UUID,
    database: DATABASE,
    signalTable: {database: DATABASE, table: SIGNAL_TABLE},
    write: async changes => {
      mysql.commit(changes.map(change => rowChange(mysql, change)))
      await published()
    },
    addColumn: async name => {
      mysql.alter(addColumn(mysql.head.definition('a'), varchar(name, 20)))
      await published()
    },
    places: () => {
      const {executed, end} = mysql
      return Promise.resolve([
        {type: 'gtid', executed},
        {type: 'position', ...end},
      ])
    },
    markIds: () => Promise.resolve([...mysql.visible.rows(SIGNAL_TABLE).keys()]),
    breakConnections: () => {
      scheduler.breakConnections(() => true, connectionLost)
      return Promise.resolve()
    },
  })
})

function rowChange(mysql: SimMysql, {op, id, v = 0}: SourceChange): RowChange {
  const definition = mysql.head.definition('a')
  const before = op === 'c' ? null : (mysql.head.rows('a').get(String(id)) ?? null)
  const after = op === 'd' ? null : {id, v}
  return {definition, op, before, after, ordinal: ++mysql.ordinal}
}

test('a save that is cut off leaves the old text or the new one', async () => {
  const disk = new SimDisk()
  const scheduler = new Scheduler(new SeededRandom(1))
  const store = new SimStateStore(disk, scheduler)
  disk.text = 'old'
  void store.save('new')
  assert.equal(disk.text, 'old')
  scheduler.give(scheduler.open[0]!)
  await settled()
  assert.equal(disk.text, 'new')
  scheduler.dropAll()
})

test('a crash lands a beginning of what was under way in each partition, and nothing behind a gap', async () => {
  const scheduler = new Scheduler(new SeededRandom(3))
  const topics = new SimTopics()
  const sink = new SimSink({scheduler, topics, process: () => 0, partitions: 2, batchBytes: 100})
  const opened = sink.open(new AbortController().signal)
  scheduler.give(scheduler.open[0]!)
  await opened
  const named = sink.topic('t')
  scheduler.give(scheduler.open[0]!)
  const topic = await named
  for (let i = 0; i < 12; i++) {
    const batch = topic.newBatch(i % 2)
    batch.begin(Buffer.from(String(i)), 0, String(i).length, -1, null)
    batch.end()
    void sink.send(batch)
  }
  sink.crash()
  const all = [
    ['0', '2', '4', '6', '8', '10'],
    ['1', '3', '5', '7', '9', '11'],
  ]
  for (const [partition, sent] of all.entries()) {
    const landed = (topics.logs.get(`t/${partition}`) ?? []).map(({key}) => key)
    assert.deepEqual(landed, sent.slice(0, landed.length))
  }
  scheduler.dropAll()
})
