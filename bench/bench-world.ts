// What every case has: the servers, a database, a folder, and the end of it all.

import {mkdir, mkdtemp, rm} from 'node:fs/promises'
import {cpus, loadavg, totalmem} from 'node:os'
import {join} from 'node:path'
import {createConnection, type Connection, type RowDataPacket} from 'mysql2/promise'
import {provideKafka, type KafkaServer} from '../tools/servers/kafka-server.ts'
import {provideMysql, type MysqlServer} from '../tools/servers/mysql-server.ts'
import {projectRoot} from '../tools/servers/server-paths.ts'
import {startTogether} from '../tools/servers/start-together.ts'
import {abortable} from './abortable.ts'
import {database} from './bench-database.ts'
import type {BenchOptions} from './bench-options.ts'
import {createTable, loadRows, type BenchTable} from './bench-tables.ts'
import {commandLine} from './process-usage.ts'
import {TopicSampler} from './topic-sample.ts'

/**
 * Topics are deleted after each run; the files go a minute later by default, and would fill the disk meanwhile. A
 * partition's first append makes two index files of 10 MB by default, which took the broker 10 to 40 ms here: more than
 * any product needs for a small table.
 */
const kafkaConfig = {
  'log.segment.delete.delay.ms': '1000',
  'log.retention.check.interval.ms': '5000',
  'log.index.size.max.bytes': '1048576',
}

export class BenchWorld {
  readonly mysql: MysqlServer
  readonly kafka: KafkaServer
  readonly topics: TopicSampler
  readonly options: BenchOptions
  /** Configurations, states and JSONL files; removed at the end. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly connection: Connection

  private constructor(parts: {
    mysql: MysqlServer
    kafka: KafkaServer
    topics: TopicSampler
    options: BenchOptions
    folder: string
    signal: AbortSignal
    connection: Connection
  }) {
    this.mysql = parts.mysql
    this.kafka = parts.kafka
    this.topics = parts.topics
    this.options = parts.options
    this.folder = parts.folder
    this.signal = parts.signal
    this.connection = parts.connection
  }

  /** Runs the work between start and end of the servers; the end comes in any case. */
  static async within(
    options: BenchOptions,
    signal: AbortSignal,
    work: (world: BenchWorld) => Promise<void>,
  ): Promise<void> {
    progress('starting MySQL and Kafka')
    const [mysql, kafka] = await abortable(
      startTogether(provideMysql(), provideKafka({config: kafkaConfig, measured: true})),
      signal,
    )
    const bench = join(projectRoot(), '.bench')
    await mkdir(bench, {recursive: true})
    const folder = await mkdtemp(join(bench, `run-${process.pid}-`))
    let topics: TopicSampler | null = null
    let connection: Connection | null = null
    try {
      topics = await TopicSampler.connect(kafka.bootstrap, signal)
      connection = await openDatabase(mysql)
      await work(new BenchWorld({mysql, kafka, topics, options, folder, signal, connection}))
    } finally {
      connection?.destroy()
      await topics?.close()
      await Promise.all([mysql.stop(), kafka.stop(), rm(folder, {recursive: true, force: true})])
    }
  }

  async connect(): Promise<Connection> {
    return await connectTo(this.mysql, database)
  }

  async createTable(table: BenchTable): Promise<void> {
    await createTable(this.connection, table, this.signal)
  }

  /** Fills an empty table. Flushes are left out meanwhile where the server is ours: they cost minutes and are not measured. */
  async load(table: BenchTable, rows: number, transactionRows: number | null): Promise<void> {
    const size = transactionRows === null ? '' : ` in transactions of ${transactionRows}`
    progress(`loading ${rows.toLocaleString('en')} rows into ${table.name}${size}`)
    const ours = this.mysql.way !== 'given'
    const sync = await this.#variable('sync_binlog')
    if (ours) await this.connection.query('SET GLOBAL sync_binlog = 0')
    try {
      const connect = async () => await this.connect()
      await loadRows({table, rows, transactionRows, connect, signal: this.signal})
    } finally {
      if (ours) await this.connection.query(`SET GLOBAL sync_binlog = ${Number(sync)}`)
    }
  }

  /** Fresh tables of `rows` rows each. */
  async createAndLoadAll(tables: readonly BenchTable[], rows: number): Promise<void> {
    progress(`loading ${rows.toLocaleString('en')} rows into each of ${tables.length} tables`)
    const connect = async () => await this.connect()
    for (const table of tables) {
      await this.createTable(table)
      await loadRows({table, rows, transactionRows: null, connect, signal: this.signal})
    }
  }

  /** The machine and the settings that the figures depend on. */
  async description(): Promise<Record<string, string | number | boolean>> {
    const [cpu] = cpus()
    return {
      cores: cpus().length,
      cpu: cpu?.model ?? 'unknown',
      memoryGb: Math.round(totalmem() / 2 ** 30),
      load: loadavg()[0]!.toFixed(1),
      node: process.version,
      mysql: `${await this.#variable('version')} (${this.mysql.way})`,
      kafka: `${kafkaVersion(this.kafka.pid) ?? 'unknown version'} (${this.kafka.way})`,
      syncBinlog: await this.#variable('sync_binlog'),
      flushLogAtTrxCommit: await this.#variable('innodb_flush_log_at_trx_commit'),
      bufferPoolMb: Number(await this.#variable('innodb_buffer_pool_size')) / 2 ** 20,
      headers: this.options.headers,
    }
  }

  async #variable(name: string): Promise<string> {
    const [rows] = await this.connection.query<RowDataPacket[]>(`SELECT @@GLOBAL.${name} AS value`)
    return String(rows[0]?.['value'])
  }
}

/** What is being done; standard output is for the result. */
export function progress(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`)
}

/** The broker's protocol does not tell; its jars do. */
function kafkaVersion(pid: number | null): string | null {
  return /kafka[-_][\d.]*-?(\d+\.\d+\.\d+)/.exec(commandLine(pid) ?? '')?.[1] ?? null
}

async function openDatabase(mysql: MysqlServer): Promise<Connection> {
  const admin = await connectTo(mysql)
  await admin.query(`DROP DATABASE IF EXISTS ${database}`)
  await admin.query(`CREATE DATABASE ${database}`)
  await admin.query(`USE ${database}`)
  // Debezium's marks need 42 characters of the id, Tidemark's 36.
  await admin.query(
    'CREATE TABLE debezium_signal (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL)',
  )
  return admin
}

async function connectTo({host, port, user, password}: MysqlServer, name?: string): Promise<Connection> {
  return await createConnection({host, port, user, password, ...(name === undefined ? {} : {database: name})})
}
