// What cannot work is refused at the start: with the exit code of its kind, and a last line that says what to do.

import assert from 'node:assert/strict'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {once} from 'node:events'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {freePort} from '../../tools/servers/free-port.ts'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {assertEnded} from '../support/assert-ended.ts'
import {numberedTable, prepareCapture, readIds, snapshotEnded, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'

const PREREQUISITE = 3
const CONFIGURATION = 2
const FAILURE = 1

function statePath(capture: Capture): string {
  return capture.config['offset.storage.file.filename']!
}

/** An account with these grants, dropped after the test. */
async function account(t: TestContext, capture: Capture, grants: readonly string[]): Promise<Record<string, string>> {
  const {connection, database} = capture
  const user = database.name
  await connection.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'very secret'`)
  onCleanUp(t, async () => {
    await connection.query(`DROP USER '${user}'@'%'`)
  })
  for (const grant of grants) await connection.query(`GRANT ${grant} TO '${user}'@'%'`)
  return {'database.user': user, 'database.password': 'very secret'}
}

test('a wrong password', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const right = await account(t, capture, [])
  const tidemark = await capture.run(t, {...right, 'database.password': 'not the one'})
  await assertEnded(tidemark, {code: CONFIGURATION, lastLine: /Access denied|password/})
  assert.ok(!tidemark.stderr.includes('not the one'), 'the password is shown')
})

test('missing grants are named with the statements that give them, all at once', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const user = await account(t, capture, [`SELECT ON ${capture.database.name}.*`])
  const tidemark = await capture.run(t, user)
  const who = `'${capture.database.name}'@'%'`
  await assertEnded(tidemark, {
    code: PREREQUISITE,
    lastLine: /TIDEMARK_PREREQUISITE/,
    alsoSaid: [
      new RegExp(`GRANT REPLICATION SLAVE ON \\*\\.\\* TO ${who};`),
      new RegExp(`GRANT REPLICATION CLIENT ON \\*\\.\\* TO ${who};`),
      new RegExp(`GRANT SELECT, INSERT, DELETE ON .*debezium_signal. TO ${who};`),
    ],
  })
  assert.ok(!tidemark.stderr.includes('very secret'), 'the password is shown')
})

test('the grants that init prints are enough', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 10))
  const user = await account(t, capture, [
    'REPLICATION SLAVE ON *.*',
    'REPLICATION CLIENT ON *.*',
    `SELECT ON ${name}.*`,
    `SELECT, INSERT, DELETE ON ${name}.debezium_signal`,
  ])
  const tidemark = await capture.run(t, user)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  assert.equal((await readIds(capture, 'a')).length, 10)
})

test('a missing signal table', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  await capture.connection.query('DROP TABLE debezium_signal')
  await assertEnded(await capture.run(t), {
    code: PREREQUISITE,
    lastLine: /TIDEMARK_PREREQUISITE/,
    alsoSaid: [
      /CREATE TABLE .*debezium_signal.* \(id VARCHAR\(36\) PRIMARY KEY, type VARCHAR\(32\) NOT NULL, data TEXT NULL\);/,
    ],
  })
})

test('a signal table without a key', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'refused',
    signalTable: 'id VARCHAR(36) NOT NULL, type VARCHAR(32) NOT NULL, data TEXT NULL',
  })
  await assertEnded(await capture.run(t), {
    code: PREREQUISITE,
    lastLine: /TIDEMARK_PREREQUISITE/,
    alsoSaid: [/no primary key/, /ALTER TABLE .*debezium_signal.* ADD PRIMARY KEY \(id\);/],
  })
})

test('a signal table whose columns are too short for marks', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'refused',
    signalTable: 'id VARCHAR(20) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL',
  })
  await assertEnded(await capture.run(t), {
    code: PREREQUISITE,
    lastLine: /TIDEMARK_PREREQUISITE/,
    alsoSaid: [/ALTER TABLE .*debezium_signal.* MODIFY id VARCHAR\(36\)/],
  })
})

test('a port that is in use', async t => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  onCleanUp(t, async () => {
    holder.close()
    await once(holder, 'close')
  })
  const address = holder.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const capture = await prepareCapture(t, {prefix: 'refused', config: {'http.listen': `127.0.0.1:${port}`}})
  await assertEnded(await capture.run(t), {
    code: CONFIGURATION,
    lastLine: new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port} .*http\\.listen.*TIDEMARK_HTTP_LISTEN`),
  })
})

test('a state file that cannot be written', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  // Nobody, root neither, can make a file below a file.
  const file = join(capture.folder, 'a file')
  await writeFile(file, '')
  const tidemark = await capture.run(t, {'offset.storage.file.filename': join(file, 'state')})
  await assertEnded(tidemark, {
    code: PREREQUISITE,
    lastLine: /offset\.storage\.file\.filename.*TIDEMARK_STATE_UNWRITABLE/,
  })
})

test('a state file that is a directory', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  await mkdir(statePath(capture))
  await assertEnded(await capture.run(t), {
    code: PREREQUISITE,
    lastLine: /name a file, not a directory.*STATE_UNWRITABLE/,
  })
})

test('an events file that is a directory', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const tidemark = await capture.run(t, {'sink.file.path': capture.folder})
  await assertEnded(tidemark, {code: PREREQUISITE, lastLine: /sink\.file\.path.*name a file.*TIDEMARK_SINK_FILE/})
})

test('a state that another process uses; that one goes on', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  await capture.connection.query(numberedTable('a', 5))
  const first = await capture.run(t)
  await first.waitForStreaming()
  const second = await capture.run(t, {'http.listen': `127.0.0.1:${await freePort()}`})
  await assertEnded(second, {
    code: PREREQUISITE,
    lastLine: new RegExp(`in use by process ${first.pid} .*offset\\.storage\\.file\\.filename.*TIDEMARK_STATE_IN_USE`),
  })
  await snapshotEnded(first, await capture.snapshot(['a']))
})

test('a state that a newer version wrote is refused and kept', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  const state = JSON.parse(await readFile(statePath(capture), 'utf8')) as object
  const newer = JSON.stringify({...state, version: 99})
  await writeFile(statePath(capture), newer)
  await assertEnded(await capture.run(t), {code: FAILURE, lastLine: /newer Tidemark \(format 99.*TIDEMARK_STATE_NEWER/})
  assert.equal(await readFile(statePath(capture), 'utf8'), newer)
})

for (const [name, text] of [
  ['cut off', '{"format":"tidemark-checkpoint","version":1,"conn'],
  ['something else', '[1, 2, 3]'],
  ['empty', ''],
] as const) {
  test(`a state file that is ${name} is refused and kept`, async t => {
    const capture = await prepareCapture(t, {prefix: 'refused'})
    await writeFile(statePath(capture), text)
    await assertEnded(await capture.run(t), {
      code: FAILURE,
      lastLine: /move it away to begin anew.*TIDEMARK_STATE_FORMAT/,
    })
    assert.equal(await readFile(statePath(capture), 'utf8'), text)
  })
}

test('a state of another server is refused', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  const text = await readFile(statePath(capture), 'utf8')
  const state = JSON.parse(text) as {serverUuid: string; offset: {gtidSet: string}}
  const other = '11111111-2222-3333-4444-555555555555'
  const foreign = JSON.stringify({...state, serverUuid: other, offset: {...state.offset, gtidSet: `${other}:1-1000`}})
  await writeFile(statePath(capture), foreign)
  await assertEnded(await capture.run(t), {
    code: PREREQUISITE,
    lastLine: /lacks the transactions 11111111-2222-3333-4444-555555555555:1-1000.*snapshot\.mode=when_needed/,
  })
  assert.equal(await readFile(statePath(capture), 'utf8'), foreign)
})

test('a bad configuration is told with all that is wrong in it', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const tidemark = await capture.run(t, {
    'database.port': 'many',
    'snapshot.mode': 'sometimes',
    'incremental.snapshot.chunk.size': '0',
    'database.initial.statements': 'SET a = 1',
  })
  await assertEnded(tidemark, {
    code: CONFIGURATION,
    lastLine: /TIDEMARK_CONFIG/,
    alsoSaid: [
      /database\.port.*many/,
      /snapshot\.mode.*sometimes/,
      /incremental\.snapshot\.chunk\.size/,
      /database\.initial\.statements/,
    ],
  })
})

test('a server that does not answer is tried again, which a SIGTERM ends', async t => {
  const capture = await prepareCapture(t, {prefix: 'refused'})
  const tidemark = await capture.run(t, {'database.port': String(await freePort())})
  const line = await tidemark.waitForLog('cannot connect to MySQL, will try again')
  assert.match(line.text, /ECONNREFUSED.*check database\.hostname and database\.port/)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null})
})

test('a snapshot at the start with neither a signal table nor GTIDs is refused with both ways out', async t => {
  const server = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
  onCleanUp(t, () => server.stop())
  const capture = await prepareCapture(t, {prefix: 'refused', server})
  const tidemark = await capture.run(t, {'signal.data.collection': '', 'snapshot.mode': 'initial'})
  await assertEnded(tidemark, {
    code: PREREQUISITE,
    lastLine: /TIDEMARK_PREREQUISITE/,
    alsoSaid: [/signal\.data\.collection/, /SET PERSIST gtid_mode = ON;/],
  })
})
