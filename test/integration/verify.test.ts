// `tidemark verify` on a real server: what it calls equal is equal, what differs it finds, writers going on meanwhile.

import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import {loadSettings} from '../../src/config/load-settings.ts'
import {readServerIdentity} from '../../src/mysql/server-reader.ts'
import type {VerifyReport} from '../../src/verify/verify-report.ts'
import {verifyTables, type VerifyOptions} from '../../src/verify/verify-tables.ts'
import type {TaskState} from '../../src/verify/wait-for-task.ts'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {SeededRandom} from '../support/seeded-random.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const TABLES = `
  CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(40), price DECIMAL(12,2), ratio FLOAT, at TIMESTAMP(3) NULL);
  CREATE TABLE parts (a INT, b VARCHAR(20) COLLATE utf8mb4_0900_ai_ci, n INT, PRIMARY KEY (a, b));
  INSERT INTO orders SELECT seq, CONCAT('na"{', seq), seq % 1000 / 7, seq % 1000 / 3, NOW(3) FROM (
    SELECT 18446744073709500000 + a.n * 100 + b.n * 10 + c.n AS seq FROM digits a, digits b, digits c) numbers;
  INSERT INTO parts SELECT a.n * 10 + b.n, CONCAT('é\\\\', c.n), 1 FROM digits a, digits b, digits c;`
const DIGITS = `CREATE TABLE digits (n INT PRIMARY KEY); INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);`

interface Verified {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

async function verify(t: TestContext, capture: Capture, ...args: string[]): Promise<Verified> {
  const run = await runTidemark(t, {config: capture.config, folder: capture.folder, command: 'verify', args})
  const {code} = await run.ended
  return {code, out: run.stdout, error: run.stderr}
}

async function report(t: TestContext, capture: Capture, ...args: string[]): Promise<VerifyReport> {
  const {out, error} = await verify(t, capture, ...args, '--json')
  assert.notEqual(out, '', error)
  return JSON.parse(out) as VerifyReport
}

/** A task that has copied both tables and goes on streaming. */
async function captureOfCopiedTables(t: TestContext, options: Partial<Parameters<typeof prepareCapture>[1]> = {}) {
  const capture = await prepareCapture(t, {prefix: 'verify', ...options})
  await capture.connection.query(DIGITS + TABLES)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['orders', 'parts', 'digits']))
  return {capture, tidemark}
}

/** Changes the same few rows all the time, in transactions of one and several statements, until told to stop. */
function startWriter(t: TestContext, connection: Connection, seed: number): () => Promise<number> {
  const random = new SeededRandom(seed)
  const pick = (n: number): number => Math.floor(random.next() * n)
  let isStopped = false
  let writes = 0
  const write = async (): Promise<void> => {
    const id = `18446744073709500${String(pick(30)).padStart(3, '0')}`
    switch (pick(6)) {
      case 0:
        await connection.query('REPLACE INTO orders (id, name, price) VALUES (?, ?, ?)', [
          id,
          `r"}${pick(99)}`,
          pick(99),
        ])
        break
      case 1:
        await connection.query('DELETE FROM orders WHERE id = ?', [id])
        break
      case 2:
        await connection.query('UPDATE orders SET price = ?, ratio = RAND() WHERE id >= ? LIMIT 20', [pick(999), id])
        break
      case 3:
        await connection.query('UPDATE IGNORE parts SET b = ? WHERE a = ? LIMIT 1', [`k${pick(9)}`, pick(20)])
        break
      default:
        await connection.query('START TRANSACTION')
        for (let i = 0; i < 3; i++) await connection.query('UPDATE parts SET n = ? WHERE a = ?', [pick(9), pick(20)])
        await connection.query(pick(4) === 0 ? 'ROLLBACK' : 'COMMIT')
    }
    writes++
  }
  const done = (async () => {
    while (!isStopped) await write()
  })()
  const stop = async (): Promise<number> => {
    isStopped = true
    await done
    return writes
  }
  onCleanUp(t, async () => {
    await stop().catch(() => undefined)
  })
  return stop
}

test('while writers change the same rows, tables equal their topics at every place they are compared at', async t => {
  const {capture} = await captureOfCopiedTables(t)
  const stop = startWriter(t, await capture.database.connect(), 4711)
  for (let round = 0; round < 3; round++) {
    const {code, out, error} = await verify(t, capture)
    assert.equal(code, 0, `${out}\n${error}`)
    assert.match(out, /^equal {6}verify_\w+\.orders +\d/m)
    assert.match(out, /equal: 3 tables; /)
  }
  assert.ok((await stop()) > 0)
})

test('a missing row, a ghost and a changed row are found, with the columns that differ', async t => {
  const {capture} = await captureOfCopiedTables(t)
  const {connection} = capture
  await connection.query(`SET sql_log_bin = 0;
    DELETE FROM orders WHERE id = 18446744073709500777;
    INSERT INTO orders (id, name) VALUES (18446744073709551615, 'unseen');
    UPDATE orders SET price = price + 0.01, name = NULL WHERE id = 18446744073709500778;
    SET sql_log_bin = 1`)
  const {equal, tables} = await report(t, capture)
  const [orders] = tables.filter(({table}) => table.endsWith('.orders'))
  assert.equal(equal, false)
  assert.deepEqual([orders!.missing, orders!.ghosts, orders!.different], [1, 1, 1])
  const found = orders!.differences.map(({kind, key, columns}) => [kind, key, ...columns].join(' ')).sort()
  assert.deepEqual(found, ['different {"id":-50838} name price', 'ghost {"id":-50839}', 'missing {"id":-1}'])
  const {code, out} = await verify(t, capture)
  assert.equal(code, 1)
  assert.match(out, /^DIFFERENT {2}verify_\w+\.orders .*; 1 missing in the topic; 1 ghost in the topic; 1 different$/m)
})

test('with a condition only the rows that match are compared', async t => {
  const {capture} = await captureOfCopiedTables(t)
  await capture.connection.query('SET sql_log_bin = 0; UPDATE parts SET n = 5 WHERE a = 7; SET sql_log_bin = 1')
  const table = `${capture.database.name}.parts`
  const other = await report(t, capture, table, '--where', "a < 7 AND b LIKE 'é%' -- not the changed ones")
  assert.deepEqual([other.equal, other.rows], [true, 70])
  const changed = await report(t, capture, table, '--where', 'a = 7')
  assert.deepEqual([changed.equal, changed.tables[0]!.different], [false, 10])
})

test('topics of several partitions in Kafka, with schema frames and lz4, are folded like a file', async t => {
  const {bootstrap} = await sharedKafka()
  const {capture} = await captureOfCopiedTables(t, {
    bootstrap,
    config: {
      'topic.creation.enable': 'true',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'producer.override.compression.type': 'lz4',
      'key.converter.schemas.enable': 'true',
      'value.converter.schemas.enable': 'true',
    },
  })
  const stop = startWriter(t, await capture.database.connect(), 815)
  const {code, out, error} = await verify(t, capture)
  assert.equal(code, 0, `${out}\n${error}`)
  await stop()
  await capture.connection.query('SET sql_log_bin = 0; DELETE FROM digits WHERE n = 3; SET sql_log_bin = 1')
  const {tables} = await report(t, capture, `${capture.database.name}.digits`)
  assert.deepEqual(
    tables[0]!.differences.map(({kind, key}) => [kind, key.slice(-7)]),
    [['ghost', '{"n":3}']],
  )
})

test('without GTIDs tables are compared by binlog positions', async t => {
  const server = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
  onCleanUp(t, async () => {
    await server.stop()
  })
  const {capture} = await captureOfCopiedTables(t, {server})
  const stop = startWriter(t, await capture.database.connect(), 99)
  for (let round = 0; round < 2; round++) {
    const {code, out, error} = await verify(t, capture)
    assert.equal(code, 0, `${out}\n${error}`)
  }
  await stop()
  await capture.connection.query('SET sql_log_bin = 0; UPDATE digits SET n = 77 WHERE n = 3; SET sql_log_bin = 1')
  const {tables} = await report(t, capture, `${capture.database.name}.digits`)
  assert.deepEqual([tables[0]!.missing, tables[0]!.ghosts], [1, 1])
})

test('a task that has stopped before the place is named with both places, and nothing is called equal', async t => {
  const {capture, tidemark} = await captureOfCopiedTables(t)
  await tidemark.stop()
  await capture.connection.query('INSERT INTO digits VALUES (10)')
  const {code, out, error} = await verify(t, capture, '--wait', '1')
  assert.deepEqual([code, out], [1, ''])
  assert.match(error, /waited 1 s: the task has stored \S+:\d+, and the table was read at \S+:\d+; start it/)
})

test('what cannot be compared is refused by name', async t => {
  const capture = await prepareCapture(t, {prefix: 'verify'})
  const {name} = capture.database
  await capture.connection.query('CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b))')
  const refusals: [string[], RegExp, number, Record<string, string>?][] = [
    [[`${name}.none`], /none is not captured: .*captured are /, 2],
    [[`${name}.pairs`, '--where', 'nosuch = 1'], /MySQL refuses the condition .*nosuch/, 2],
    [['--where', 'a = 1', `${name}.pairs`, `${name}.debezium_signal`], /one table, and there are 2/, 2],
    [
      [`${name}.pairs`],
      /a\), set by message\.key\.columns, is not unique/,
      1,
      {'message.key.columns': `${name}.pairs:a`},
    ],
    [[`${name}.pairs`], /stdout cannot be read again/, 2, {'sink.type': 'stdout'}],
    [[`${name}.pairs`, '--wait', '0'], /there is no state in /, 1],
  ]
  for (const [args, message, exitCode, config = {}] of refusals) {
    const {code, error} = await verify(t, {...capture, config: {...capture.config, ...config}}, ...args)
    assert.match(error, message)
    assert.equal(code, exitCode, error)
    assert.doesNotMatch(error, /\n {4}at /)
  }
})

interface HandMade {
  readonly options: VerifyOptions
  readonly table: string
  readonly connection: Connection
  /** A change event whose GTID is the `back`th newest, or one that is not executed yet where `back` is negative. */
  line(event: {op: string; key: number; v?: string; back?: number; place?: 'now' | 'later'}): string
  write(lines: readonly string[]): Promise<void>
}

/** A table `t (id, v)` and a file of events made by hand, of a task that claims to have stored everything. */
async function handMade(t: TestContext, rows: string): Promise<HandMade> {
  const capture = await prepareCapture(t, {prefix: 'verify'})
  const {connection, database, folder} = capture
  await connection.query(`CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200)); ${rows}`)
  const configPath = join(folder, 'config.json')
  await writeFile(configPath, JSON.stringify(capture.config))
  const {settings} = loadSettings(configPath, {env: {}})
  const {serverUuid} = await readServerIdentity(connection)
  const [[gtids], [status]] = await Promise.all([
    connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS gtids'),
    connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS'),
  ])
  const executed = String(gtids[0]?.['gtids'])
  const file = String(status[0]?.['File'])
  const last = Number(new RegExp(`${serverUuid}:(?:[\\d-]+:)*(?:\\d+-)?(\\d+)`).exec(executed)?.[1])
  const everything: TaskState = {
    serverUuid,
    offset: {file: `${file}9`, pos: 4, gtidSet: `${serverUuid}:1-999999999`},
    snapshots: [],
    diverged: [],
  }
  const path = join(folder, 'by-hand.jsonl')
  return {
    connection,
    table: `${database.name}.t`,
    options: {
      settings,
      tables: [`${database.name}.t`],
      condition: null,
      file: path,
      waitSeconds: 30,
      readState: () => Promise.resolve(everything),
      signal: AbortSignal.timeout(120_000),
      onProgress: () => undefined,
    },
    line: ({op, key, v, back = 0, place = 'now'}) => {
      // The newest number that anybody on the shared server can have taken by now lies far below this one.
      const gno = back < 0 ? 900_000_000 - back : last - back
      const source = JSON.stringify({file: place === 'now' ? file : `${file}9`, pos: 4, gtid: `${serverUuid}:${gno}`})
      const after = op === 'd' ? 'null' : `{"id":${key},"v":${JSON.stringify(v ?? null)}}`
      const value = `{"before":null,"after":${after},"source":${source},"op":"${op}"}`
      return `{"topic":"${database.name}.${database.name}.t","key":{"id":${key}},"value":${value}}`
    },
    write: async lines => {
      await writeFile(path, lines.map(line => `${line}\n`).join(''))
    },
  }
}

test('a row of a transaction under way may show the state before it or after it, but no other', async t => {
  const made = await handMade(t, "INSERT INTO t VALUES (1, 'new'), (2, 'old'), (3, 'wrong'), (5, 'old')")
  await made.write([
    ...[1, 2, 3, 4, 5].map(key => made.line({op: 'c', key, v: 'old'})),
    ...[1, 2, 3].map(key => made.line({op: 'u', key, v: 'new', back: -1})),
    made.line({op: 'd', key: 4, back: -1}),
    made.line({op: 'u', key: 5, v: 'later', back: -2, place: 'later'}),
    made.line({op: 'c', key: 6, v: 'later', back: -2, place: 'later'}),
  ])
  const {tables} = await verifyTables(made.options)
  assert.deepEqual(
    tables[0]!.differences.map(({kind, key}) => `${kind} ${key}`),
    ['different {"id":3}'],
  )
})

test('a table and events many times larger than what may be held in memory are compared whole', async t => {
  const made = await handMade(t, 'SELECT 1')
  const {connection} = made
  await connection.query('SET cte_max_recursion_depth = 100000')
  await connection.query(`INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT i, REPEAT(i, 10) FROM n`)
  const again = await connection.query<RowDataPacket[]>('SELECT id, v FROM t')
  const lines = again[0].flatMap(({id, v}) => [
    made.line({op: 'r', key: Number(id), v: 'older', back: 1}),
    ...(Number(id) % 5000 === 0 ? [] : [made.line({op: 'u', key: Number(id), v: String(v), back: 1})]),
  ])
  await made.write([...lines, made.line({op: 'c', key: 99_999, v: 'ghost', back: 1})])
  const memoryBytes = 256 * 1024
  const {tables, heldBytes, spilledBytes} = await verifyTables({...made.options, memoryBytes})
  assert.deepEqual([tables[0]!.rows, tables[0]!.different, tables[0]!.ghosts, tables[0]!.missing], [20_000, 4, 1, 0])
  assert.ok(heldBytes < memoryBytes + 10_000, `held ${heldBytes} bytes`)
  assert.ok(spilledBytes > 8 * memoryBytes, `spilled ${spilledBytes} bytes`)
})
