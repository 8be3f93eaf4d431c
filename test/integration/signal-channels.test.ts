// All signal channels at the same time: the table, the topic, the file, HTTP; one order of arrival, the same answers.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {appendFile, readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {numberedTable, prepareCapture, readIds, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {integrationServers} from '../support/integration-servers.ts'
import type {Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const CHANNELS = ['source', 'kafka', 'file', 'http'] as const

async function steered(t: TestContext, config: Config = {}): Promise<Capture> {
  const {kafka} = await integrationServers()
  const capture = await prepareCapture(t, {
    prefix: 'channels',
    config: {
      'signal.enabled.channels': 'source,kafka,file',
      'signal.kafka.topic': `signals-${randomUUID()}`,
      'signal.kafka.bootstrap.servers': kafka.bootstrap,
      ...config,
    },
  })
  const {config: known, folder} = capture
  return Object.assign(Object.create(capture) as Capture, {
    config: {...known, 'signal.file': join(folder, 'signals.txt')},
    run: async (context: TestContext) =>
      await runTidemark(context, {config: {...known, 'signal.file': join(folder, 'signals.txt')}, folder}),
  })
}

async function send(t: TestContext, capture: Capture, args: readonly string[]): Promise<[number | null, string]> {
  const command = await runTidemark(t, {command: 'signal', config: capture.config, folder: capture.folder, args})
  const {code} = await command.ended
  return [code, command.stdout + command.stderr]
}

test('tidemark signal goes through every channel, and each is answered the same way', async t => {
  const capture = await steered(t)
  const {name} = capture.database
  await capture.connection.query(numberedTable('orders', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  for (const channel of CHANNELS) {
    const id = `through-${channel}`
    const [code, out] = await send(t, capture, ['execute-snapshot', `${name}.orders`, '--channel', channel, '--id', id])
    assert.equal(code, 0, out)
    assert.match(out, new RegExp(`sent through ${channel} `))
    await snapshotEnded(tidemark, id)
    const [refused, why] = await send(t, capture, ['execute-snapshot', `${name}.ordres`, '--channel', channel])
    assert.equal(refused, 1)
    assert.match(why, /was rejected: no captured table matches .*did you mean .*\.orders\?/)
  }
  assert.equal((await readIds(capture, 'orders')).length, 30 * CHANNELS.length)
  const {signals} = await tidemark.status()
  assert.deepEqual(
    (signals as {channel: string; result: string}[]).map(({channel, result}) => `${channel} ${result}`),
    CHANNELS.flatMap(channel => [`${channel} accepted`, `${channel} rejected`]),
  )
  await tidemark.stop()
  assert.deepEqual(
    (await readdir(capture.folder)).filter(file => file.includes('.taken')),
    [],
  )
})

test('the same signal by two channels becomes one snapshot: the later one is ignored with the reason', async t => {
  const capture = await steered(t)
  const {name} = capture.database
  await capture.connection.query(numberedTable('orders', 900))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = randomUUID()
  const condition = {'data-collection': `${name}.orders`, filter: 'SLEEP(0.002) = 0'}
  const data = {'data-collections': [`${name}.orders`], 'additional-conditions': [condition]}
  await capture.signal('execute-snapshot', data, id)
  await receipt(tidemark, id)
  const {url} = tidemark
  const response = await fetch(`${url}/signals`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({id, type: 'execute-snapshot', data}),
  })
  const answer = (await response.json()) as {result: string; reason: string}
  assert.deepEqual(
    [response.status, answer.result, answer.reason],
    [409, 'ignored', `a snapshot with id ${id} is queued or running`],
  )
  await snapshotEnded(tidemark, id)
  assert.equal((await readIds(capture, 'orders')).length, 900)
  await tidemark.stop()
})

test('1,000 signals in a burst over HTTP and the file are each answered once, and what was promised survives kill -9', async t => {
  const capture = await steered(t)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const post = async (id: string): Promise<number> => {
    const response = await fetch(`${tidemark.url}/signals`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({id, type: 'log', data: {message: id}}),
    })
    await response.body?.cancel()
    return response.status
  }
  const file = capture.config['signal.file']!
  const posted: Promise<number>[] = []
  for (let i = 0; i < 500; i++) {
    posted.push(post(`http-${i}`))
    await appendFile(file, `{"id":"file-${i}","type":"log","data":{"message":"file-${i}"}}\n`)
  }
  assert.deepEqual([...new Set(await Promise.all(posted))], [202])
  await tidemark.waitForLog(({fields}) => fields['signal'] === 'file-499' && fields['result'] === 'accepted')
  const answers = tidemark.log.filter(({fields}) => fields['result'] === 'accepted').map(({fields}) => fields['signal'])
  assert.equal(answers.length, 1_000)
  assert.equal(new Set(answers).size, 1_000)
  const inFile = answers.filter(id => String(id).startsWith('file-'))
  assert.deepEqual(
    inFile,
    Array.from({length: 500}, (_, i) => `file-${i}`),
  )
  const {name} = capture.database
  await capture.connection.query(numberedTable('orders', 50))
  const response = await fetch(`${tidemark.url}/signals`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({id: 'last', type: 'execute-snapshot', data: {'data-collections': [`${name}.orders`]}}),
  })
  assert.equal(response.status, 202)
  await tidemark.kill()
  const again = await capture.run(t)
  await again.waitForStatus(
    ({snapshot}) => snapshot.tables.length > 0 && snapshot.tables.every(s => s.state === 'done'),
  )
  assert.equal(new Set(await readIds(capture, 'orders')).size, 50)
  await again.stop()
})
