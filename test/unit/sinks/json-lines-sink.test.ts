import assert from 'node:assert/strict'
import {appendFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {JsonLinesSink, type JsonLinesSinkOptions, type LineFile} from '../../../src/sinks/json-lines-sink.ts'
import type {Sink} from '../../../src/sinks/sink.ts'
import {addEvent, sinkContract, type ReadEvent} from '../../contract/sink-contract.ts'
import {quietLog} from '../../support/quiet-log.ts'

async function path(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-lines-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  return join(directory, 'out.jsonl')
}

async function opened(t: TestContext, options: Partial<JsonLinesSinkOptions> & {path: string}): Promise<JsonLinesSink> {
  const sink = new JsonLinesSink({keyConverter: 'json', log: quietLog, firstDelayMs: 1, ...options})
  await sink.open(new AbortController().signal)
  t.after(() => sink.close(AbortSignal.abort()))
  return sink
}

async function sendOne(sink: Sink, key: string, value: string): Promise<void> {
  const topic = await sink.topic('t')
  const batch = topic.newBatch(0)
  addEvent(topic, batch, {key, value})
  await sink.send(batch)
}

const lines = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).split('\n')

sinkContract('file', async t => {
  const file = await path(t)
  const read = async (topicName: string): Promise<ReadEvent[]> =>
    (await lines(file))
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as ReadEvent & {topic?: string})
      .map(({topic, ...event}) => {
        assert.equal(topic, topicName)
        return event
      })
  return {sink: new JsonLinesSink({path: file, keyConverter: 'json', log: quietLog}), topicName: 'shop.orders', read}
})

test('a line is the topic, the key, the value and the headers, and nothing else', async t => {
  const file = await path(t)
  const sink = await opened(t, {path: file})
  const topic = await sink.topic('a "b"')
  const batch = topic.newBatch(0)
  const headers = {
    entries: [
      {name: 'plain', value: Buffer.from('not json')},
      {name: 'json', value: Buffer.from('{"a":\n1}')},
    ],
  }
  addEvent(topic, batch, {key: '{"id":1}', value: '{"op":"c"}', headers})
  addEvent(topic, batch, {key: null, value: null})
  await sink.send(batch)
  assert.deepEqual(await lines(file), [
    '{"topic":"a \\"b\\"","key":{"id":1},"value":{"op":"c"},"headers":{"plain":"not json","json":{"a":1}}}',
    '{"topic":"a \\"b\\"","key":null,"value":null}',
    '',
  ])
})

test('the key of a StringConverter is quoted', async t => {
  const file = await path(t)
  const sink = await opened(t, {path: file, keyConverter: 'string'})
  await sendOne(sink, 'Struct{id="ü"\n}', '1')
  assert.deepEqual(await lines(file), ['{"topic":"t","key":"Struct{id=\\"ü\\"\\n}","value":1}', ''])
})

test('a torn last line is cut off at open and whole lines stay', async t => {
  const file = await path(t)
  const whole = `{"n":1}\n{"text":"${'x'.repeat(100_000)}"}\n`
  await writeFile(file, whole)
  await appendFile(file, `{"torn":"${'y'.repeat(200_000)}`)
  const sink = await opened(t, {path: file})
  await sendOne(sink, '1', '2')
  assert.equal(await readFile(file, 'utf8'), `${whole}{"topic":"t","key":1,"value":2}\n`)
})

test('a file that is one torn line becomes empty', async t => {
  const file = await path(t)
  await writeFile(file, 'x'.repeat(70_000))
  await opened(t, {path: file})
  assert.equal(await readFile(file, 'utf8'), '')
})

/** A disk that takes a few bytes at a time and is full every second time, until it is full for good. */
function narrowDisk(file: LineFile, full: () => boolean): LineFile {
  let turn = 0
  return {
    write: bytes => {
      if (full() || turn++ % 2 === 1)
        return Promise.reject(Object.assign(new Error('no space left on device, write'), {code: 'ENOSPC'}))
      return file.write(bytes.subarray(0, 7))
    },
    datasync: () => file.datasync(),
    close: () => file.close(),
  }
}

test('a full disk is waited for, and no byte is lost, doubled or torn', async t => {
  const file = await path(t)
  const sink = await opened(t, {path: file, wrapFile: f => narrowDisk(f, () => false)})
  await Promise.all([sendOne(sink, '1', '"first"'), sendOne(sink, '2', '"second"')])
  await sink.sync()
  assert.deepEqual(await lines(file), [
    '{"topic":"t","key":1,"value":"first"}',
    '{"topic":"t","key":2,"value":"second"}',
    '',
  ])
  assert.deepEqual(sink.status(), {state: 'open'})
})

test('while the disk is full the status says so, and closing in haste rejects what is left', async t => {
  const file = await path(t)
  let refused: () => void = () => {}
  const wasRefused = new Promise<void>(resolve => (refused = resolve))
  const wrapFile = (f: LineFile) => narrowDisk(f, () => (refused(), true))
  const sink = await opened(t, {path: file, wrapFile, firstDelayMs: 10_000})
  const sent = sendOne(sink, '1', '1')
  const rejected = assert.rejects(sent, {code: 'TIDEMARK_SINK_FILE'})
  await wasRefused
  await new Promise(resolve => setImmediate(resolve))
  const status = sink.status()
  assert.equal(status.state, 'waiting')
  assert.match(status.reason ?? '', /out\.jsonl: no space left/)
  await sink.close(AbortSignal.abort())
  await rejected
})

test('an error that is not a full disk ends the sink with the file and what to do', async t => {
  const file = await path(t)
  const wrapFile = (f: LineFile): LineFile => ({
    write: () => Promise.reject(Object.assign(new Error('i/o error, write'), {code: 'EIO'})),
    datasync: () => f.datasync(),
    close: () => f.close(),
  })
  const sink = await opened(t, {path: file, wrapFile})
  await assert.rejects(sendOne(sink, '1', '1'), {
    code: 'TIDEMARK_SINK_FILE',
    message: /cannot write .*out\.jsonl.*i\/o error.*mend/,
  })
  await assert.rejects(sendOne(sink, '2', '2'), {code: 'TIDEMARK_SINK_FILE'})
  await assert.rejects(sink.sync(), {code: 'TIDEMARK_SINK_FILE'})
})

test('a failed sync is not asked again: every later sync and send rejects', async t => {
  const file = await path(t)
  const wrapFile = (f: LineFile): LineFile => ({
    write: bytes => f.write(bytes),
    datasync: () => Promise.reject(Object.assign(new Error('i/o error, fdatasync'), {code: 'EIO'})),
    close: () => f.close(),
  })
  const sink = await opened(t, {path: file, wrapFile})
  await sendOne(sink, '1', '1')
  await assert.rejects(sink.sync(), {code: 'TIDEMARK_SINK_FILE'})
  await assert.rejects(sink.sync(), {code: 'TIDEMARK_SINK_FILE'})
  await assert.rejects(sendOne(sink, '2', '2'), {code: 'TIDEMARK_SINK_FILE'})
})

test('a file in a missing directory is refused at open', async t => {
  const file = join(await path(t), 'below', 'out.jsonl')
  const sink = new JsonLinesSink({path: file, keyConverter: 'json', log: quietLog})
  await assert.rejects(sink.open(new AbortController().signal), {
    code: 'TIDEMARK_SINK_FILE',
    message: /create its directory/,
  })
  await sink.close()
})
