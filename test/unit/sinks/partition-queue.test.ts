import assert from 'node:assert/strict'
import {test} from 'node:test'
import {PartitionQueue} from '../../../src/sinks/kafka/partition-queue.ts'
import {RecordBatch, type WireBatch} from '../../../src/sinks/record-batch.ts'
import {WriterPool} from '../../../src/sinks/writer-pool.ts'

const pool = new WriterPool(1024)

function batch(): WireBatch {
  const topic = {name: 't', partitions: 1, batchBytes: 1024, newBatch: () => assert.fail()}
  const events = new RecordBatch({topic, partition: 0, mostBytes: 1024, pool})
  events.begin(null, 0, 0, 1, null)
  events.writer.writeAscii('x')
  events.end()
  return events.wires()[0]!
}

/** Sends as many of so many new batches as may leave at once, and returns how many did; all are acknowledged then. */
function burst(queue: PartitionQueue, batches: number): number {
  const entries = Array.from({length: batches}, () => {
    const entry = queue.push(batch(), {resolve: () => undefined, reject: () => undefined})
    entry.isReady = true
    return entry
  })
  let left = 0
  for (let entry = queue.peek(); entry !== null; entry = queue.peek()) {
    queue.take(entry, 1)
    left++
  }
  for (const [index, entry] of entries.entries()) {
    if (index >= left) queue.take(entry, 1)
    queue.acknowledge(entry)
  }
  return left
}

test('a batch travels alone until the partition knows the producer, and again after a quiet minute', () => {
  let now = 0
  const queue = new PartitionQueue('t', 0, {producerId: 1n, epoch: 0}, () => now)
  assert.equal(burst(queue, 3), 1)
  assert.equal(burst(queue, 7), 5)
  now += 60_000
  assert.equal(burst(queue, 3), 3)
  now += 60_001
  assert.equal(burst(queue, 3), 1)
})
