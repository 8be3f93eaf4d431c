// Every kind of statement at one moment of a snapshot, on a real server: what is said of each table, and whether its topic
// folds to it after the snapshots that the status asks for.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import type {TestContext} from 'node:test'
import type {Connection} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from './capture.ts'
import {onCleanUp} from './clean-up.ts'
import {DDL_KINDS, type DdlKind} from './ddl-kinds.ts'
import {runTidemark, type TidemarkProcess} from './tidemark-process.ts'

export interface DivergedTable {
  readonly table: string
  readonly since: string
  readonly reason: string
  readonly remedy: string
}

export interface NamedKind extends DdlKind {
  readonly name: string
}

export interface MomentParts {
  readonly capture: Capture
  readonly tidemark: TidemarkProcess
  readonly kinds: readonly NamedKind[]
  /** Runs the statements of one kind, or of all. */
  readonly change: (kind?: NamedKind) => Promise<void>
  /** A signal for all tables, through this connection; the rows of a table take their time until `hurry`. */
  readonly begin: (by?: Connection) => Promise<string>
  readonly hurry: (name?: string) => Promise<void>
}

/** A table that no statement changes, first in every snapshot. */
export const HELD = 'k_held'

/** Brings the statements about at its moment. */
export type Moment = (parts: MomentParts) => Promise<void>

export async function divergedTables(tidemark: TidemarkProcess): Promise<readonly DivergedTable[]> {
  return ((await tidemark.status()) as unknown as {diverged: DivergedTable[]}).diverged
}

/** `truncates`: truncate events are let through, so that no ghosts stay. */
export async function ddlAtMoment(t: TestContext, moment: Moment, {truncates}: {truncates: boolean}): Promise<void> {
  const capture = await prepareCapture(t, {
    prefix: 'moment',
    config: {
      'incremental.snapshot.chunk.size': '20',
      ...(truncates ? {'skipped.operations': 'none'} : {}),
    },
  })
  const {connection, database} = capture
  const outside = `${database.name}x`
  const statementsOf = (text: string): string => text.replaceAll('outside.', `${outside}.`)
  onCleanUp(t, async () => void (await connection.query(`DROP DATABASE IF EXISTS ${outside}`)))
  await connection.query(`CREATE DATABASE ${outside}`)
  const kinds = DDL_KINDS.map((kind, i) => ({...kind, name: `k${String(i).padStart(2, '0')}`}))
  await connection.query('CREATE TABLE pace (name VARCHAR(9) PRIMARY KEY, seconds DOUBLE NOT NULL)')
  await connection.query(`CREATE TABLE ${HELD} (id INT PRIMARY KEY); INSERT INTO ${HELD} VALUES (1)`)
  for (const {name, setUp} of kinds) {
    await connection.query(statementsOf(setUp(name)))
    await connection.query('INSERT INTO pace VALUES (?, 0.02)', [name])
  }
  const tidemark = await capture.run(t, {'table.exclude.list': `${database.name}.pace`})
  await tidemark.waitForStreaming()
  // Whole copies of what was there before, so that the topics have every row of every table.
  await snapshotEnded(tidemark, await capture.snapshot(['k.*']))
  const change = async (kind?: NamedKind): Promise<void> => {
    for (const {name, statements, fails} of kind === undefined ? kinds : [kind]) {
      const done = connection.query(statementsOf(statements(name, database.name)))
      if (fails === true) await assert.rejects(done)
      else await done
    }
  }
  const begin = async (by: Connection = connection): Promise<string> => {
    const conditions = kinds.map(({name}) => ({
      'data-collection': `${database.name}.${name}`,
      filter: `SLEEP((SELECT seconds FROM ${database.name}.pace WHERE name = '${name}')) = 0`,
    }))
    const collections = [HELD, 'k[0-9]+'].map(table => `${database.name}.${table}`)
    const data = {'data-collections': collections, 'additional-conditions': conditions}
    const id = randomUUID()
    await by.query('INSERT INTO debezium_signal VALUES (?, ?, ?)', [id, 'execute-snapshot', JSON.stringify(data)])
    return id
  }
  const hurry = async (name?: string): Promise<void> =>
    void (await connection.query('UPDATE pace SET seconds = 0 WHERE name LIKE ?', [name ?? '%']))
  await moment({capture, tidemark, kinds, change, begin, hurry})
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
  await caughtUp(tidemark, connection)
  await assertSaid(tidemark, capture, {kinds, truncates})
  await mendAll(tidemark, capture)
  await assertFolds(t, capture, tidemark, {kinds, truncates})
}

async function assertSaid(
  tidemark: TidemarkProcess,
  {database}: Capture,
  {kinds, truncates}: {kinds: readonly NamedKind[]; truncates: boolean},
): Promise<void> {
  const said = await divergedTables(tidemark)
  for (const {name, what, diverges, goes} of kinds) {
    const mine = said.filter(({table}) => table === `${database.name}.${name}`)
    // A truncate event is as good as rows that are deleted.
    const wanted = diverges && !(truncates && what === 'TRUNCATE') ? 1 : 0
    assert.equal(mine.length, wanted, `${what}: ${JSON.stringify(mine)}`)
    if (wanted === 0) continue
    assert.match(mine[0]!.since, /^\S+\.\d+:\d+$/)
    assert.match(mine[0]!.remedy, goes === true ? /^none while the table is gone/ : /^snapshot again/, what)
  }
}

/** The snapshots that the status asks for, until it asks for none. */
export async function mendAll(tidemark: TidemarkProcess, {database, connection, snapshot}: Capture): Promise<void> {
  for (let round = 0; ; round++) {
    const asked = (await divergedTables(tidemark)).filter(({remedy}) => remedy.startsWith('snapshot again'))
    if (asked.length === 0) return
    assert.ok(round < 3, `asked for again and again: ${JSON.stringify(asked)}`)
    const tables = [...new Set(asked.map(({table}) => table.slice(database.name.length + 1)))]
    await snapshotEnded(tidemark, await snapshot(tables))
    await caughtUp(tidemark, connection)
  }
}

interface VerifiedTable {
  readonly table: string
  readonly equal: boolean
  readonly missing: number
  readonly ghosts: number
  readonly different: number
}

export async function verified(
  t: TestContext,
  {config, folder}: Capture,
  more = {},
): Promise<readonly VerifiedTable[]> {
  const run = await runTidemark(t, {config: {...config, ...more}, folder, command: 'verify', args: ['--json']})
  await run.ended
  assert.notEqual(run.stdout, '', run.stderr)
  return (JSON.parse(run.stdout) as {tables: VerifiedTable[]}).tables
}

async function assertFolds(
  t: TestContext,
  capture: Capture,
  tidemark: TidemarkProcess,
  {kinds, truncates}: {kinds: readonly NamedKind[]; truncates: boolean},
): Promise<void> {
  const {name: database} = capture.database
  const said = (await divergedTables(tidemark)).filter(({remedy}) => !remedy.startsWith('none'))
  const found = await verified(t, capture, {'table.exclude.list': `${database}.pace`})
  for (const {name, what, goes, ghosts} of kinds) {
    const mine = found.find(({table}) => table === `${database}.${name}`)
    assert.equal(mine === undefined, goes === true, what)
    if (mine === undefined) continue
    assert.deepEqual([mine.missing, mine.different], [0, 0], `${what}: ${JSON.stringify(mine)}`)
    const named = said.filter(({table}) => table === mine.table)
    assert.equal(named.length, ghosts === true && !truncates ? 1 : 0, `${what}: ${JSON.stringify(named)}`)
    if (named.length > 0) assert.match(named[0]!.reason, /^ghosts possible/, what)
    else assert.equal(mine.ghosts, 0, `${what}: ${JSON.stringify(mine)}`)
  }
  // Tables that came by another name on the way.
  for (const mine of found) assert.deepEqual([mine.missing, mine.different], [0, 0], JSON.stringify(mine))
  if (truncates) assert.deepEqual(said, [])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
}

/** Until somebody waits for a lock on the table. */
export async function untilBlocked(connection: Connection, table: string): Promise<void> {
  await eventually({what: `somebody to wait for ${table}`, timeoutMs: 30_000}, async () => {
    const [found] = await connection.query(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata lock' AND INFO LIKE ?",
      [`%${table}%`],
    )
    return (found as unknown[]).length > 0 ? true : undefined
  })
}
