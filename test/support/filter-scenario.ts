// The filter of a running task changed at random, in every way there is, while all tables are written: in the end the topic
// of every table that was ever included folds to the table.

import assert from 'node:assert/strict'
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import type {TestContext} from 'node:test'
import {caughtUp, prepareCapture, type Capture} from './capture.ts'
import {changeOf, foldEvents} from './observed-events.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import type {Config} from './tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from './tidemark-process.ts'

export interface FilterScenario {
  readonly changes: number
  /** With kill -9 at random instants during changes. */
  readonly kills: boolean
}

const TABLES = ['t0', 't1', 't2', 't3', 't4', 't5']
const ROWS = 400
const CONVERGED_MS = 180_000
const LIST = 'table.include.list'

type Way = 'put' | 'patch' | 'hangup' | 'command' | 'restart' | 'kill'

export async function convergeUnderFilters(t: TestContext, {changes, kills}: FilterScenario): Promise<void> {
  const random = randomFor(t)
  const capture = await prepareCapture(t, {
    prefix: 'filters',
    config: {'skipped.operations': 'none', 'incremental.snapshot.chunk.size': '50'},
  })
  for (const table of TABLES) await capture.connection.query(tableOf(table))
  const run = new FilterRun(t, capture, random)
  await run.start({...capture.config, [LIST]: run.list(['t0'])})
  const writer = writeUntilStopped(await capture.database.connect(), random)
  const ways: Way[] = kills ? ['kill'] : ['put', 'patch', 'hangup', 'command', 'restart']
  const ever = new Set(['t0'])
  for (let change = 0; change < changes; change++) {
    // The first table stays: its stream must not notice any of it.
    const tables = ['t0', ...TABLES.slice(1).filter(() => random.chance(0.5))]
    for (const table of tables) ever.add(table)
    const way = ways[change % ways.length]!
    t.diagnostic(`${way}: ${tables.join(', ')}`)
    await run.change(way, tables)
    if (random.chance(0.5)) await run.complete(tables)
  }
  await run.change('patch', [...ever])
  await run.complete([...ever])
  await writer.stop()
  await caughtUp(run.tidemark, capture.connection, CONVERGED_MS)
  await run.tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  for (const table of ever) await assertConverged(capture, table)
  if (!kills) await assertNothingRepeated(capture, 't0')
}

class FilterRun {
  readonly #t: TestContext
  readonly #capture: Capture
  readonly #random: SeededRandom
  #tidemark: TidemarkProcess | null = null

  constructor(t: TestContext, capture: Capture, random: SeededRandom) {
    this.#t = t
    this.#capture = capture
    this.#random = random
  }

  get tidemark(): TidemarkProcess {
    assert.ok(this.#tidemark !== null)
    return this.#tidemark
  }

  list(tables: readonly string[]): string {
    return tables.map(table => `${this.#capture.database.name}\\.${table}`).join(',')
  }

  async start(config: Config): Promise<void> {
    this.#tidemark = await this.#capture.run(this.#t, config)
    await this.#tidemark.waitForStreaming(60_000)
  }

  /** Resolves once the task streams with these tables. */
  async change(way: Way, tables: readonly string[]): Promise<void> {
    const list = this.list(tables)
    switch (way) {
      case 'put':
        await this.#send('PUT', {...(await this.#config()), [LIST]: list})
        break
      case 'patch':
        await this.#send('PATCH', {[LIST]: list})
        break
      case 'hangup':
        await this.#write({...(await this.#config()), [LIST]: list})
        process.kill(this.tidemark.pid, 'SIGHUP')
        break
      case 'command':
        await this.#command(tables)
        break
      case 'restart':
        await this.tidemark.stop()
        await this.start({...(await this.#config()), [LIST]: list})
        break
      case 'kill':
        await this.#killDuring(list)
        break
    }
    const {name} = this.#capture.database
    const wanted = new Set(tables.map(table => `${name}.${table}`))
    await this.tidemark.waitForStatus(status => {
      const captured = status.tables.filter(({left}) => left === null).map(({table}) => table)
      return status.streaming && captured.length === wanted.size && captured.every(table => wanted.has(table))
    }, CONVERGED_MS)
  }

  async complete(tables: readonly string[]): Promise<void> {
    const {name} = this.#capture.database
    // The one that was there from the beginning was never copied.
    const wanted = tables.filter(table => table !== 't0').map(table => `${name}.${table}`)
    await this.tidemark.waitForStatus(
      status => wanted.every(table => status.tables.some(each => each.table === table && each.completeSince !== null)),
      CONVERGED_MS,
    )
  }

  async #killDuring(list: string): Promise<void> {
    const before = this.tidemark
    const sent = this.#send('PATCH', {[LIST]: list}).catch(() => undefined)
    await delay(this.#random.integer(0, 600))
    await before.kill()
    await sent
    const config = await this.#config()
    assert.equal(config['name'], this.#capture.config['name'], 'the file is whole')
    await this.start({...config, [LIST]: list})
  }

  async #command(tables: readonly string[]): Promise<void> {
    const {name} = this.#capture.database
    const now = String((await this.#config())[LIST])
    const is = new Set(TABLES.filter(table => now.split(',').includes(this.list([table]))))
    for (const [command, names] of [
      ['add', tables.filter(table => !is.has(table))],
      ['remove', [...is].filter(table => !tables.includes(table))],
    ] as const) {
      if (names.length === 0) continue
      const {folder} = this.#capture
      const args = names.map(table => `${name}.${table}`)
      const ran = await runTidemark(this.#t, {config: await this.#config(), folder, command: `tables ${command}`, args})
      const {code} = await ran.ended
      assert.equal(code, 0, ran.stderr)
    }
  }

  async #send(method: string, body: object): Promise<void> {
    const response = await fetch(`${this.tidemark.url}/config`, {
      method,
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 200, await response.text())
  }

  get #file(): string {
    return join(this.#capture.folder, 'tidemark.json')
  }

  async #config(): Promise<Config> {
    return JSON.parse(await readFile(this.#file, 'utf8')) as Config
  }

  async #write(config: Config): Promise<void> {
    await writeFile(this.#file, JSON.stringify(config, null, 2))
  }
}

function tableOf(table: string): string {
  return `CREATE TABLE ${table} (id INT PRIMARY KEY, note VARCHAR(40) NOT NULL);
    INSERT INTO ${table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${table === 't0' ? 1 : ROWS})
      SELECT i, 'first' FROM n;${table === 't0' ? `DELETE FROM ${table};` : ''}`
}

/** Random changes of every table, in transactions over several of them. */
function writeUntilStopped(connection: Connection, random: SeededRandom): {stop: () => Promise<void>} {
  let stopped = false
  let version = 0
  const write = async (): Promise<void> => {
    while (!stopped) {
      const statements = Array.from({length: random.integer(1, 4)}, () => {
        const table = random.pick(TABLES)
        const id = random.integer(1, ROWS * 1.5)
        const note = `'${String(++version)}'`
        if (random.chance(0.3)) return `DELETE FROM ${table} WHERE id BETWEEN ${id} AND ${id + 2}`
        return `REPLACE INTO ${table} VALUES (${id}, ${note})`
      })
      await connection.query(['START TRANSACTION', ...statements, 'COMMIT'].join(';'))
      await delay(5)
    }
  }
  const writing = write()
  writing.catch(() => undefined)
  return {
    stop: async () => {
      stopped = true
      await writing
    },
  }
}

async function assertConverged(capture: Capture, table: string): Promise<void> {
  const [rows] = await capture.connection.query<RowDataPacket[]>(`SELECT id, note FROM ${table}`)
  const wanted = rows.map(row => `${String(row['id'])} ${String(row['note'])}`).sort()
  const folded = [...foldEvents(await capture.tableEvents(table)).values()].map(text => {
    const row = JSON.parse(text) as {id: number; note: string}
    return `${row.id} ${row.note}`
  })
  assert.deepEqual(folded.sort(), wanted, table)
}

async function assertNothingRepeated(capture: Capture, table: string): Promise<void> {
  const seen = new Set<string>()
  for (const event of await capture.tableEvents(table)) {
    const change = changeOf(event)
    if (change === null || change.op === 'r') continue
    const {file, pos, row} = change.source
    const place = `${String(file)}:${String(pos)}:${String(row)}`
    assert.equal(seen.has(place), false, `${table}: the event at ${place} came twice`)
    seen.add(place)
  }
  assert.ok(seen.size > 0)
}
