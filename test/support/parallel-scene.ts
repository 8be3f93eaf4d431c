// A table without a key, copied so slowly by the parallel reader that a test can do something meanwhile.

import assert from 'node:assert/strict'
import {readFile, writeFile} from 'node:fs/promises'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import type {TestContext} from 'node:test'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {decodeCheckpoint, encodeCheckpoint} from '../../src/state/checkpoint.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {prepareCapture, type Capture} from './capture.ts'
import {assertSame, foldKeyless} from './keyless-oracle.ts'
import {KeylessTable, KeylessWriter, storedRowCounts} from './keyless-writer.ts'
import {foldEvents} from './observed-events.ts'
import {randomFor} from './seeded-random.ts'
import type {Config} from './tidemark-config.ts'
import type {LogLine, TidemarkProcess} from './tidemark-process.ts'

/** The branch's table, and one with a key beside it. */
export const KEYLESS = 'clicks'
export const KEYED = 'orders'

export interface ParallelScene {
  readonly capture: Capture
  readonly writer: KeylessWriter
  /** `database.table` of the keyless one. */
  readonly table: string
}

export interface ParallelSceneOptions {
  readonly server?: MysqlAddress
  readonly bootstrap?: string
  readonly rows?: number
  readonly config?: Config
}

/** A copy takes seconds for a thousand rows, unless another limit is set. */
export async function parallelScene(t: TestContext, options: ParallelSceneOptions = {}): Promise<ParallelScene> {
  const {rows = 2_000, config, ...where} = options
  const random = randomFor(t)
  const capture = await prepareCapture(t, {
    ...{prefix: 'branch', ...where},
    config: {'snapshot.max.rows.per.second': '200', 'incremental.snapshot.chunk.size': '100', ...config},
  })
  const table = new KeylessTable(KEYLESS, random)
  for (const statement of table.setUp(rows)) await capture.connection.query(statement)
  await capture.connection.query(`CREATE TABLE ${KEYED} (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(20))`)
  const writer = new KeylessWriter(await capture.database.connect(), table, random)
  return {capture, writer, table: `${capture.database.name}.${KEYLESS}`}
}

/** Asks for the copy, and waits until some of its rows are in the topic. */
export async function copying(tidemark: TidemarkProcess, {capture, table}: ParallelScene): Promise<string> {
  const id = await capture.snapshot([KEYLESS])
  await tidemark.waitForStatus(
    ({snapshot}) => snapshot.tables.some(each => each.table === table && each.rowsDone > 0),
    60_000,
  )
  return id
}

export function reached(state: 'copying' | 'following' | 'adopted' | 'none'): (line: LogLine) => boolean {
  return ({msg, fields}) => msg === 'parallel reader goes on' && fields['to'] === state
}

/** No limit on rows a second from now on. */
export async function hurry(tidemark: TidemarkProcess): Promise<void> {
  await throttle(tidemark, {maxRowsPerSecond: null})
}

export async function throttle(tidemark: TidemarkProcess, limits: object | null): Promise<Record<string, unknown>> {
  const change =
    limits === null
      ? {}
      : {
          ...{method: 'PUT', headers: {'content-type': 'application/json'}},
          body: JSON.stringify(limits),
        }
  const response = await fetch(`${tidemark.url}/snapshot/throttle`, change)
  const body = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(JSON.stringify(body))
  return body
}

export interface Changed {
  readonly tables: {
    readonly added: readonly string[]
    readonly returned: readonly string[]
    readonly left: readonly string[]
  }
}

/** Changes keys of the configuration while the task runs. */
export async function patch(tidemark: TidemarkProcess, keys: Config): Promise<Changed> {
  const response = await fetch(`${tidemark.url}/config`, {
    ...{method: 'PATCH', headers: {'content-type': 'application/json'}},
    body: JSON.stringify(keys),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`PATCH /config: ${response.status} ${text}`)
  return JSON.parse(text) as Changed
}

/** Until nothing is copied, no branch is open, and the stream has passed a signal of now. */
export async function atRest(tidemark: TidemarkProcess, {capture}: ParallelScene): Promise<void> {
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle' && snapshot.parallel === null, 120_000)
  await passed(tidemark, capture)
}

/** Until the stream has passed a signal that is answered; what came before it is in the topics then. */
export async function passed(tidemark: TidemarkProcess, capture: Capture): Promise<void> {
  const id = await capture.signal('log', {message: 'here'})
  await tidemark.waitForLog(({fields}) => fields['signal'] === id && fields['result'] !== undefined, 60_000)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
}

/** I1 for the keyless table: its topic, counted as a consumer counts, is the table. */
export async function assertCounted(
  {capture}: ParallelScene,
  connection: Connection = capture.connection,
): Promise<void> {
  const events = await capture.tableEvents(KEYLESS)
  assertSame(KEYLESS, foldKeyless(events), await storedRowCounts(connection, KEYLESS))
}

/** I1 for a table of numbered notes. */
export async function assertFolds({capture}: ParallelScene, table: string): Promise<void> {
  const [rows] = await capture.connection.query<RowDataPacket[]>(`SELECT id, note FROM \`${table}\``)
  const wanted = new Map(rows.map(row => [Number(row['id']), String(row['note'])]))
  const folded = [...foldEvents(await capture.tableEvents(table)).values()].map(
    text => JSON.parse(text) as {id: number; note: string},
  )
  assert.deepEqual(new Map(folded.map(({id, note}) => [id, note])), wanted, table)
}

/** The state of a task that does not run, changed as if it had ended at another moment. */
export async function changeState({capture}: ParallelScene, change: (state: Checkpoint) => Checkpoint): Promise<void> {
  const path = String(capture.config['offset.storage.file.filename'])
  const before = decodeCheckpoint(await readFile(path, 'utf8'), path)
  await writeFile(path, encodeCheckpoint(change(before)))
}
