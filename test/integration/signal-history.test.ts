// What a signal topic holds already, and much at once: the first start, another machine, six partitions with garbage in between.

import assert from 'node:assert/strict'
import {copyFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {numberedTable, readIds, receipt, snapshotEnded} from '../support/capture.ts'
import {steering} from '../support/signal-topic.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

/** Ids of the signals that got a receipt, in order. */
function answered({log}: TidemarkProcess): string[] {
  return log.filter(({fields}) => fields['result'] !== undefined).map(({fields}) => String(fields['signal']))
}

test('a first start acts on what the topic retained; another machine with the old state does not again', async t => {
  const {capture, execute} = await steering(t)
  await capture.connection.query(numberedTable('a', 10) + numberedTable('b', 5))
  await execute('retained', 'a', 1)
  const first = await capture.run(t)
  await snapshotEnded(first, 'retained')
  await first.stop()
  const folder = await tempFolder(t)
  const state = join(folder, 'moved.state')
  await copyFile(capture.config['offset.storage.file.filename']!, state)
  const elsewhere = {...capture.config, 'offset.storage.file.filename': state, 'signal.consumer.client.id': 'elsewhere'}
  const second = await runTidemark(t, {config: elsewhere, folder})
  await second.waitForLog('reading signals from the signal topic')
  await execute('new', 'b', 1)
  await snapshotEnded(second, 'new')
  await second.stop()
  assert.deepEqual(answered(second), ['new'])
  assert.equal((await readIds(capture, 'a')).length, 10)
})

test('a first start with auto.offset.reset=latest leaves what the topic retained alone', async t => {
  const {capture, execute} = await steering(t, {'signal.consumer.auto.offset.reset': 'latest'})
  await capture.connection.query(numberedTable('a', 10))
  await execute('retained', 'a', 0)
  await execute('retained-too', 'a', 2)
  const tidemark = await capture.run(t)
  await tidemark.waitForLog('reading signals from the signal topic')
  for (const partition of [0, 1, 2]) await execute(`new-${partition}`, 'a', partition)
  for (const partition of [0, 1, 2]) await snapshotEnded(tidemark, `new-${partition}`)
  await tidemark.stop()
  assert.deepEqual(answered(tidemark).sort(), ['new-0', 'new-1', 'new-2'])
})

test('1,000 signals in a burst over six partitions, with garbage in between, are each answered once', async t => {
  const {capture, topic, burst} = await steering(t, {}, 6)
  const key = capture.database.name
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const garbage = [
    {key, value: '{"type":'},
    {key: null, value: '{"type":"log","data":{"message":"x"}}'},
    {key, value: null},
    {key, value: '\u0000\ufffd'},
  ]
  const messages = Array.from({length: 1_000}, (_, i) => {
    const signal = {key, value: JSON.stringify({id: `log-${i}`, type: 'log', data: {message: `number ${i}`}})}
    const between = i % 10 === 0 ? [garbage[(i / 10) % garbage.length]!, {key: 'another', value: signal.value}] : []
    return [...between, signal].map(message => ({...message, partition: i % 6}))
  }).flat()
  await burst(messages)
  const isLast = new Set(Array.from({length: 6}, (_, i) => `log-${994 + i}`))
  await tidemark.waitForLog(
    ({fields}) => fields['result'] !== undefined && isLast.delete(String(fields['signal'])) && isLast.size === 0,
  )
  await tidemark.stop()
  const answers = answered(tidemark)
  assert.equal(new Set(answers).size, answers.length, 'none is answered twice')
  const logs = answers.filter(id => id.startsWith('log-'))
  assert.equal(logs.length, 1_000)
  assert.equal(answers.filter(id => id.startsWith(`${topic}-`)).length, 100, 'each broken record is answered')
  for (let partition = 0; partition < 6; partition++) {
    const own = logs.map(id => Number(id.slice(4))).filter(number => number % 6 === partition)
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
      `the order of partition ${partition}`,
    )
  }
})

test('the same signal by the topic and the table becomes one snapshot', async t => {
  const {capture, send} = await steering(t)
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 600))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const condition = {'data-collection': `${name}.a`, filter: 'SLEEP(0.002) = 0'}
  const data = {'data-collections': [`${name}.a`], 'additional-conditions': [condition]}
  await send(JSON.stringify({id: 'both', type: 'execute-snapshot', data}))
  assert.deepEqual(await receipt(tidemark, 'both'), {result: 'accepted', reason: null})
  await capture.signal('execute-snapshot', data, 'both')
  const {fields} = await tidemark.waitForLog(
    line => line.fields['signal'] === 'both' && line.fields['result'] === 'ignored',
  )
  assert.equal(fields['reason'], 'a snapshot with id both is queued or running')
  await snapshotEnded(tidemark, 'both')
  await tidemark.stop()
  assert.equal((await readIds(capture, 'a')).length, 600)
})
