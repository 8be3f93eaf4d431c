import assert from 'node:assert/strict'
import {copyFile, writeFile} from 'node:fs/promises'
import {createServer, type AddressInfo} from 'node:net'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import type {DatabaseSettings, TlsSettings} from '../../src/config/settings.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import {openConnection, queryRows, type MysqlConnection} from '../../src/mysql/connections.ts'
import {
  isUnique,
  readKeys,
  readTables,
  readTableShape,
  readTableShapes,
  readTableSizes,
} from '../../src/mysql/schema-reader.ts'
import {startMysql, type MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {sharedMysql} from '../support/integration-servers.ts'
import {tempFolder} from '../support/temp-folder.ts'

function databaseSettings(server: MysqlAddress, tls: Partial<TlsSettings> = {}): DatabaseSettings {
  return {
    hostname: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    serverId: 1,
    tls: {mode: 'preferred', caFile: null, certFile: null, keyFile: null, ...tls},
    connectTimeoutMs: 5000,
    queryTimeoutMs: 0,
    keepAliveIntervalMs: 1000,
  }
}

async function connected(t: TestContext, settings: DatabaseSettings): Promise<MysqlConnection> {
  const connection = await openConnection(settings, 'test')
  onCleanUp(t, async () => {
    connection.destroy()
    await Promise.resolve()
  })
  return connection
}

async function sessionVariables(connection: MysqlConnection, names: readonly string[]): Promise<object> {
  const list = names.map(name => `@@SESSION.${name} AS ${name}`).join(', ')
  return (await queryRows<object>(connection, `SELECT ${list}`))[0]!
}

async function cipher(connection: MysqlConnection): Promise<string> {
  const [row] = await queryRows<{Value: string}>(connection, "SHOW STATUS LIKE 'Ssl_cipher'")
  return row!.Value
}

test('what decides the bytes and the time-outs of a session is ours, whatever the server’s defaults are', async t => {
  const server = await startMysql({
    options: [
      '--sql-mode=NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES',
      '--default-time-zone=+05:00',
      '--transaction-isolation=READ-UNCOMMITTED',
      '--character-set-server=latin1',
      '--max-execution-time=1000',
      '--net-write-timeout=1',
      '--wait-timeout=5',
    ],
  })
  onCleanUp(t, async () => await server.stop())
  const connection = await connected(t, databaseSettings(server))
  const names = ['sql_mode', 'time_zone', 'transaction_isolation', 'character_set_results', 'max_execution_time']
  assert.deepEqual(await sessionVariables(connection, [...names, 'net_write_timeout', 'wait_timeout', 'autocommit']), {
    sql_mode: 'STRICT_ALL_TABLES',
    time_zone: '+00:00',
    transaction_isolation: 'REPEATABLE-READ',
    character_set_results: 'utf8mb4',
    max_execution_time: '0',
    net_write_timeout: '31536000',
    wait_timeout: '31536000',
    autocommit: '1',
  })
})

test('TLS is used where the server offers it, and required, verified or left out as the mode says', async t => {
  const server = await startMysql()
  onCleanUp(t, async () => await server.stop())
  assert.notEqual(await cipher(await connected(t, databaseSettings(server))), '')
  assert.notEqual(await cipher(await connected(t, databaseSettings(server, {mode: 'required'}))), '')
  assert.equal(await cipher(await connected(t, databaseSettings(server, {mode: 'disabled'}))), '')
  const wrongCa = join(await tempFolder(t), 'wrong.pem')
  await writeFile(wrongCa, 'no certificate')
  for (const tls of [{mode: 'verify_ca'}, {mode: 'verify_ca', caFile: wrongCa}] as const) {
    await assert.rejects(openConnection(databaseSettings(server, tls), 'test'), {
      code: 'TIDEMARK_MYSQL_TLS',
      kind: 'configuration',
    })
  }
  await assert.rejects(openConnection(databaseSettings(server, {mode: 'verify_ca', caFile: '/nowhere.pem'}), 'test'), {
    code: 'TIDEMARK_MYSQL_TLS_FILE',
  })
  // The authority that the server made for itself lies in its data directory, which a container keeps to itself.
  if (server.dataDir === null) {
    t.diagnostic('a verified certificate is not tried: the server runs in a container')
    return
  }
  const caFile = join(await tempFolder(t), 'ca.pem')
  await copyFile(join(server.dataDir, 'ca.pem'), caFile)
  assert.notEqual(await cipher(await connected(t, databaseSettings(server, {mode: 'verify_ca', caFile}))), '')
  // Its certificate names no host.
  await assert.rejects(openConnection(databaseSettings(server, {mode: 'verify_identity', caFile}), 'test'), {
    code: 'TIDEMARK_MYSQL_TLS',
  })
})

test('without TLS on the server preferred goes on in plain text, and required does not', async t => {
  const server = await startMysql({options: ['--tls-version=']})
  onCleanUp(t, async () => await server.stop())
  assert.equal(await cipher(await connected(t, databaseSettings(server))), '')
  await assert.rejects(openConnection(databaseSettings(server, {mode: 'required'}), 'test'), {
    code: 'TIDEMARK_MYSQL_TLS',
  })
})

test('a connection that the server ends does not end the process, and its next statement is retryable', async t => {
  const server = databaseSettings(await sharedMysql())
  const connection = await connected(t, server)
  const ended = new Promise(resolve => connection.connection.once('error', resolve))
  await queryRows(await connected(t, server), `KILL ${connection.threadId}`)
  await ended
  await assert.rejects(queryRows(connection, 'SELECT 1'), (error: unknown) => {
    assert.ok(error instanceof TidemarkError)
    assert.equal(error.kind, 'retryable')
    return true
  })
})

const EVERY_TYPE = `CREATE TABLE every_type (
  second BIGINT UNSIGNED NOT NULL, first VARCHAR(10) CHARACTER SET latin1 NOT NULL,
  price DECIMAL(10,2) UNSIGNED, ratio FLOAT(7,3), flags BIT(9), made TIMESTAMP(6) NULL, born YEAR,
  mood ENUM('a','it''s, ok','x\\\\y') CHARACTER SET latin1, tags SET('p','q'), raw BINARY(3), doc JSON,
  hidden INT INVISIBLE, twice INT AS (hidden * 2) VIRTUAL, spot POINT,
  PRIMARY KEY (first, second)) DEFAULT CHARSET utf8mb4`

test('a shape holds every column in order, its type’s details, and the key in key order', async t => {
  const {name, server, connection} = await freshDatabase(t, 'shape')
  await connection.query(EVERY_TYPE)
  const own = await connected(t, databaseSettings(server))
  const shape = (await readTableShape(own, {database: name, table: 'every_type'}))!
  assert.deepEqual(shape.primaryKey, [1, 0])
  const column = (wanted: string): object => shape.columns.find(each => each.name === wanted)!
  const plain = {
    unsigned: false,
    nullable: true,
    length: null,
    precision: null,
    scale: null,
    fraction: 0,
    charset: null,
    labels: null,
  }
  assert.deepEqual(shape.columns.map(each => each.name).slice(-3), ['hidden', 'twice', 'spot'])
  assert.deepEqual(column('second'), {...plain, name: 'second', type: 'bigint', unsigned: true, nullable: false})
  assert.deepEqual(column('first'), {
    ...plain,
    name: 'first',
    type: 'varchar',
    nullable: false,
    length: 10,
    charset: 'latin1',
  })
  assert.deepEqual(column('price'), {...plain, name: 'price', type: 'decimal', unsigned: true, precision: 10, scale: 2})
  assert.deepEqual(column('ratio'), {...plain, name: 'ratio', type: 'float'})
  assert.deepEqual(column('flags'), {...plain, name: 'flags', type: 'bit', length: 9})
  assert.deepEqual(column('made'), {...plain, name: 'made', type: 'timestamp', fraction: 6})
  assert.deepEqual(column('born'), {...plain, name: 'born', type: 'year'})
  assert.deepEqual(column('mood'), {
    ...plain,
    name: 'mood',
    type: 'enum',
    charset: 'latin1',
    labels: ['a', "it's, ok", 'x\\y'],
  })
  assert.deepEqual(column('tags'), {...plain, name: 'tags', type: 'set', charset: 'utf8mb4', labels: ['p', 'q']})
  assert.deepEqual(column('raw'), {...plain, name: 'raw', type: 'binary', length: 3})
  assert.deepEqual(column('doc'), {...plain, name: 'doc', type: 'json'})
  assert.deepEqual(column('spot'), {...plain, name: 'spot', type: 'point'})
})

test('views are no tables, and neither is what is not there', async t => {
  const {name, server, connection} = await freshDatabase(t, 'views')
  await connection.query('CREATE TABLE a (id INT); CREATE VIEW b AS SELECT * FROM a')
  const own = await connected(t, databaseSettings(server))
  assert.equal(await readTableShape(own, {database: name, table: 'b'}), null)
  assert.equal(await readTableShape(own, {database: name, table: 'c'}), null)
  assert.deepEqual(await readTables(own, id => id.database === name), [{database: name, table: 'a'}])
})

test('many tables are read as each alone, in the order asked for, whatever is missing between them', async t => {
  const {name, server, connection} = await freshDatabase(t, 'many')
  await connection.query(EVERY_TYPE)
  await connection.query(
    'CREATE TABLE small (b INT, a INT, PRIMARY KEY (a, b)); CREATE TABLE keyless (x INT); CREATE VIEW v AS SELECT 1',
  )
  await connection.query('INSERT INTO small VALUES (1, 1), (1, 2), (1, 3); ANALYZE TABLE small')
  const own = await connected(t, databaseSettings(server))
  const ids = ['small', 'missing', 'every_type', 'v', 'keyless'].map(table => ({database: name, table}))
  ids.push({database: 'no_such_database', table: 'small'})
  const shapes = await readTableShapes(own, ids)
  const alone = []
  for (const id of ids) alone.push(await readTableShape(own, id))
  assert.deepEqual(shapes, alone)
  assert.deepEqual(
    shapes.map(shape => (shape === null || shape instanceof Error ? null : shape.primaryKey)),
    [[1, 0], null, [1, 0], null, [], null],
  )
  const sizes = await readTableSizes(own, ids)
  assert.deepEqual(
    sizes.map(({rows}) => rows),
    [3, 0, 0, 0, 0, 0],
  )
  assert.ok(sizes[0]!.rowBytes > 0)
})

test('a key is PRIMARY, else a unique index of whole NOT NULL columns; an invisible one comes last', async t => {
  const {name, server, connection} = await freshDatabase(t, 'keys')
  await connection.query(`CREATE TABLE k (
    a INT NOT NULL, b VARCHAR(20) NOT NULL, c INT NULL, d INT NOT NULL, e INT NOT NULL,
    UNIQUE by_prefix (b(3)), UNIQUE by_null (c), UNIQUE by_expression ((a + 1)), INDEX plain (a),
    UNIQUE unseen (e) INVISIBLE, UNIQUE whole (d, a))`)
  const own = await connected(t, databaseSettings(server))
  const id = {database: name, table: 'k'}
  const keys = await readKeys(own, id)
  assert.deepEqual(keys, [
    {name: 'whole', columns: ['d', 'a'], visible: true},
    {name: 'unseen', columns: ['e'], visible: false},
  ])
  assert.ok(isUnique(keys, ['A', 'd']) && isUnique(keys, ['e', 'b']))
  assert.ok(!isUnique(keys, ['d']) && !isUnique(keys, ['b', 'c']))
  await connection.query('ALTER TABLE k ADD PRIMARY KEY (b)')
  assert.equal((await readKeys(own, id))[0]!.name, 'PRIMARY')
})

/** What a server says first (protocol 10), able to do TLS. */
function greeting(): Buffer {
  const capabilities = 0x0008_8a00 // TLS, protocol 4.1, secure connections, named authentication
  const body = Buffer.concat([
    Buffer.from('\x0a9.7.0\0', 'latin1'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('12345678\0', 'latin1'),
    Buffer.from([capabilities & 0xff, (capabilities >> 8) & 0xff, 45, 2, 0, (capabilities >> 16) & 0xff, 0, 21]),
    Buffer.alloc(10),
    Buffer.from('123456789012\0caching_sha2_password\0', 'latin1'),
  ])
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body])
}

for (const [what, answer] of [
  ['ends the connection', null],
  [
    'says in plain bytes that it shuts down',
    Buffer.from('\x1f\0\0\x02\xff\x1d\x04#08S01Server shutdown now', 'latin1'),
  ],
] as const) {
  test(`a server that ${what} in the middle of the TLS handshake is tried again`, async t => {
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      socket.write(greeting())
      socket.once('data', () => {
        if (answer === null) socket.destroy()
        else socket.end(answer)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onCleanUp(t, async () => {
      await new Promise(resolve => server.close(resolve))
    })
    const {port} = server.address() as AddressInfo
    const settings = databaseSettings({host: '127.0.0.1', port, user: 'u', password: 'p'})
    await assert.rejects(
      openConnection(settings, 'test'),
      (error: unknown) => error instanceof TidemarkError && error.kind === 'retryable',
    )
  })
}
