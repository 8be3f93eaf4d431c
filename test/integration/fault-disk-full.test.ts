// The events file or the state file cannot grow. A full disk is waited for; a limit of the system's that time does not mend ends the task,
// and a later start goes on without loss. No file system of its own, and so no root, is needed for either.

import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {readFile, stat} from 'node:fs/promises'
import {promisify} from 'node:util'
import {test} from 'node:test'
import {assertEnded} from '../support/assert-ended.ts'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {foldEvents} from '../support/observed-events.ts'
import {eventsFile} from '../support/tidemark-config.ts'

const run = promisify(execFile)

/** Rows of the thousand that are there when every third was deleted and every third updated. */
function leftOver(): (readonly [key: string, row: string])[] {
  return Array.from({length: 1000}, (_, i) => i + 1)
    .filter(i => i % 3 !== 1)
    .map(i => [`{"id":${i}}`, `{"id":${i},"note":"${i % 3 === 0 ? 'meanwhile' : `row ${i}`}"}`])
}

interface StoredState {
  readonly offset: {readonly gtidSet: string}
}

async function storedGtidSet(capture: Capture): Promise<string> {
  const text = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
  return (JSON.parse(text) as StoredState).offset.gtidSet
}

test('a full disk is waited for and said, and nothing counts as stored that is not written', async t => {
  const capture = await prepareCapture(t, {prefix: 'full'})
  await capture.connection.query(numberedTable('a', 5))
  // Every write to /dev/full is refused with ENOSPC.
  const first = await capture.run(t, {'sink.file.path': '/dev/full'})
  await first.waitForStreaming()
  const before = await storedGtidSet(capture)
  await capture.connection.query("INSERT INTO a VALUES (6, 'does not fit')")
  const line = await first.waitForLog(({text}) => text.includes('ENOSPC'))
  assert.match(line.text, /\/dev\/full/)
  const page = await first.waitForStatus(status => JSON.stringify(status).includes('ENOSPC'))
  assert.equal(page.state, 'running')
  await first.kill()
  assert.equal(await storedGtidSet(capture), before)
  const second = await capture.run(t)
  await second.waitForStreaming()
  await caughtUp(second, capture.connection)
  await second.stop()
  assert.deepEqual([...foldEvents(await capture.tableEvents('a')).keys()], ['{"id":6}'])
})

test('a file that may not grow further ends the task; started again without the limit it loses nothing', async t => {
  const capture = await prepareCapture(t, {prefix: 'full', config: {'incremental.snapshot.chunk.size': '50'}})
  await capture.connection.query(numberedTable('a', 1000))
  const first = await capture.run(t)
  await first.waitForStreaming()
  const {size} = await stat(eventsFile(capture.folder))
  await run('prlimit', [`--pid=${first.pid}`, `--fsize=${size + 100_000}`])
  const id = await capture.snapshot(['a'])
  await assertEnded(first, {code: 1, lastLine: /cannot write .*events\.jsonl.*EFBIG.*\(TIDEMARK_SINK_FILE\)$/})
  await capture.connection.query("UPDATE a SET note = 'meanwhile' WHERE id % 3 = 0; DELETE FROM a WHERE id % 3 = 1")

  const second = await capture.run(t)
  await snapshotEnded(second, id)
  await caughtUp(second, capture.connection)
  await second.stop()
  const rows = foldEvents(await capture.tableEvents('a'))
  assert.deepEqual(Object.fromEntries([...rows].sort()), Object.fromEntries(leftOver()))
})

test('a state file that cannot be written ends the task with the reason; the state stays, and the next start goes on', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareCapture(t, {
    prefix: 'full',
    bootstrap: kafka.bootstrap,
    config: {
      'incremental.snapshot.chunk.size': '20',
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
    },
  })
  await capture.connection.query(numberedTable('a', 1000))
  const first = await capture.run(t)
  await first.waitForStreaming()
  const slowly = {'data-collection': `${capture.database.name}.a`, filter: 'SLEEP(0.001) = 0'}
  const id = await capture.snapshot(['a'], {'additional-conditions': [slowly]})
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone > 0))
  // Every file that the process writes ends here: its state file is the only one.
  await run('prlimit', [`--pid=${first.pid}`, '--fsize=100'])
  await capture.connection.query("UPDATE a SET note = 'meanwhile' WHERE id % 3 = 0; DELETE FROM a WHERE id % 3 = 1")
  await assertEnded(first, {code: 1, lastLine: /cannot use the state file .*EFBIG.*\(TIDEMARK_STATE_UNWRITABLE\)$/})
  assert.notEqual(await storedGtidSet(capture), '')

  const second = await capture.run(t)
  await snapshotEnded(second, id)
  await caughtUp(second, capture.connection)
  await second.stop()
  const rows = foldEvents(await eventsInKafka(kafka.bootstrap, capture.topic('a')))
  assert.deepEqual(Object.fromEntries([...rows].sort()), Object.fromEntries(leftOver()))
})
