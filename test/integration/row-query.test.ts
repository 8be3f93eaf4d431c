import assert from 'node:assert/strict'
import {once} from 'node:events'
import {test} from 'node:test'
import {createConnection, type Connection} from 'mysql2/promise'
import {selectRows} from '../../src/mysql/row-query.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {sharedMysql} from '../support/integration-servers.ts'

/** About 200 MB, far more than sockets hold. */
const ENDLESS =
  'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) ' +
  "SELECT a.i, REPEAT('x', 200) FROM n a, n b"

async function connect(t: CleanUpContext, {tls = false, multipleStatements = false} = {}): Promise<Connection> {
  const {host, port, user, password} = await sharedMysql()
  const ssl = tls ? {ssl: {rejectUnauthorized: false}} : {}
  const connection = await createConnection({host, port, user, password, multipleStatements, ...ssl})
  connection.on('error', () => undefined)
  onCleanUp(t, async () => {
    connection.destroy()
    await Promise.resolve()
  })
  return connection
}

const noRow = (): never => assert.fail('a row came')

/** The fields of a text-protocol row. */
function fieldsOf(packet: Buffer, start: number, end: number): (string | null)[] {
  const fields: (string | null)[] = []
  for (let at = start; at < end;) {
    const first = packet[at++]!
    if (first === 0xfb) {
      fields.push(null)
      continue
    }
    const size = first < 0xfb ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : 6
    const length = size === 0 ? first : packet.readUIntLE(at, size)
    if (size > 0) at += first === 0xfe ? 8 : size
    fields.push(packet.toString('utf8', at, at + length))
    at += length
  }
  return fields
}

for (const tls of [false, true]) {
  test(`the rows are those that mysql2 reads, ${tls ? 'with' : 'without'} TLS`, async t => {
    const database = await freshDatabase(t, 'row_query')
    await database.connection.query(
      'CREATE TABLE r (id INT PRIMARY KEY, v VARCHAR(300), n INT); SET cte_max_recursion_depth = 5000',
    )
    await database.connection.query(
      `INSERT INTO r WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        SELECT i, CASE i % 4 WHEN 0 THEN '' WHEN 1 THEN 'ü' ELSE REPEAT('y', i % 300) END, IF(i % 3 = 0, NULL, -i) FROM n`,
    )
    const connection = await connect(t, {tls})
    const [cipher] = await connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert.equal((cipher as {Value: string}[])[0]!.Value !== '', tls)
    const sql = `SELECT id, v, n FROM \`${database.name}\`.r ORDER BY id`
    const ours: (string | null)[][] = []
    const result = await selectRows(connection, sql, (...row) => ours.push(fieldsOf(...row)))
    const [theirs] = await connection.query({sql, rowsAsArray: true})
    const expected = (theirs as (string | number | null)[][]).map(row =>
      row.map(value => (value === null ? null : String(value))),
    )
    assert.equal(result.rows, 3000)
    assert.deepEqual(ours, expected)
  })
}

test('queries before, behind and between take their turn', async t => {
  const connection = await connect(t)
  const order: string[] = []
  const note = (what: string) => (): number => order.push(what)
  await Promise.all([
    connection.query('SELECT 1').then(note('a')),
    selectRows(connection, 'SELECT 2', note('row b')),
    selectRows(connection, 'SELECT 3', note('row c')),
    connection.query('SELECT 4').then(note('d')),
  ])
  assert.deepEqual(order, ['a', 'row b', 'row c', 'd'])
})

test('a statement without rows resolves with none', async t => {
  assert.deepEqual(await selectRows(await connect(t), 'DO 1', noRow), {rows: 0})
})

test('a row of 17 MB comes whole', async t => {
  const lengths: number[] = []
  const connection = await connect(t)
  await selectRows(connection, "SELECT REPEAT('x', 17000000), 'end'", (...row) => {
    lengths.push(...fieldsOf(...row).map(field => field!.length))
  })
  assert.deepEqual(lengths, [17_000_000, 3])
})

test("the server's error has mysql2's form, and the connection goes on", async t => {
  const connection = await connect(t)
  await assert.rejects(selectRows(connection, 'SELECT FROM', noRow), {
    code: 'ER_PARSE_ERROR',
    errno: 1064,
    sqlState: '42000',
  })
  assert.deepEqual(await selectRows(connection, 'SELECT 1', () => undefined), {rows: 1})
})

test('KILL QUERY amid the rows rejects with ER_QUERY_INTERRUPTED, and the connection goes on', async t => {
  const connection = await connect(t)
  const other = await connect(t)
  const kills: Promise<unknown>[] = []
  const select = selectRows(connection, ENDLESS, () => {
    if (kills.length === 0) kills.push(other.query(`KILL QUERY ${connection.threadId}`))
  })
  await assert.rejects(select, {code: 'ER_QUERY_INTERRUPTED', errno: 1317})
  await Promise.all(kills)
  assert.deepEqual(await selectRows(connection, 'SELECT 1', () => undefined), {rows: 1})
})

test('a connection that is killed amid the rows rejects', async t => {
  const connection = await connect(t)
  const other = await connect(t)
  const kills: Promise<unknown>[] = []
  const select = selectRows(connection, ENDLESS, () => {
    if (kills.length === 0) kills.push(other.query(`KILL ${connection.threadId}`))
  })
  await assert.rejects(select, (error: {code?: string}) =>
    ['PROTOCOL_CONNECTION_LOST', 'ER_QUERY_INTERRUPTED', 'ECONNRESET'].includes(error.code ?? ''),
  )
  await Promise.all(kills)
})

test('a connection that we destroy leaves no query unanswered', async t => {
  const connection = await connect(t)
  // The server may still answer the first one: destroy closes our half only.
  const queries = ['SELECT SLEEP(60)', 'SELECT 1'].map(sql => selectRows(connection, sql, () => undefined))
  connection.destroy()
  const [, second] = await Promise.allSettled(queries)
  assert.equal(second?.status, 'rejected')
})

test('an aborted SELECT rejects at once, gives no more rows, and leaves the connection usable once it is killed', async t => {
  const connection = await connect(t)
  const other = await connect(t)
  const abort = new AbortController()
  let rows = 0
  const select = selectRows(
    connection,
    ENDLESS,
    () => {
      rows++
      abort.abort(new Error('enough'))
    },
    {signal: abort.signal},
  )
  await assert.rejects(select, {message: 'enough'})
  assert.equal(rows, 1)
  await other.query(`KILL QUERY ${connection.threadId}`)
  assert.deepEqual(await selectRows(connection, 'SELECT 1', () => undefined), {rows: 1})
  await assert.rejects(selectRows(connection, 'SELECT 1', noRow, {signal: abort.signal}), {message: 'enough'})
})

test('what onRow throws is what the query rejects with', async t => {
  const connection = await connect(t)
  const bad = (): never => {
    throw new Error('bad row')
  }
  await assert.rejects(selectRows(connection, 'SELECT 1 UNION SELECT 2', bad), {message: 'bad row'})
  assert.deepEqual(await selectRows(connection, 'SELECT 1', () => undefined), {rows: 1})
})

test('while pauseWhen is open no row comes', async t => {
  const connection = await connect(t)
  const other = await connect(t)
  let rows = 0
  let isPaused = false
  let pauses = 0
  const select = selectRows(
    connection,
    `${ENDLESS} LIMIT 20000`,
    () => {
      assert.equal(isPaused, false)
      rows++
    },
    {
      pauseWhen: () => {
        if (++pauses % 5 !== 1) return null
        isPaused = true
        return other.query('SELECT 1').then(() => {
          isPaused = false
        })
      },
    },
  )
  assert.deepEqual(await select, {rows: 20_000})
  assert.equal(rows, 20_000)
  assert.ok(pauses > 5)
})

test('a statement with two result sets is refused and ends the connection', async t => {
  const connection = await connect(t, {multipleStatements: true})
  const ended = once(connection as unknown as NodeJS.EventEmitter, 'end').catch(() => undefined)
  await assert.rejects(
    selectRows(connection, 'SELECT 1; SELECT 2', () => undefined),
    {code: 'TIDEMARK_MYSQL_RESULT'},
  )
  void ended
  await assert.rejects(connection.query('SELECT 1'))
})
