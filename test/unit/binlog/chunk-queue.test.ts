import assert from 'node:assert/strict'
import {test} from 'node:test'
import {ChunkQueue, MOST_QUEUED_BYTES} from '../../../src/binlog/chunk-queue.ts'

class FakeStream {
  isPaused = false
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
}

function queueOf(...sizes: readonly number[]): {queue: ChunkQueue; stream: FakeStream} {
  const stream = new FakeStream()
  const queue = new ChunkQueue(stream)
  for (const size of sizes) queue.push(Buffer.alloc(size))
  return {queue, stream}
}

const never = new AbortController().signal

test('the stream is paused at the limit and resumed when half of it is decoded', async () => {
  const quarter = MOST_QUEUED_BYTES / 4
  const {queue, stream} = queueOf(quarter, quarter, quarter)
  assert.equal(stream.isPaused, false)
  queue.push(Buffer.alloc(quarter))
  assert.equal(stream.isPaused, true)
  await queue.waitForBatch(never)
  // A chunk that was taken is in work until the next one is.
  queue.take()
  queue.take()
  assert.deepEqual([stream.isPaused, queue.queuedBytes], [true, 3 * quarter])
  queue.take()
  assert.deepEqual([stream.isPaused, queue.queuedBytes], [false, 2 * quarter])
})

test('a batch holds what was there when it was waited for', async () => {
  const {queue} = queueOf(1, 2)
  assert.equal(await queue.waitForBatch(never), true)
  queue.push(Buffer.alloc(3))
  assert.deepEqual([queue.take()?.length, queue.take()?.length, queue.take()], [1, 2, null])
  assert.equal(await queue.waitForBatch(never), true)
  assert.deepEqual([queue.take()?.length, queue.take(), queue.queuedBytes], [3, null, 0])
})

test('waiting ends with the next chunk, the abort, or the failure', async () => {
  const {queue} = queueOf()
  const waiting = queue.waitForBatch(never)
  queue.push(Buffer.alloc(1))
  assert.equal(await waiting, true)
  queue.take()

  const abort = new AbortController()
  const aborted = queue.waitForBatch(abort.signal)
  abort.abort()
  assert.equal(await aborted, false)
  assert.equal(await queue.waitForBatch(abort.signal), false)

  const failing = queue.waitForBatch(never)
  queue.fail(new Error('first'))
  queue.fail(new Error('second'))
  await assert.rejects(failing, {message: 'first'})
})

test('a failure waits until the chunks before it are taken', async () => {
  const {queue} = queueOf(1)
  queue.fail(new Error('lost'))
  assert.equal(await queue.waitForBatch(never), true)
  queue.take()
  await assert.rejects(queue.waitForBatch(never), {message: 'lost'})
})
