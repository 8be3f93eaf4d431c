import assert from 'node:assert/strict'
import {test} from 'node:test'
import {addEvent, sinkContract, type ReadEvent} from '../../contract/sink-contract.ts'
import {MemorySink} from '../../support/memory-sink.ts'

sinkContract('memory', () => {
  const sink = new MemorySink()
  const read = (topicName: string): Promise<ReadEvent[]> =>
    Promise.resolve(
      sink.acknowledged
        .filter(event => event.topic === topicName)
        .map(({key, value, headers}) => ({
          key: key === null ? null : (JSON.parse(key) as unknown),
          value: value === null ? null : (JSON.parse(value) as unknown),
          ...(Object.keys(headers).length === 0
            ? {}
            : {
                headers: Object.fromEntries(
                  Object.entries(headers).map(([name, text]) => [name, JSON.parse(text) as unknown]),
                ),
              }),
        })),
    )
  return Promise.resolve({sink, topicName: 't', read})
})

test('held batches are acknowledged one by one, in the order of their sends', async () => {
  const sink = new MemorySink({acks: 'held'})
  await sink.open(new AbortController().signal)
  const topic = await sink.topic('t')
  const done: number[] = []
  const sends = [1, 2].map(n => {
    const batch = topic.newBatch(0)
    addEvent(topic, batch, {key: String(n), value: '1'})
    return sink.send(batch).then(() => void done.push(n))
  })
  assert.equal(sink.sent.length, 2)
  assert.equal(sink.acknowledged.length, 0)
  sink.acknowledge(1)
  await sends[0]
  assert.deepEqual(done, [1])
  sink.release()
  await Promise.all(sends)
  await sink.close()
})
