import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {captureSettings} from '../../../src/library/capture-settings.ts'
import {tempFolder} from '../../support/temp-folder.ts'

const base = {
  'topic.prefix': 'shop',
  'database.hostname': 'db',
  'database.user': 'u',
  'database.password': '${env:PW}',
  'database.server.id': 7,
}
const given = {env: {PW: 'hidden'}, hasStore: false}

test('a configuration for Kafka is taken, with its events for the program', () => {
  const {settings, notes} = captureSettings({...base, 'sink.type': 'kafka', 'bootstrap.servers': 'k:9092'}, given)
  assert.equal(settings.sink.type, 'stdout')
  assert.equal(settings.database.password, 'hidden')
  assert.ok(
    notes.some(note => note.includes('sink.type')),
    notes.join('\n'),
  )
})

test('no port is opened that the configuration does not name', () => {
  assert.equal(captureSettings(base, given).settings.http, null)
  assert.deepEqual(captureSettings({...base, 'http.listen': '127.0.0.1:0'}, given).settings.http?.port, 0)
})

test('files in any form are read, too', async t => {
  const path = join(await tempFolder(t), 'shop.properties')
  await writeFile(
    path,
    Object.entries(base)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  assert.equal(captureSettings(path, given).settings.name, 'shop')
})

test('exactly once and a state in a topic are refused, and not quietly left out', () => {
  assert.throws(() => captureSettings({...base, 'exactly.once.support': 'required'}, given), {
    code: 'TIDEMARK_CONFIG_INVALID',
    message: /exactly\.once\.support: found required/,
  })
  const topic = {...base, 'bootstrap.servers': 'k:9092', 'offset.storage.topic': 'state'}
  assert.throws(() => captureSettings(topic, given), {
    message: /offset\.storage\.topic: .*offset\.storage\.file\.filename/,
  })
  assert.equal(captureSettings(topic, {...given, hasStore: true}).settings.state.type, 'file')
})

test('whatever else is wrong is said as by the command line, without secrets', () => {
  const broken = {...base, 'database.port': 'x', 'snapshot.mode': 'sometimes'}
  assert.throws(() => captureSettings(broken, given), {
    code: 'TIDEMARK_CONFIG_INVALID',
    message: /given to capture\(\) has 2 problems[^]*snapshot\.mode[^]*database\.port/,
  })
})
