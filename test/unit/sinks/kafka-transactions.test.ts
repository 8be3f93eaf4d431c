import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {TransactionEnded, type TopicPartition} from '../../../src/kafka/transaction-coordinator.ts'
import {KafkaTransactions, TRANSACTION_LOST} from '../../../src/sinks/kafka/kafka-transactions.ts'
import {RecordBatch} from '../../../src/sinks/record-batch.ts'
import {WriterPool} from '../../../src/sinks/writer-pool.ts'

const INVALID_PRODUCER_EPOCH = 47
const INVALID_PRODUCER_ID_MAPPING = 49
const PRODUCER_FENCED = 90
const TIMEOUT_MS = 60_000
const pool = new WriterPool(1024)

function batchOf(topic: string, value: string): RecordBatch {
  const sinkTopic = {name: topic, partitions: 1, batchBytes: 1024, newBatch: () => assert.fail()}
  const batch = new RecordBatch({topic: sinkTopic, partition: 0, mostBytes: 1024, pool})
  batch.begin(null, 0, 0, value.length, null)
  batch.writer.writeAscii(value)
  batch.end()
  return batch
}

/** A coordinator and brokers that note what they are asked, and answer when the test says so. */
class Kafka {
  readonly did: string[] = []
  now = 0
  refuses: number | null = null
  holds = false
  #held: (() => void)[] = []
  #failure: TidemarkError | null = null
  readonly transactions: KafkaTransactions

  constructor() {
    const producer = {
      send: (batch: RecordBatch) => this.#step(`produce ${batch.topic.name}`),
      fail: (error: TidemarkError) => (this.#failure ??= error),
    }
    Object.defineProperty(producer, 'failure', {get: () => this.#failure})
    this.transactions = new KafkaTransactions({
      coordinator: {
        addPartitions: (_identity, partitions: readonly TopicPartition[]) =>
          this.#step(`add ${partitions.map(({topic}) => topic).join()}`),
        end: (_identity, how) => this.#step(how),
      },
      producer: producer as unknown as ConstructorParameters<typeof KafkaTransactions>[0]['producer'],
      identity: {producerId: 1n, epoch: 0, transactionalId: 'tidemark-shop'},
      timeoutMs: TIMEOUT_MS,
      now: () => this.now,
    })
  }

  get failure(): TidemarkError | null {
    return this.#failure
  }

  answer(): void {
    this.holds = false
    for (const go of this.#held.splice(0)) go()
  }

  async #step(name: string): Promise<void> {
    this.did.push(name)
    if (this.holds) await new Promise<void>(resolve => this.#held.push(resolve))
    if (this.refuses !== null) throw new TransactionEnded(this.refuses)
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('a partition is taken in before its first batch leaves, once for each transaction', async () => {
  const kafka = new Kafka()
  const {transactions} = kafka
  await Promise.all([transactions.send(batchOf('a', '1')), transactions.send(batchOf('b', '1'))])
  await transactions.send(batchOf('a', '2'))
  transactions.cut()
  await transactions.commit(batchOf('state', '1'))
  await transactions.send(batchOf('a', '3'))
  assert.deepEqual(kafka.did, [
    ...['add a,b', 'produce a', 'produce b', 'produce a', 'add state', 'produce state', 'commit'],
    ...['add a,state', 'produce a'],
  ])
})

test('T1: what is sent after the cut leaves when the transaction has ended', async () => {
  const kafka = new Kafka()
  const {transactions} = kafka
  await transactions.send(batchOf('a', '1'))
  transactions.cut()
  const later = transactions.send(batchOf('a', '2'))
  await turn()
  kafka.holds = true
  const committed = transactions.commit(batchOf('state', '1'))
  await turn()
  assert.equal(kafka.did.filter(step => step === 'produce a').length, 1)
  kafka.answer()
  await Promise.all([committed, later])
  assert.deepEqual(kafka.did.slice(-4), ['produce state', 'commit', 'add a,state', 'produce a'])
})

test('a transaction that goes on after the cut takes what was sent meanwhile', async () => {
  const kafka = new Kafka()
  const {transactions} = kafka
  transactions.cut()
  const sent = transactions.send(batchOf('a', '1'))
  transactions.goOn()
  await sent
  assert.deepEqual(kafka.did, ['add a', 'produce a'])
})

for (const code of [INVALID_PRODUCER_EPOCH, PRODUCER_FENCED]) {
  test(`error ${code} in a young transaction is another process`, async () => {
    const kafka = new Kafka()
    await kafka.transactions.send(batchOf('a', '1'))
    kafka.now = 1000
    kafka.refuses = code
    const committed = kafka.transactions.commit(batchOf('state', '1'))
    await assert.rejects(committed, {code: 'TIDEMARK_KAFKA_FENCED', message: /transactional id tidemark-shop/})
    assert.equal(kafka.failure?.code, 'TIDEMARK_KAFKA_FENCED')
  })

  test(`error ${code} in a transaction that is as old as its time-out is a time-out`, async () => {
    const kafka = new Kafka()
    await kafka.transactions.send(batchOf('a', '1'))
    kafka.now = TIMEOUT_MS + 5000
    kafka.refuses = code
    const committed = kafka.transactions.commit(batchOf('state', '1'))
    await assert.rejects(committed, {
      code: TRANSACTION_LOST,
      message: /after 65\.0 s \(transaction\.timeout\.ms=60000\)/,
    })
  })
}

test('a transactional id that the brokers have forgotten is asked for again, never taken for another process', async () => {
  const kafka = new Kafka()
  kafka.refuses = INVALID_PRODUCER_ID_MAPPING
  await assert.rejects(kafka.transactions.send(batchOf('a', '1')), {code: TRANSACTION_LOST})
})

test('what waits for the next transaction is given up with the one that is lost', async () => {
  const kafka = new Kafka()
  const {transactions} = kafka
  await transactions.send(batchOf('a', '1'))
  transactions.cut()
  const waiting = assert.rejects(transactions.send(batchOf('a', '2')), {code: TRANSACTION_LOST})
  kafka.refuses = INVALID_PRODUCER_ID_MAPPING
  await assert.rejects(transactions.commit(batchOf('state', '1')), {code: TRANSACTION_LOST})
  await waiting
})
