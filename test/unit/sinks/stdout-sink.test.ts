import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {PassThrough, Writable} from 'node:stream'
import {test} from 'node:test'
import {StdoutSink} from '../../../src/sinks/stdout-sink.ts'
import {addEvent, sinkContract, type ReadEvent} from '../../contract/sink-contract.ts'
import {quietLog} from '../../support/quiet-log.ts'

sinkContract('stdout', () => {
  let text = ''
  const stream = new PassThrough()
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const read = (topicName: string): Promise<ReadEvent[]> => {
    const events = text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as ReadEvent & {topic?: string})
    return Promise.resolve(
      events.map(({topic, ...event}) => {
        assert.equal(topic, topicName)
        return event
      }),
    )
  }
  return Promise.resolve({
    sink: new StdoutSink({keyConverter: 'json', log: quietLog, stream}),
    topicName: 'shop.orders',
    read,
  })
})

test('a batch is acknowledged only when the reader has taken the one before', async () => {
  const taken: (() => void)[] = []
  const stream = new Writable({highWaterMark: 1, write: (_chunk, _encoding, done) => void taken.push(done)})
  const sink = new StdoutSink({keyConverter: 'json', log: quietLog, stream})
  await sink.open(new AbortController().signal)
  const topic = await sink.topic('t')
  const settled: number[] = []
  const sends = [0, 1].map(n => {
    const batch = topic.newBatch(0)
    addEvent(topic, batch, {key: String(n), value: '1'})
    return sink.send(batch).then(() => void settled.push(n))
  })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(taken.length, 1, 'the second batch waits for the first')
  assert.deepEqual(settled, [])
  taken[0]?.()
  await sends[0]
  assert.deepEqual(settled, [0])
  taken[1]?.()
  await sends[1]
  await sink.close()
})

test('a reader that goes away ends the sink with a sentence, not with a stack trace', async () => {
  const sinkModule = new URL('../../../src/sinks/stdout-sink.js', import.meta.url).href
  const program = `const {StdoutSink} = await import(${JSON.stringify(sinkModule)})
    const nothing = () => {}
    const sink = new StdoutSink({keyConverter: 'json', log: {debug: nothing, info: nothing, warn: nothing, error: nothing}})
    await sink.open(new AbortController().signal)
    const topic = await sink.topic('t')
    try {
      for (;;) {
        const batch = topic.newBatch(0)
        batch.begin(null, 0, 0, 3, null); batch.writer.writeAscii('"x"'); batch.end()
        await sink.send(batch)
      }
    } catch (error) {
      await sink.close()
      process.stderr.write(error.code + ' ' + error.message + ' ' + sink.status().state)
      process.exitCode = 1
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {stdio: ['ignore', 'pipe', 'pipe']})
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(
    errors,
    'TIDEMARK_SINK_STDOUT_CLOSED the reader of stdout went away; start again with one that stays, or set sink.type closed',
  )
  assert.equal(code, 1)
})
