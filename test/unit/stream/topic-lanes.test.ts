import assert from 'node:assert/strict'
import {test} from 'node:test'
import {Emitter} from '../../../src/stream/emitter.ts'
import {OffsetTracker} from '../../../src/stream/offset-tracker.ts'
import {TopicDirectory} from '../../../src/stream/topic-lanes.ts'
import {MemorySink} from '../../support/memory-sink.ts'

function directory(sink: MemorySink): TopicDirectory {
  const emitter = new Emitter({
    sink,
    tracker: new OffsetTracker(),
    streamBytes: 1_000,
    onFailure: () => undefined,
    onAcknowledged: () => undefined,
  })
  return new TopicDirectory(sink, emitter)
}

test('all who open a topic share one lane for each of its partitions', async () => {
  const topics = directory(new MemorySink({partitions: 3}))
  const [first, second] = await Promise.all([topics.open('t'), topics.open('t')])
  assert.equal(first, second)
  assert.deepEqual(
    first.lanes.map(lane => lane.partition),
    [0, 1, 2],
  )
})

test('a topic that could not be opened is tried again by the next call', async () => {
  class Refusing extends MemorySink {
    refusals = 1
    override async topic(name: string): ReturnType<MemorySink['topic']> {
      if (this.refusals-- > 0) throw new Error('not now')
      return await super.topic(name)
    }
  }
  const topics = directory(new Refusing())
  await assert.rejects(topics.open('t'), /not now/)
  assert.equal((await topics.open('t')).topic.name, 't')
})
