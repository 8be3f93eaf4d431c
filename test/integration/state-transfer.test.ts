// `tidemark state`: a state moved from a file into a topic and back, and a state that is not there.

import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {integrationServers} from '../support/integration-servers.ts'
import type {Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

test('a state goes from a file into a topic and back, and nothing is lost or comes twice', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareCapture(t, {
    prefix: 'moved',
    bootstrap: kafka.bootstrap,
    config: {'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1'},
  })
  const {connection, config, folder} = capture
  const {'offset.storage.file.filename': _file, ...rest} = config
  const inTopic: Config = {...rest, 'exactly.once.support': 'required'}
  const state = async (command: 'export' | 'import', settings: Config, args: readonly string[]) => {
    const tidemark = await runTidemark(t, {config: settings, command: `state ${command}`, args, folder})
    return {...(await tidemark.ended), text: `${tidemark.stdout}${tidemark.stderr}`}
  }
  const runThrough = async (settings: Config, id: number): Promise<void> => {
    const tidemark = await runTidemark(t, {config: settings, folder})
    await connection.query('INSERT INTO orders VALUES (?, ?)', [id, 'streamed'])
    await tidemark.waitForStreaming()
    await caughtUp(tidemark, connection)
    assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  }
  await connection.query(numberedTable('orders', 50))
  const first = await capture.run(t)
  await first.waitForStreaming()
  await snapshotEnded(first, await capture.snapshot(['orders']))
  await first.stop()

  const moved = join(folder, 'moved.json')
  assert.equal((await state('export', config, [moved])).code, 0)
  const imported = await state('import', inTopic, [moved])
  assert.equal(imported.code, 0, imported.text)
  assert.match(imported.text, /state stored in topic tidemark-state\.moved/)
  await runThrough(inTopic, 51)

  assert.equal((await state('export', inTopic, [moved])).code, 0)
  const refused = await state('import', config, [moved])
  assert.equal(refused.code, 2)
  assert.match(refused.text, /TIDEMARK_STATE_EXISTS/)
  assert.equal((await state('import', config, [moved, '--replace'])).code, 0)
  await runThrough(config, 52)

  const events = await eventsInKafka(kafka.bootstrap, capture.topic('orders'))
  const ids = events.map(({keyText}) => Number((JSON.parse(keyText ?? '{}') as {id: number}).id))
  assert.deepEqual(
    ids,
    Array.from({length: 52}, (_, at) => at + 1),
  )
})

test('what is no state is not stored, and where there is none that is said', async t => {
  const {kafka} = await integrationServers()
  const {config, folder} = await prepareCapture(t, {prefix: 'none', bootstrap: kafka.bootstrap})
  const exported = await runTidemark(t, {config, command: 'state export', folder})
  assert.equal((await exported.ended).code, 1)
  assert.match(exported.stderr, /TIDEMARK_STATE_NONE/)
  await writeFile(join(folder, 'broken.json'), '{"format":"other"}')
  const imported = await runTidemark(t, {config, command: 'state import', args: [join(folder, 'broken.json')], folder})
  assert.equal((await imported.ended).code, 1)
  assert.match(imported.stderr, /TIDEMARK_STATE_FORMAT/)
})
