// A database with a signal table and a configuration for it, and what tests do with both: send signals, wait for a
// snapshot, wait until the stream has caught up.

import {randomUUID} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {setTimeout as delay} from 'node:timers/promises'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import type {CleanUpContext} from './clean-up.ts'
import {freshDatabase, type FreshDatabase} from './fresh-database.ts'
import {jsonMembers} from './json-members.ts'
import {changeOf, observedLine, readJsonLines, type ObservedEvent} from './observed-events.ts'
import {tempFolder} from './temp-folder.ts'
import {eventsFile, tidemarkConfig, type Config} from './tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from './tidemark-process.ts'

export interface CaptureOptions {
  readonly prefix: string
  readonly server?: MysqlAddress
  readonly bootstrap?: string
  readonly config?: Config
  /** Columns of the signal table. */
  readonly signalTable?: string
}

export interface Capture {
  readonly database: FreshDatabase
  readonly folder: string
  readonly config: Config
  /** The one that signals go through, too; another one after `reconnect`. */
  readonly connection: Connection
  /** After the server was away. */
  reconnect(): Promise<void>
  /** Starts a process on the configuration, with other values for some keys. */
  run(t: CleanUpContext, config?: Config): Promise<TidemarkProcess>
  /** A row in the signal table; the id it has. */
  signal(type: string, data: unknown, id?: string): Promise<string>
  /** execute-snapshot for tables of this database; more members of `data` where given. */
  snapshot(tables: readonly string[], more?: object): Promise<string>
  events(): Promise<ObservedEvent[]>
  /** Events of the table's topic, the whole file read. */
  tableEvents(table: string): Promise<ObservedEvent[]>
  topic(table: string): string
}

/** Nothing is copied at the start unless `config` says so. */
export async function prepareCapture(t: CleanUpContext, options: CaptureOptions): Promise<Capture> {
  const database = await freshDatabase(t, options.prefix, options.server)
  const folder = await tempFolder(t)
  const {name} = database
  let {connection} = database
  const columns = options.signalTable ?? 'id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL'
  await connection.query(`CREATE TABLE debezium_signal (${columns})`)
  const config = await tidemarkConfig({
    database,
    folder,
    ...(options.bootstrap === undefined ? {} : {bootstrap: options.bootstrap}),
    config: {'snapshot.mode': 'no_data', 'signal.data.collection': `${name}.debezium_signal`, ...options.config},
  })
  const signal = async (type: string, data: unknown, id: string = randomUUID()): Promise<string> => {
    const text = data === null || typeof data === 'string' ? data : JSON.stringify(data)
    await connection.query('INSERT INTO debezium_signal VALUES (?, ?, ?)', [id, type, text])
    return id
  }
  const events = async (): Promise<ObservedEvent[]> => await readJsonLines(eventsFile(folder))
  const topic = (table: string): string => `${name}.${name}.${table}`
  return {
    database,
    folder,
    config,
    get connection() {
      return connection
    },
    reconnect: async () => {
      connection = await database.connect()
    },
    topic,
    events,
    run: async (context, more) => await runTidemark(context, {config: {...config, ...more}, folder}),
    signal,
    snapshot: async (tables, more = {}) =>
      await signal('execute-snapshot', {'data-collections': tables.map(table => `${name}.${table}`), ...more}),
    tableEvents: async table => await eventsOf(eventsFile(folder), topic(table)),
  }
}

/** Only the topic's lines are taken apart, which is what takes time. */
export async function eventsOf(path: string, topic: string): Promise<ObservedEvent[]> {
  const bytes = await readFile(path)
  const start = Buffer.from(`{"topic":${JSON.stringify(topic)},`)
  const events: ObservedEvent[] = []
  let from = 0
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
    const isWanted = bytes.compare(start, 0, start.length, from, Math.min(from + start.length, end)) === 0
    if (isWanted) events.push(observedLine(bytes.toString('utf8', from, end)))
    from = end + 1
  }
  return events
}

/** Between two looks at how far the stream is: without a rest, looking would take the time that it needs. */
const LOOK_MS = 25

/** Until the stream has passed everything that the server has executed by now. */
export async function caughtUp(tidemark: TidemarkProcess, connection: Connection, timeoutMs = 60_000): Promise<void> {
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS fence')
  const fence = String(row?.['fence']).replaceAll(/\s/g, '')
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const left = deadline - Date.now()
    if (left <= 0) throw new Error(`the stream did not reach ${fence} within ${timeoutMs} ms`)
    const status = await tidemark.waitForStatus(page => page.position?.gtidSet != null, left)
    const [[answer]] = await connection.query<RowDataPacket[]>('SELECT GTID_SUBSET(?, ?) AS passed', [
      fence,
      status.position?.gtidSet,
    ])
    if (Number(answer?.['passed']) === 1) return
    await delay(LOOK_MS)
  }
}

/** The log line that ends the snapshot; throws where it ended otherwise than `end`. */
export async function snapshotEnded(
  tidemark: TidemarkProcess,
  id: string,
  {end = 'snapshot done', timeoutMs = 120_000}: {end?: string; timeoutMs?: number} = {},
): Promise<void> {
  const ends = new Set(['snapshot done', 'snapshot stopped', 'snapshot failed'])
  const line = await tidemark.waitForLog(({msg, fields}) => ends.has(msg) && fields['snapshot'] === id, timeoutMs)
  if (line.msg !== end) throw new Error(`wanted "${end}", got ${line.text}`)
}

/** The receipt of a signal, from the log. */
export async function receipt(
  tidemark: TidemarkProcess,
  id: string,
): Promise<{readonly result: string; readonly reason: string | null}> {
  const {fields} = await tidemark.waitForLog(
    line => line.fields['signal'] === id && line.fields['result'] !== undefined,
  )
  return {result: String(fields['result']), reason: fields['reason'] as string | null}
}

/** The column `id` of the table's read events, in order. */
export async function readIds(capture: Capture, table: string): Promise<number[]> {
  return (await capture.tableEvents(table)).flatMap(event => {
    const change = changeOf(event)
    return change?.op === 'r' ? [Number(jsonMembers(change.after ?? '{}').get('id'))] : []
  })
}

/** `CREATE TABLE` with rows 1 to `rows`, at most 1000. */
export function numberedTable(table: string, rows: number): string {
  return `CREATE TABLE ${table} (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);
    INSERT INTO ${table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      SELECT i, CONCAT('row ', i) FROM n;`
}
