// Random tables, random writers, and random DDL between their changes while snapshots run, with restarts and kills in
// between. Judged by I1 (after the snapshots that the status asks for, the topics fold to the tables), I2 (in one run, versions of a
// key never fall) and I7 (a snapshot spells every row as the stream did).

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import type {Connection} from 'mysql2/promise'
import {setTimeout as delay} from 'node:timers/promises'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from './capture.ts'
import {onCleanUp} from './clean-up.ts'
import {divergedTables, mendAll, verified} from './ddl-moments.ts'
import {jsonMembers} from './json-members.ts'
import {changeOf, type ObservedEvent} from './observed-events.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import {changeWhole} from './random-ddl.ts'
import type {TidemarkProcess} from './tidemark-process.ts'
import {VALUE_CASES, type ValueCase} from './value-cases.ts'

const KEYS: readonly (readonly [columns: string, next: (random: SeededRandom) => string])[] = [
  ['id INT NOT NULL, PRIMARY KEY (id)', random => `id = ${random.integer(-2000, 2000)}`],
  ['id BIGINT UNSIGNED NOT NULL, UNIQUE (id)', random => `id = 18446744073709550000 + ${random.integer(0, 1500)}`],
  [
    'a VARCHAR(20) NOT NULL, b SMALLINT NOT NULL, PRIMARY KEY (a, b)',
    random => `a = '${random.word(2)}"é', b = ${random.integer(-50, 50)}`,
  ],
  ['id DECIMAL(12,3) NOT NULL, PRIMARY KEY (id)', random => `id = ${random.integer(-9000, 9000) / 8}`],
  ['id BINARY(4) NOT NULL, PRIMARY KEY (id)', random => `id = UNHEX(HEX(${random.integer(1000, 4000)}))`],
  [
    'd DATETIME(3) NOT NULL, PRIMARY KEY (d)',
    random => `d = '2024-02-29 12:00:00' + INTERVAL ${random.integer(0, 3000)} SECOND`,
  ],
]
/** What needs no table of its own, and is no matter of kilobytes. */
const CASES: readonly ValueCase[] = VALUE_CASES.map(({column, values}) => ({
  column: column.replace(' NOT NULL', ' NULL'),
  values: values.filter(value => !/numbers|20000|80000|40000|8192/.test(value)),
})).filter(({values}) => values.length > 0)

interface Column {
  name: string
  valueCase: ValueCase
}

class RandomTable {
  readonly name: string
  readonly #random: SeededRandom
  readonly #key: (typeof KEYS)[number]
  readonly #columns: Column[]
  #columnCount = 0
  #version = 0

  constructor(name: string, random: SeededRandom) {
    this.name = name
    this.#random = random
    this.#key = random.pick(KEYS)
    this.#columns = Array.from({length: random.integer(2, 4)}, () => this.#newColumn())
  }

  create(): string {
    const columns = this.#columns.map(({name, valueCase}) => `${name} ${valueCase.column}`)
    const others = [
      ...(this.#random.chance(0.5) ? ["hidden VARCHAR(10) DEFAULT 'x' INVISIBLE"] : []),
      ...(this.#random.chance(0.5) ? ['made INT GENERATED ALWAYS AS (v % 7) STORED'] : []),
    ]
    const all = [this.#key[0], 'v BIGINT NOT NULL', ...columns, ...others]
    return `CREATE TABLE ${this.name} (${all.join(', ')}) CHARACTER SET utf8mb4`
  }

  insert(): string {
    const version = ++this.#version
    return `INSERT IGNORE INTO ${this.name} SET ${this.#key[1](this.#random)}, v = ${version}, ${this.#assign()}`
  }

  change(): string {
    const random = this.#random
    const some = `ORDER BY RAND() LIMIT ${random.integer(1, 4)}`
    const dice = random.next()
    if (dice < 0.35) return this.insert()
    const version = ++this.#version
    if (dice < 0.7) return `UPDATE ${this.name} SET v = ${version}, ${this.#assign()} ${some}`
    if (dice < 0.85) {
      return `UPDATE IGNORE ${this.name} SET ${this.#key[1](random)}, v = ${version} ORDER BY RAND() LIMIT 1`
    }
    // Deletions have a version of their own, too: the row's.
    return `DELETE FROM ${this.name} ${some}`
  }

  /** A change of the definition, and how it is remembered once it was made. */
  alter(): {readonly sql: string; readonly done: () => void} {
    const random = this.#random
    const column = random.pick(this.#columns)
    const dice = random.next()
    const alter = (change: string, done: () => void) => ({sql: `ALTER TABLE ${this.name} ${change}`, done})
    if (dice < 0.35 || this.#columns.length < 2) {
      const added = this.#newColumn()
      const place = random.pick(['', 'FIRST', `AFTER ${column.name}`])
      return alter(`ADD COLUMN ${added.name} ${added.valueCase.column} ${place}`, () => this.#columns.push(added))
    }
    if (dice < 0.5) {
      return alter(`DROP COLUMN ${column.name}`, () => this.#columns.splice(this.#columns.indexOf(column), 1))
    }
    if (dice < 0.7) {
      const valueCase = random.pick(CASES)
      return alter(`MODIFY COLUMN ${column.name} ${valueCase.column}`, () => (column.valueCase = valueCase))
    }
    if (dice < 0.9) {
      const name = `c${++this.#columnCount}`
      return alter(`RENAME COLUMN ${column.name} TO ${name}`, () => (column.name = name))
    }
    return alter(`ADD INDEX (v${random.pick(['', ' DESC'])})`, () => undefined)
  }

  #newColumn(): Column {
    return {name: `c${++this.#columnCount}`, valueCase: this.#random.pick(CASES)}
  }

  #assign(): string {
    return this.#columns.map(({name, valueCase}) => `${name} = ${this.#random.pick(valueCase.values)}`).join(', ')
  }
}

/** Between two transactions of a writer, so that the events stay as many as can be judged in a while. */
const REST_MS = 4

/** Changes one table until it is stopped; its definition is changed between two transactions. */
class Writer {
  transactions = 0
  readonly #connection: Connection
  readonly #table: RandomTable
  readonly #random: SeededRandom
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  #alter: (() => void) | null = null

  constructor(connection: Connection, table: RandomTable, random: SeededRandom) {
    this.#connection = connection
    this.#table = table
    this.#random = random
  }

  start(): void {
    this.#stopped = false
    this.#running = this.#run()
    this.#running.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  /** Resolves when the definition has changed, which some changes refuse to do. */
  async altered(): Promise<void> {
    await Promise.race([new Promise<void>(resolve => (this.#alter = resolve)), this.#running])
  }

  async #run(): Promise<void> {
    await this.#connection.query("SET sql_mode = '', time_zone = '+00:00'")
    while (!this.#stopped) {
      await this.#transaction()
      const altered = this.#alter
      if (altered === null) continue
      this.#alter = null
      if (this.#random.chance(0.5)) await this.#changeWhole()
      else {
        const {sql, done} = this.#table.alter()
        if (await this.#tried(sql)) done()
      }
      altered()
    }
  }

  async #changeWhole(): Promise<void> {
    const {name} = this.#table
    await changeWhole(this.#connection, {name, random: this.#random}, async sql => await this.#tried(sql))
  }

  async #transaction(): Promise<void> {
    await delay(REST_MS)
    const changes = Array.from({length: this.#random.integer(1, 4)}, () => this.#table.change())
    const end = this.#random.chance(0.1) ? 'ROLLBACK' : 'COMMIT'
    await this.#connection.query('START TRANSACTION')
    for (const change of changes) await this.#tried(change)
    await this.#connection.query(end)
    this.transactions++
  }

  /** False where MySQL does not want the value or the definition: which ones, is its business. */
  async #tried(sql: string): Promise<boolean> {
    try {
      await this.#connection.query(sql)
      return true
    } catch (error) {
      if ((error as {sqlState?: string}).sqlState === undefined) throw error
      return false
    }
  }
}

export interface DdlScenario {
  readonly seed?: number
  readonly tables: number
  readonly rows: number
  /** Snapshots, in each of which every table is altered. */
  readonly rounds: number
}

interface Scene {
  readonly t: TestContext
  readonly capture: Capture
  readonly random: SeededRandom
  readonly writers: readonly Writer[]
}

export async function convergeUnderDdl(
  t: TestContext,
  {seed, tables: count, rows, rounds}: DdlScenario,
): Promise<void> {
  const random = randomFor(t, seed)
  const truncates = random.chance(0.6)
  const capture = await prepareCapture(t, {
    prefix: 'randomddl',
    config: {
      ...{'incremental.snapshot.chunk.size': '20', 'snapshot.max.threads': random.pick(['1', '2'])},
      ...{'decimal.handling.mode': 'string', ...(truncates ? {'skipped.operations': 'none'} : {})},
    },
  })
  const tables = Array.from({length: count}, (_, i) => new RandomTable(`r${i}`, random))
  await createTables(capture, tables, rows)
  let tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const writers = await Promise.all(
    tables.map(async table => new Writer(await capture.database.connect(), table, random)),
  )
  onCleanUp(t, async () => void (await Promise.allSettled(writers.map(async writer => await writer.stop()))))
  for (const writer of writers) writer.start()
  for (let round = 0; round < rounds; round++) {
    await capture.snapshot(['r[0-9]+'])
    const altered = Promise.all(writers.map(async writer => await writer.altered()))
    tidemark = await interrupted({t, capture, random, writers}, tidemark)
    await altered
  }
  await Promise.all(writers.map(async writer => await writer.stop()))
  await settled(tidemark, capture)
  await mendAll(tidemark, capture)
  await assertFolds(t, capture, {tidemark, tables, truncates})
  const marks = await spellAgain({t, capture, random, writers}, tidemark)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  const events = await capture.events()
  const compared = tables.reduce((sum, {name}) => sum + judge(capture, name, events, marks), 0)
  assert.ok(compared > 0, 'no row was both streamed and read')
  const transactions = writers.reduce((sum, writer) => sum + writer.transactions, 0)
  t.diagnostic(`${transactions} transactions, ${events.length} events${truncates ? ', with resets' : ''}`)
}

async function createTables({connection}: Capture, tables: readonly RandomTable[], rows: number): Promise<void> {
  await connection.query("SET sql_mode = '', time_zone = '+00:00'")
  for (const table of tables) {
    await connection.query(table.create())
    await connection.query('START TRANSACTION')
    for (let i = 0; i < rows; i++) await connection.query(table.insert()).catch(() => undefined)
    await connection.query('COMMIT')
  }
}

/** Somewhere in the snapshot: the process goes on, is stopped, or killed, and starts again. */
async function interrupted({t, capture, random}: Scene, tidemark: TidemarkProcess): Promise<TidemarkProcess> {
  const end = random.pick(['none', 'stop', 'kill'])
  if (end === 'none') return tidemark
  await delay(random.integer(0, 500))
  if (end === 'kill') await tidemark.kill()
  else assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  const again = await capture.run(t)
  await again.waitForStreaming()
  return again
}

/** Every signal is known, and every snapshot has ended. */
async function settled(tidemark: TidemarkProcess, {connection}: Capture): Promise<void> {
  await caughtUp(tidemark, connection)
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
  await caughtUp(tidemark, connection)
}

/** I1; rows that are in a topic alone are allowed where the status names them. */
async function assertFolds(
  t: TestContext,
  capture: Capture,
  {tidemark, tables, truncates}: {tidemark: TidemarkProcess; tables: readonly RandomTable[]; truncates: boolean},
): Promise<void> {
  const left = (await divergedTables(tidemark)).filter(({remedy}) => !remedy.startsWith('none'))
  if (truncates) assert.deepEqual(left, [])
  const found = await verified(t, capture)
  for (const {name} of tables) assert.ok(found.some(({table}) => table === `${capture.database.name}.${name}`))
  for (const {table, missing, ghosts, different} of found) {
    const text = `I1: ${table}: ${JSON.stringify({missing, ghosts, different})}`
    assert.deepEqual([missing, different], [0, 0], text)
    assert.ok(ghosts === 0 || left.some(known => known.table === table), text)
  }
}

/** Rows are streamed, then read once more: where in the events the one and the other begin. */
async function spellAgain(
  {capture, writers}: Scene,
  tidemark: TidemarkProcess,
): Promise<{readonly settled: number; readonly streamed: number}> {
  const before = (await capture.events()).length
  for (const writer of writers) writer.start()
  await untilWritten(writers)
  await Promise.all(writers.map(async writer => await writer.stop()))
  await caughtUp(tidemark, capture.connection)
  const streamed = (await capture.events()).length
  await snapshotEnded(tidemark, await capture.snapshot(['r[0-9]+']))
  await caughtUp(tidemark, capture.connection)
  return {settled: before, streamed}
}

/** A good number of transactions more. */
async function untilWritten(writers: readonly Writer[]): Promise<void> {
  const wanted = writers.map(writer => writer.transactions + 15)
  await eventually({what: 'transactions of every writer', timeoutMs: 60_000}, () =>
    writers.every((writer, i) => writer.transactions >= wanted[i]!) ? true : undefined,
  )
}

const RUN_ID = '__debezium.context.runId'

/** How many rows were spelled twice. */
function judge(
  capture: Capture,
  table: string,
  events: readonly ObservedEvent[],
  {settled, streamed}: {readonly settled: number; readonly streamed: number},
): number {
  const topic = capture.topic(table)
  const versions = new Map<string, number>()
  const rows = new Map<string, string>()
  let compared = 0
  let run: string | undefined
  for (const [at, event] of events.entries()) {
    // What a crash repeats is excepted.
    if (event.headers[RUN_ID] !== run) versions.clear()
    run = event.headers[RUN_ID]
    const change = event.topic === topic ? changeOf(event) : null
    if (event.topic !== topic || change === null || event.keyText === null) continue
    const row = change.after ?? change.before!
    const version = Number(jsonMembers(row).get('v'))
    const before = versions.get(event.keyText) ?? 0
    assert.ok(version >= before, `I2: ${table} ${event.keyText}: ${change.op} shows version ${version} after ${before}`)
    versions.set(event.keyText, version)
    if (change.after === null) rows.delete(event.keyText)
    else if (at >= streamed && change.op === 'r') {
      const known = rows.get(event.keyText)
      if (known !== undefined) assert.equal(change.after, known, `I7: ${table} ${event.keyText}`)
      if (known !== undefined) compared++
    } else if (at >= settled && change.op !== 'r') rows.set(event.keyText, change.after)
  }
  return compared
}
