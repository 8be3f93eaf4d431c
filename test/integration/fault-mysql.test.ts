// MySQL fails under a running task: connections and queries are killed, and the binlog is gone or holds what cannot be
// captured.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import {after, before, test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {assertEnded} from '../support/assert-ended.ts'
import {caughtUp, numberedTable, prepareCapture, type Capture} from '../support/capture.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {foldEvents} from '../support/observed-events.ts'
import {untilCopying} from '../support/outages.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql()
  const {connection} = await connectOnce()
  await connection.query("CREATE USER tidemark IDENTIFIED BY 'of the tests'; GRANT ALL ON *.* TO tidemark")
  await connection.end()
})
after(async () => {
  await server.stop()
})

async function connectOnce(): Promise<{connection: Connection}> {
  const noClean = {after: () => undefined}
  return await freshDatabase(noClean, 'setup', server)
}

/** An account of its own, so that Tidemark's connections can be told from the test's. */
const account = {'database.user': 'tidemark', 'database.password': 'of the tests'}

async function prepare(t: TestContext): Promise<Capture> {
  return await prepareCapture(t, {prefix: 'faults', server, config: account})
}

interface Victim {
  readonly id: number
  readonly command: string
  readonly info: string | null
}

async function connectionsOf(connection: Connection, user: string): Promise<Victim[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT ID AS id, COMMAND AS command, INFO AS info FROM information_schema.PROCESSLIST WHERE USER = ?',
    [user],
  )
  return rows.map(row => ({id: Number(row['id']), command: String(row['command']), info: row['info'] as string | null}))
}

/** Ends it, or what it is doing; it may have gone by itself. */
async function kill(connection: Connection, what: 'CONNECTION' | 'QUERY', {id}: Victim): Promise<void> {
  await connection.query(`KILL ${what} ${id}`).catch((error: unknown) => {
    if ((error as {code?: unknown}).code !== 'ER_NO_SUCH_THREAD') throw error
  })
}

/** `disturb` is called some times while a snapshot runs under writes, then the judgement; it says how many it disturbed. */
async function disturbed(
  t: TestContext,
  disturb: (connection: Connection, random: SeededRandom) => Promise<number>,
): Promise<void> {
  const random = randomFor(t)
  const outcome = await snapshotUnderWrites(t, {
    server,
    config: {...account, 'incremental.snapshot.chunk.size': '20', 'snapshot.max.threads': '2'},
    snapshots: 1,
    kinds: 8,
    size: 500,
    restMs: 1,
    secondsPerRow: 0.015,
    meanwhile: async ({connection}, tidemark) => {
      await untilCopying(tidemark)
      let disturbances = 0
      for (let times = 0; times < 5 || disturbances === 0; times++) {
        const {streaming, snapshot} = await tidemark.waitForStreaming()
        assert.ok(streaming && snapshot.state === 'running', 'the snapshot was over before it was disturbed enough')
        await delay(random.integer(0, 150))
        disturbances += await disturb(connection, random)
      }
      t.diagnostic(`${disturbances} disturbances`)
    },
  })
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
}

test('killed binlog connections lose and repeat nothing', async t => {
  await disturbed(t, async connection => {
    const dumps = (await connectionsOf(connection, 'tidemark')).filter(({command}) => command.startsWith('Binlog Dump'))
    for (const dump of dumps) await kill(connection, 'CONNECTION', dump)
    return dumps.length
  })
})

test('killed connections of every other kind do not harm a snapshot', async t => {
  await disturbed(t, async (connection, random) => {
    const others = (await connectionsOf(connection, 'tidemark')).filter(({command}) => !command.startsWith('Binlog'))
    const chunks = others.filter(isReadingChunk)
    // Every second time one that reads a chunk, where there is one.
    const candidates = chunks.length > 0 && random.chance(0.5) ? chunks : others
    if (candidates.length === 0) return 0
    await kill(connection, 'CONNECTION', random.pick(candidates))
    return 1
  })
})

test('interrupted SELECTs of chunks are read again', async t => {
  await disturbed(t, async connection => {
    const reading = (await connectionsOf(connection, 'tidemark')).filter(isReadingChunk)
    for (const select of reading) await kill(connection, 'QUERY', select)
    return reading.length
  })
})

function isReadingChunk({info}: Victim): boolean {
  return info?.startsWith('SELECT ') === true && /SLEEP\(.*ORDER BY.*LIMIT \d+$/s.test(info)
}

test('a binlog purged while the task is down stops the start, the state stays, and when_needed copies again', async t => {
  const capture = await prepare(t)
  const {connection} = capture
  await connection.query(numberedTable('a', 5))
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  const state = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
  await connection.query("INSERT INTO a VALUES (6, 'unseen'); FLUSH BINARY LOGS")
  await purgeAll(connection)
  const second = await capture.run(t)
  await assertEnded(second, {code: 3, lastLine: /has purged the transactions .*snapshot\.mode=when_needed/})
  assert.equal(await readFile(capture.config['offset.storage.file.filename']!, 'utf8'), state)
  // The way out that the message names.
  const third = await capture.run(t, {'snapshot.mode': 'when_needed'})
  await third.waitForLog('snapshot done')
  await connection.query('DELETE FROM a WHERE id = 2')
  await caughtUp(third, connection)
  await third.stop()
  assert.deepEqual(
    [...foldEvents(await capture.tableEvents('a')).keys()].sort(),
    [1, 3, 4, 5, 6].map(id => `{"id":${id}}`),
  )
})

async function purgeAll(connection: Connection): Promise<void> {
  const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
  await connection.query('PURGE BINARY LOGS TO ?', [String(files.at(-1)?.['Log_name'])])
}

const stops: readonly (readonly [code: string, what: string, says: RegExp, statements: readonly string[]])[] = [
  [
    'TIDEMARK_BINLOG_STATEMENT_FORMAT',
    'a change in statement format',
    /binlog_format/,
    ['SET binlog_format = STATEMENT', "INSERT INTO a VALUES (100, 'statement')"],
  ],
]

for (const [code, what, says, statements] of stops) {
  test(`${what} stops the task with ${code}; what came before it is out, and the position stays before it`, async t => {
    const capture = await prepare(t)
    const writer = await capture.database.connect()
    await writer.query(numberedTable('a', 5))
    const first = await capture.run(t)
    await first.waitForStreaming()
    await writer.query("INSERT INTO a VALUES (99, 'before')")
    for (const sql of statements) await writer.query(sql)
    const lastLine = new RegExp(`${says.source}.*\\(${code}\\)$`)
    await assertEnded(first, {code: 1, lastLine})
    assert.ok(foldEvents(await capture.tableEvents('a')).has('{"id":99}'), 'what came before did not come through')
    // Nothing has moved: a second start ends at the same place.
    await assertEnded(await capture.run(t), {code: 1, lastLine})
    const keys = [...foldEvents(await capture.tableEvents('a')).keys()]
    assert.deepEqual(keys, ['{"id":99}'])
  })
}
