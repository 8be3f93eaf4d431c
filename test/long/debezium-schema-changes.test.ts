// The peer itself as the judge of schema change events and truncates: Debezium's connector and Tidemark follow the same
// statements, and every record must be the peer's, field by field, but for what is listed here with its reason.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {ConnectWorker} from '../../bench/debezium/connect-worker.ts'
import {connectorConfig} from '../../bench/debezium/connector-config.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp} from '../support/capture.ts'
import {consumeTopic, eventsInKafka} from '../support/consume-topic.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {readJsonLines, type ObservedEvent} from '../support/observed-events.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {eventsFile, tidemarkConfig, type Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

let kafka: KafkaServer
let mysql: MysqlServer
before(async () => {
  ;[kafka, mysql] = await Promise.all([startKafka(), startMysql()])
})
after(async () => {
  await Promise.all([kafka.stop(), mysql.stop()])
})

/** As the server itself spells them, so that a parser of statements and the server's own tables say the same. */
const COLUMNS = `id int unsigned NOT NULL AUTO_INCREMENT, a tinyint(1) DEFAULT '1', b smallint unsigned DEFAULT NULL,
  c mediumint DEFAULT NULL, d bigint unsigned DEFAULT '18446744073709551615', e decimal(10,2) NOT NULL DEFAULT '1.50',
  f decimal(20,0) unsigned DEFAULT NULL, g float DEFAULT NULL, h double DEFAULT '1.5', i bit(1) DEFAULT NULL,
  j bit(9) DEFAULT b'101', k char(1) DEFAULT NULL, l char(5) DEFAULT 'it''s', m varchar(20) DEFAULT NULL COMMENT 'a comment',
  n binary(3) DEFAULT NULL, o varbinary(9) DEFAULT NULL, p tinytext, q text, r mediumtext, s longtext, t tinyblob, u blob,
  v mediumblob, w longblob, x date DEFAULT '2020-01-02', y time(3) DEFAULT NULL,
  z datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), aa timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  ab year DEFAULT NULL, ac enum('a','b''c','d,e') DEFAULT 'a', ad set('x','y','z') DEFAULT NULL, ae json DEFAULT NULL,
  af point DEFAULT NULL, ag geometry DEFAULT NULL, ah linestring NOT NULL, ai int GENERATED ALWAYS AS ((c + 1)) STORED,
  aj int GENERATED ALWAYS AS ((c + 2)) VIRTUAL, ak timestamp(3) NOT NULL DEFAULT '2020-01-01 00:00:00.000',
  al varchar(10) CHARACTER SET latin1 DEFAULT 'é\\\\\\n', am varchar(10) DEFAULT (uuid()), an int DEFAULT NULL INVISIBLE,
  ao multipolygon DEFAULT NULL, ap geomcollection DEFAULT NULL, aq float(7,3) DEFAULT NULL, ar double(9,2) DEFAULT NULL,
  \`a "b\` varchar(3) NOT NULL DEFAULT '', PRIMARY KEY (id)`

/** What is there before either begins. */
const EXISTING: readonly string[] = [
  `CREATE TABLE existing (${COLUMNS}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='the table'`,
  'CREATE TABLE `key less` (a INT, v VARCHAR(5)) CHARACTER SET latin1',
  'CREATE TABLE two_keys (b VARCHAR(5), a INT, c SET("p", "q"), PRIMARY KEY (b, a))',
  "INSERT INTO two_keys VALUES ('x', 1, 'p')",
]

/** `differs`: where Tidemark says something else on purpose, and which part of the payload that is. */
interface Statement {
  readonly sql: string
  readonly differs?: 'tableChanges' | 'all'
  readonly why?: string
}

const STATEMENTS: readonly Statement[] = [
  {sql: `CREATE TABLE made (${COLUMNS}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='the table'`},
  {
    sql: 'CREATE TABLE wild (id SERIAL, a BOOLEAN, b INT(11), c REAL, d NCHAR(3), e CHAR, f SMALLINT ZEROFILL, g NUMERIC(5))',
    differs: 'tableChanges',
    why: 'the server keeps its own names and sizes of types, not those of the statement',
  },
  {
    sql: 'CREATE TABLE two (a INT, b VARCHAR(5), c CHAR(2) CHARACTER SET ascii, PRIMARY KEY (b, a)) CHARACTER SET latin1',
  },
  {sql: 'CREATE TABLE liked LIKE two'},
  {
    sql: 'CREATE TABLE IF NOT EXISTS two (a INT)',
    differs: 'all',
    why: 'what the statement found is told, not nothing',
  },
  {sql: "ALTER TABLE two ADD COLUMN d INT NOT NULL DEFAULT 7 AFTER a, COMMENT 'new'"},
  {sql: 'ALTER TABLE two DROP COLUMN d'},
  {sql: 'ALTER TABLE two ADD INDEX i (c)'},
  {sql: 'CREATE INDEX j ON two (c)'},
  {sql: 'DROP INDEX j ON two'},
  {sql: 'ALTER TABLE two RENAME COLUMN c TO cc'},
  {sql: 'RENAME TABLE two TO three'},
  {sql: 'RENAME TABLE three TO four, liked TO `li ked`'},
  {sql: 'ALTER TABLE four RENAME AS five, ADD COLUMN zz BIGINT'},
  {sql: 'TRUNCATE TABLE two_keys'},
  {sql: "ALTER TABLE two_keys ALTER COLUMN c SET DEFAULT 'p'"},
  {sql: 'ALTER TABLE two_keys CONVERT TO CHARACTER SET latin1'},
  {sql: 'CREATE TABLE part (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))'},
  {sql: 'ALTER TABLE part TRUNCATE PARTITION p0'},
  {sql: 'CREATE VIEW seen AS SELECT 1 AS a'},
  {sql: 'DROP VIEW seen'},
  {sql: 'CREATE PROCEDURE run() SELECT 1'},
  {sql: 'DROP PROCEDURE run'},
  {sql: 'CREATE TEMPORARY TABLE gone (id INT)'},
  {sql: 'ANALYZE TABLE part'},
  {sql: '/* by me */ ALTER TABLE part ADD c INT -- why'},
  {sql: 'DROP TABLE part, `li ked`'},
  {sql: 'DROP TABLE IF EXISTS nothing_there'},
  {sql: 'CREATE DATABASE other_db CHARACTER SET latin1'},
  {sql: 'CREATE TABLE other_db.t (id INT PRIMARY KEY, v VARCHAR(5))'},
  {sql: 'ALTER DATABASE other_db CHARACTER SET utf8mb4'},
  {sql: 'DROP DATABASE other_db'},
]
const END = 'CREATE TABLE the_end (id INT PRIMARY KEY)'

const VARIANTS: Readonly<Record<string, Config>> = {
  default: {'skipped.operations': 'none'},
  comments: {'include.schema.comments': 'true', 'snapshot.mode': 'no_data'},
  captured: {
    'schema.history.internal.store.only.captured.tables.ddl': 'true',
    'table.include.list': '.*\\.(existing|key less|two_keys|made|two|three|four|five|liked|li ked|part|the_end)',
  },
  databases: {'schema.history.internal.store.only.captured.databases.ddl': 'true'},
}
const SCHEMAS = {'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true'} as const

for (const [name, variant] of Object.entries(VARIANTS)) {
  test(`${name}: every schema change event and every truncate is the peer's`, async t => {
    const database = await freshDatabase(t, `schema_${name}`, mysql)
    for (const sql of EXISTING) await database.connection.query(sql)
    const folder = await tempFolder(t)
    const prefix = `schema-${name}`
    const signal = new AbortController().signal
    await ConnectWorker.within({kafka, folder, signal}, async worker => {
      await worker.create(prefix, peerConfig(database, prefix, variant), null)
      await worker.waitForLine(0, text => text.includes('Connected to binlog at'), 120_000)
      const config = {
        ...{...SCHEMAS, 'include.schema.changes': 'true', 'topic.prefix': prefix, 'snapshot.mode': 'no_data'},
        ...{'connector.class': 'MySql', name: prefix},
        ...variant,
      }
      const tidemark = await runTidemark(t, {folder, config: await tidemarkConfig({database, folder, config})})
      await tidemark.waitForStreaming()
      for (const {sql} of [...STATEMENTS, {sql: END}]) {
        await database.connection.query(sql)
        // So that the server still has the table as the statement left it.
        await caughtUp(tidemark, database.connection)
      }
      const isEnd = (event: ObservedEvent): boolean => event.valueText?.includes(END) === true
      const peer = await eventually(
        {
          ...{what: 'the peer to come to the end', timeoutMs: 120_000, intervalMs: 1000},
          pointless: () => worker.failureSince(0),
        },
        async () => {
          const events = await consumeTopic(kafka.bootstrap, prefix)
          return events.some(isEnd) ? events : undefined
        },
      )
      const own = await readJsonLines(eventsFile(folder))
      assert.deepEqual(recordsOf(own.filter(event => event.topic === prefix)), recordsOf(peer))
      if (variant['skipped.operations'] !== 'none') return
      const topic = `${prefix}.${database.name}.two_keys`
      const truncates = await eventsInKafka(kafka.bootstrap, topic)
      assert.deepEqual(truncatesOf(own.filter(event => event.topic === topic)), truncatesOf(truncates))
    })
  })
}

function peerConfig(database: FreshDatabase, prefix: string, variant: Config): Config {
  const config = connectorConfig({
    ...{tuning: 'tuned', prefix, mysql: database.server, serverId: 5_000_000, database: database.name},
    ...{tables: ['.*'], chunkRows: null, compression: 'none', headers: true, hasOffset: false},
  })
  const {'signal.data.collection': _signals, 'table.include.list': _tables, ...rest} = config
  return {
    ...rest,
    'database.include.list': database.name,
    'include.schema.changes': 'true',
    'schema.history.internal.store.only.captured.tables.ddl': 'false',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    ...SCHEMAS,
    ...variant,
  }
}

interface Payload {
  readonly source: Readonly<Record<string, unknown>>
  readonly ts_ms: number
  readonly ddl: string
  readonly tableChanges: readonly unknown[]
}

/** Everything but clocks, the version and the names of a run. */
function recordsOf(events: readonly ObservedEvent[]): unknown[] {
  return events.flatMap(event => {
    const {schema, payload} = JSON.parse(event.valueText!) as {schema: unknown; payload: Payload}
    const statement = STATEMENTS.find(({sql}) => sql === payload.ddl)
    if (statement?.differs === 'all') return []
    assert.ok(payload.ts_ms > 1_600_000_000_000)
    return [
      {
        ddl: payload.ddl,
        partition: event.partition ?? 0,
        key: JSON.parse(event.keyText!) as unknown,
        headers: Object.keys(event.headers),
        members: Object.keys(payload),
        payload: {
          ...payload,
          ts_ms: 0,
          source: comparable(payload.source),
          tableChanges: statement?.differs === 'tableChanges' ? [] : payload.tableChanges,
        },
        schema,
      },
    ]
  })
}

function truncatesOf(events: readonly ObservedEvent[]): unknown[] {
  return events
    .filter(event => event.valueText?.includes('"op":"t"') === true)
    .map(event => {
      const {schema, payload} = JSON.parse(event.valueText!) as {schema: unknown; payload: Payload}
      const {source, ...rest} = payload
      const clocks = {ts_ms: 0, ts_us: 0, ts_ns: 0}
      return {key: event.keyText, schema, payload: {...rest, ...clocks}, source: comparable(source)}
    })
}

function comparable(source: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isSnapshot = source['snapshot'] !== 'false'
  const {table} = source
  return {
    ...source,
    version: '',
    // A snapshot's place is where each began, and its time the clock's.
    ...(isSnapshot ? {pos: 0, ts_ms: 0, ts_us: 0, ts_ns: 0} : {}),
    // A set of Java's has no order.
    table: typeof table === 'string' ? table.split(',').sort() : table,
  }
}
