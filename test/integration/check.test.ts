import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {loadSettings} from '../../src/config/load-settings.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import type {PrerequisiteResult, StoredOffset} from '../../src/mysql/prerequisite.ts'
import {checkPrerequisites} from '../../src/mysql/prerequisites.ts'
import {readBinlogEnd} from '../../src/mysql/server-reader.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {tidemarkConfig, type Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const SIGNAL_TABLE =
  'CREATE TABLE debezium_signal (id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL)'

interface Shop {
  readonly database: FreshDatabase
  readonly config: Config
}

/** A database with one table and, unless told, a signal table. */
async function shop(
  t: TestContext,
  {signalTable = SIGNAL_TABLE, config = {}}: {readonly signalTable?: string; readonly config?: Config} = {},
): Promise<Shop> {
  const database = await freshDatabase(t, 'check')
  await database.connection.query(`CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20)); ${signalTable}`)
  const folder = await tempFolder(t)
  const signals = {'signal.data.collection': `${database.name}.debezium_signal`}
  return {database, config: await tidemarkConfig({database, folder, config: {...signals, ...config}})}
}

async function results(
  t: TestContext,
  config: Config,
  storedOffset: StoredOffset | null = null,
): Promise<ReadonlyMap<string, PrerequisiteResult>> {
  const path = join(await tempFolder(t), 'tidemark.json')
  await writeFile(path, JSON.stringify(config))
  const {settings} = loadSettings(path, {env: {}})
  const connection = await openConnection(settings.database, 'test')
  try {
    const found = await checkPrerequisites(connection, settings, {storedOffset})
    return new Map(found.map(result => [result.name, result]))
  } finally {
    connection.destroy()
  }
}

function failures(found: ReadonlyMap<string, PrerequisiteResult>): string[] {
  return [...found.values()].filter(result => result.ok === 'failed').map(result => result.name)
}

/** An account with the given grants, and the configuration that uses it. */
async function withAccount(t: TestContext, {database, config}: Shop, grants: readonly string[]): Promise<Config> {
  const user = `${database.name}_u`
  await database.connection.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'pa55word'`)
  onCleanUp(t, async () => {
    const admin = await database.connect()
    await admin.query(`DROP USER '${user}'@'%'`)
  })
  for (const grant of grants) await database.connection.query(`GRANT ${grant} TO '${user}'@'%'`)
  return {...config, 'database.user': user, 'database.password': 'pa55word'}
}

test('a server and a signal table as they should be pass every prerequisite', async t => {
  const {database, config} = await shop(t)
  const found = await results(t, config)
  assert.deepEqual(failures(found), [])
  assert.match(found.get('signal table writable')!.found, /rolled back/)
  const [rows] = await database.connection.query('SELECT * FROM debezium_signal')
  assert.deepEqual(rows, [])
})

test('check prints one line each and ends with 0', async t => {
  const {config} = await shop(t)
  const tidemark = await runTidemark(t, {config, command: 'check'})
  const {code} = await tidemark.ended
  assert.equal(code, 0, tidemark.stderr)
  const lines = tidemark.stdout.trimEnd().split('\n')
  assert.match(lines.at(-1)!, /^all prerequisites are met/)
  for (const name of ['log_bin', 'binlog_row_metadata', 'grant SELECT', 'signal table writable']) {
    assert.ok(
      lines.some(line => line.startsWith(`ok       ${name}: `)),
      name,
    )
  }
})

test('a missing signal table ends check with 3 and shows the CREATE TABLE that mends it', async t => {
  const {database, config} = await shop(t, {signalTable: ''})
  const tidemark = await runTidemark(t, {config, command: 'check'})
  const {code} = await tidemark.ended
  assert.equal(code, 3)
  assert.match(tidemark.stdout, /^failed {3}signal table: found no table .*CREATE TABLE .*VARCHAR\(36\) PRIMARY KEY/m)
  assert.match(tidemark.stderr, /1 prerequisite is not met; run the statements above/)
  const statement = (await results(t, config)).get('signal table')!.statement
  await database.connection.query(statement)
  assert.deepEqual(failures(await results(t, config)), [])
})

const WRONG_SIGNAL_TABLES: readonly (readonly [string, RegExp])[] = [
  ['id VARCHAR(36), type VARCHAR(32), data TEXT', /no primary key/],
  ['id VARCHAR(36), type VARCHAR(32), data TEXT, PRIMARY KEY (id, type)', /a primary key other than id/],
  ['id VARCHAR(36) PRIMARY KEY, data TEXT, type VARCHAR(32)', /the columns id, data, type/],
  ['id VARCHAR(36) PRIMARY KEY, type VARCHAR(32), data TEXT, more INT', /the columns id, type, data, more/],
  ['id INT PRIMARY KEY, type VARCHAR(32), data TEXT', /id of the type int/],
  ['id VARCHAR(20) PRIMARY KEY, type VARCHAR(32), data TEXT', /id of 20 characters/],
]

test('a signal table of another shape is refused with the statement that mends it', async t => {
  const {database, config} = await shop(t)
  for (const [columns, wrong] of WRONG_SIGNAL_TABLES) {
    await database.connection.query(`DROP TABLE IF EXISTS debezium_signal; CREATE TABLE debezium_signal (${columns})`)
    const result = (await results(t, config)).get('signal table')!
    assert.equal(result.ok, 'failed', columns)
    assert.match(result.found, wrong)
    await database.connection.query(result.statement)
    assert.deepEqual(failures(await results(t, config)), [], `after ${result.statement}`)
  }
})

test('longer ids and a table that one may not write are told apart', async t => {
  const {database, config} = await shop(t, {
    signalTable:
      'CREATE TABLE debezium_signal (id VARCHAR(64) PRIMARY KEY, type VARCHAR(64) NOT NULL, data VARCHAR(2048)); ' +
      "CREATE TRIGGER no_rows BEFORE INSERT ON debezium_signal FOR EACH ROW SIGNAL SQLSTATE '45000'",
  })
  const found = await results(t, config)
  assert.equal(found.get('signal table')!.ok, 'ok')
  assert.equal(found.get('signal table writable')!.ok, 'failed')
  await database.connection.query('DROP TRIGGER no_rows')
  assert.deepEqual(failures(await results(t, config)), [])
})

test('each missing grant is told with the GRANT that gives it', async t => {
  const place = await shop(t)
  const {database} = place
  const config = await withAccount(t, place, [`INSERT ON \`${database.name}\`.*`])
  const found = await results(t, config)
  assert.deepEqual(failures(found), ['grant REPLICATION SLAVE', 'grant REPLICATION CLIENT', 'grant SELECT'])
  for (const {ok, statement} of found.values()) {
    if (ok === 'failed') await database.connection.query(statement)
  }
  assert.deepEqual(failures(await results(t, config)), [])
})

test('an account that may not write the signal table is told the GRANT', async t => {
  const place = await shop(t)
  const {database} = place
  const config = await withAccount(t, place, [
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
    `SELECT ON \`${database.name}\`.*`,
  ])
  const found = await results(t, config)
  assert.deepEqual(failures(found), ['signal table writable'])
  await database.connection.query(found.get('signal table writable')!.statement)
  assert.deepEqual(
    failures(await results(t, {...config, 'incremental.snapshot.watermarking.strategy': 'insert_delete'})),
    [],
  )
})

test('what init prints gives a new account everything that check asks for', async t => {
  const place = await shop(t, {signalTable: ''})
  const config = await withAccount(t, place, [])
  const tidemark = await runTidemark(t, {config, command: 'init'})
  assert.equal((await tidemark.ended).code, 0, tidemark.stderr)
  assert.ok(!tidemark.stdout.includes('pa55word'))
  await place.database.connection.query(`${tidemark.stdout} CREATE TABLE log (n INT)`)
  const found = await results(t, config)
  assert.deepEqual(failures(found), [])
  assert.match(found.get('tables without a key')!.found, /log, copied whole .*; LOCK TABLES is granted/)
})

test('a wrong password ends with 2 and one line that says what to check', async t => {
  const {config} = await shop(t)
  const tidemark = await runTidemark(t, {config: {...config, 'database.password': 'wr0ngword'}, command: 'check'})
  assert.equal((await tidemark.ended).code, 2)
  assert.match(tidemark.stderr, /^tidemark: cannot connect .* check database\.user and database\.password/m)
  assert.ok(!tidemark.stderr.includes('wr0ngword'))
})

test('columns of every type of this server pass', async t => {
  const {database, config} = await shop(t)
  await database.connection.query('CREATE TABLE places (id INT PRIMARY KEY, spot POINT, area POLYGON, doc JSON)')
  assert.deepEqual(failures(await results(t, config)), [])
})

test('the id of the server itself is no id for its reader', async t => {
  const {database, config} = await shop(t)
  const [rows] = await database.connection.query('SELECT @@server_id AS id')
  const {id} = (rows as {id: string}[])[0]!
  assert.deepEqual(failures(await results(t, {...config, 'database.server.id': String(id)})), ['server_id'])
})

test('a stored position is available, gone, or of a server with other transactions', async t => {
  const {database, config} = await shop(t)
  const end = (await readBinlogEnd(database.connection))!
  const stored = {file: end.file, pos: end.pos, gtidSet: end.gtidSet}
  assert.deepEqual(failures(await results(t, config, stored)), [])
  assert.deepEqual(failures(await results(t, config, {...stored, gtidSet: null})), [])
  const gone = {file: 'binlog.999999', pos: 4, gtidSet: null}
  assert.deepEqual(failures(await results(t, config, gone)), ['stored position'])
  const foreign = {...stored, gtidSet: '11111111-2222-3333-4444-555555555555:1-7'}
  const found = (await results(t, config, foreign)).get('stored position')!
  assert.match(found.found, /11111111-2222-3333-4444-555555555555:1-7 that this server never executed/)
  assert.equal(found.ok, 'failed')
  // `run` begins anew in this mode.
  const anew = {...config, 'snapshot.mode': 'when_needed'}
  for (const lost of [foreign, gone]) {
    const {ok, statement} = (await results(t, anew, lost)).get('stored position')!
    assert.equal(ok, 'warning')
    assert.match(statement, /start it: with snapshot\.mode=when_needed it copies all tables again$/)
  }
})

/** A server of its own, with options that nothing can run on. */
async function badServer(t: TestContext, options: readonly string[]): Promise<MysqlServer> {
  const server = await startMysql({options})
  onCleanUp(t, async () => await server.stop())
  return server
}

test('every wrong server variable is told with its statement, and the filters of the binlog', async t => {
  const server = await badServer(t, [
    '--binlog-format=MIXED',
    '--binlog-row-image=MINIMAL',
    '--binlog-row-metadata=MINIMAL',
    '--binlog-row-value-options=PARTIAL_JSON',
    '--binlog-transaction-compression=ON',
    '--binlog-order-commits=OFF',
    '--gtid-mode=OFF',
    '--enforce-gtid-consistency=OFF',
    '--sync-binlog=0',
    '--binlog-expire-logs-seconds=3600',
    '--binlog-do-db=another',
    // Servers before 9.6 do not know it, and never log cascades.
    '--loose-innodb-native-foreign-keys=ON',
  ])
  const database = await freshDatabase(t, 'bad', server)
  await database.connection.query(
    `CREATE TABLE orders (id INT PRIMARY KEY); ${SIGNAL_TABLE};
     CREATE TABLE cascading_lines (id INT PRIMARY KEY, parent INT,
       CONSTRAINT of_order FOREIGN KEY (parent) REFERENCES orders (id) ON DELETE CASCADE)`,
  )
  const signals = {'signal.data.collection': `${database.name}.debezium_signal`}
  const config = await tidemarkConfig({database, folder: await tempFolder(t), config: signals})
  const found = await results(t, config)
  assert.deepEqual(failures(found), [
    'binlog_format',
    'binlog_row_image',
    'binlog_order_commits',
    'signal table in the binlog',
  ])
  const warnings = [...found.values()].filter(result => result.ok === 'warning').map(result => result.name)
  assert.deepEqual(warnings, [
    ...['binlog_row_metadata', 'sync_binlog', 'gtid_mode', 'binlog retention'],
    'cascading foreign keys',
  ])
  assert.match(found.get('cascading foreign keys')!.found, /cascading_lines \(of_order\)/)
  for (const {ok, statement} of found.values()) {
    if (ok !== 'ok' && statement.startsWith('SET PERSIST') && !statement.includes('gtid')) {
      await database.connection.query(statement.replace(/ \(.*\)$/, ''))
    }
  }
  assert.deepEqual(failures(await results(t, config)), ['signal table in the binlog'])
})

test('a server without a binlog is told how to get one', async t => {
  const server = await badServer(t, ['--disable-log-bin', '--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'])
  const database = await freshDatabase(t, 'nolog', server)
  await database.connection.query(SIGNAL_TABLE)
  const signals = {'signal.data.collection': `${database.name}.debezium_signal`}
  const config = await tidemarkConfig({database, folder: await tempFolder(t), config: signals})
  const stored = {file: 'binlog.000001', pos: 4, gtidSet: null}
  const found = await results(t, config, stored)
  assert.ok(failures(found).includes('log_bin'))
  assert.match(found.get('log_bin')!.statement, /log_bin=binlog/)
})

/** Announces a replica with this id, as a replica's dump does; it stays listed while the connection lives. */
async function registerReplica(database: FreshDatabase, serverId: number): Promise<void> {
  const {connection} = (await database.connect()) as unknown as {
    connection: {_registerSlave(options: object, done: (error?: Error | null) => void): void}
  }
  await new Promise<void>((resolve, reject) => {
    connection._registerSlave({serverId}, error => (error instanceof Error ? reject(error) : resolve()))
  })
}

test('an id that a replica has, and a replica that does not keep the commit order, are refused; check writes nothing', async t => {
  const server = await badServer(t, ['--replica-preserve-commit-order=OFF', '--log-replica-updates=OFF'])
  const database = await freshDatabase(t, 'replica', server)
  await database.connection.query(`CREATE TABLE orders (id INT PRIMARY KEY); ${SIGNAL_TABLE}`)
  await registerReplica(database, 777)
  // A replica by its configuration; it need not run.
  await database.connection.query("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_USER = 'nobody'")
  const signals = {'signal.data.collection': `${database.name}.debezium_signal`}
  const config = await tidemarkConfig({database, folder: await tempFolder(t), config: signals})
  const before = await readBinlogEnd(database.connection)
  const found = await results(t, {...config, 'database.server.id': '777'})
  assert.deepEqual(failures(found), ['database.server.id', 'commit order', 'log_replica_updates'])
  assert.deepEqual(await readBinlogEnd(database.connection), before)
  await database.connection.query(found.get('commit order')!.statement)
  assert.deepEqual(failures(await results(t, config)), ['log_replica_updates'])
})

test('tables without a key are named, with the GRANT that their copy needs', async t => {
  const {database, config} = await shop(t)
  await database.connection.query('CREATE TABLE log (n INT); CREATE TABLE almost (a INT NULL, UNIQUE KEY (a))')
  const granted = (await results(t, config)).get('tables without a key')!
  assert.equal(granted.ok, 'ok')
  assert.match(granted.found, /almost, .*log, copied whole .*; LOCK TABLES is granted/)
  const less = await withAccount(t, {database, config}, [
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
    `SELECT, INSERT ON ${database.name}.*`,
  ])
  const denied = (await results(t, less)).get('tables without a key')!
  assert.equal(denied.ok, 'warning')
  assert.ok(
    denied.ok === 'warning' && denied.statement.startsWith(`GRANT LOCK TABLES, SELECT ON \`${database.name}\`.* TO `),
  )
})

test('a database whose tables all have keys needs no lock, unless new ones are copied by the parallel reader', async t => {
  const place = await shop(t)
  const config = await withAccount(t, place, [
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
    `SELECT, INSERT ON ${place.database.name}.*`,
  ])
  assert.deepEqual((await results(t, config)).get('tables without a key')?.found, 'none')
  const parallel = {...config, 'snapshot.new.tables': 'parallel'}
  const denied = (await results(t, parallel)).get('tables without a key')!
  assert.equal(denied.ok, 'warning')
  await place.database.connection.query(denied.statement)
  assert.equal((await results(t, parallel)).get('tables without a key')?.ok, 'ok')
})
