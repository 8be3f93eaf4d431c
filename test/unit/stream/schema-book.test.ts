// The book against a server that is played: a binlog of rows and statements, definitions read at any time ahead of the
// stream, and restarts from the stored state. It may refuse; it must never name a definition that was not the table's.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {StreamTable} from '../../../src/binlog/binlog-events.ts'
import type {BinlogPosition} from '../../../src/core/binlog-position.ts'
import type {StoredSchema} from '../../../src/core/stored-schemas.ts'
import type {TableId} from '../../../src/core/table-id.ts'
import type {TableShape} from '../../../src/core/table-shape.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {mayTouch, readDdl} from '../../../src/stream/ddl.ts'
import {SchemaBook} from '../../../src/stream/schema-book.ts'
import type {SchemaSource} from '../../../src/stream/schema-source.ts'
import {randomFor, type SeededRandom} from '../../support/seeded-random.ts'
import {column, settled} from '../../support/stream-parts.ts'

const DATABASE = 'd'

type Step =
  | {readonly type: 'rows'; readonly table: string; readonly full: boolean}
  | {readonly type: 'rename column'; readonly table: string}
  | {readonly type: 'truncate'; readonly table: string}
  | {readonly type: 'swap'}

interface Event {
  readonly step: Step
  readonly pos: number
  /** What each table's second column is called behind it. */
  readonly names: Readonly<Record<string, string>>
}

/** Every event takes ten bytes; the first begins at 100. */
class PlayedServer implements SchemaSource {
  readonly events: Event[] = []
  searches = 0
  #names: Record<string, string> = {a: 'a0', b: 'b0'}
  #changes = 0

  write(step: Step): void {
    if (step.type === 'rename column') this.#names = {...this.#names, [step.table]: `c${++this.#changes}`}
    if (step.type === 'swap') this.#names = {a: this.#names['b']!, b: this.#names['a']!}
    this.events.push({step, pos: this.end, names: this.#names})
  }

  get end(): number {
    return 100 + this.events.length * 10
  }

  isMinimal(): Promise<boolean> {
    return Promise.resolve(true)
  }

  /** The answer takes its time. */
  async read(tables: readonly TableId[]): ReturnType<SchemaSource['read']> {
    const place = {file: 'b.000001', pos: this.end}
    const readings = tables.map(({table}) => ({place, shape: shapeOf(table, this.#names[table]!)}))
    await settled()
    return readings
  }

  statements(
    from: BinlogPosition,
    to: BinlogPosition,
    wanted: (sql: string) => boolean,
  ): ReturnType<SchemaSource['statements']> {
    this.searches++
    const between = this.events.filter(({pos}) => pos >= from.pos && pos < to.pos)
    return Promise.resolve(
      between.flatMap(({step, pos}) => {
        const sql = sqlOf(step)
        return sql === null || !wanted(sql) ? [] : [{file: 'b.000001', pos, database: DATABASE, sql}]
      }),
    )
  }
}

function sqlOf(step: Step): string | null {
  switch (step.type) {
    case 'rows':
      return null
    case 'rename column':
      return `ALTER TABLE ${step.table} RENAME COLUMN x TO y`
    case 'truncate':
      return `TRUNCATE TABLE ${step.table}`
    case 'swap':
      return 'RENAME TABLE a TO x, b TO a, x TO b'
  }
}

function shapeOf(table: string, name: string): TableShape {
  return {id: {database: DATABASE, table}, columns: [column('id', 'int'), column(name, 'varchar')], primaryKey: [0]}
}

/** A stream that is `pos` far, with its book; a restart makes another one. */
class PlayedStream {
  readonly book: SchemaBook
  readonly refusals: string[] = []
  named = 0
  pos: number
  readonly #server: PlayedServer

  constructor(server: PlayedServer, pos: number, stored: readonly StoredSchema[] = []) {
    this.#server = server
    this.pos = pos
    const places = () => ({
      begin: {file: 'b.000001', pos: this.pos},
      reached: {file: 'b.000001', pos: this.pos},
    })
    this.book = new SchemaBook({source: server, stored, startsHere: pos % 20 === 0, places})
  }

  begin(): Promise<void> {
    return this.book.begin([
      {database: DATABASE, table: 'a'},
      {database: DATABASE, table: 'b'},
    ])
  }

  /** Takes the next event. False at the end, or where the book refuses. */
  async next(): Promise<boolean> {
    const event = this.#server.events[(this.pos - 100) / 10]
    if (event === undefined) return false
    const {step, pos, names} = event
    if (step.type === 'rows') {
      if (!(await this.#rows(step.table, step.full, names[step.table]!))) return false
    } else {
      const reading = readDdl(sqlOf(step)!)
      const at = {file: 'b.000001', pos, gtidCount: 0}
      this.book.changed({reading, touches: table => mayTouch(reading, DATABASE, table), id: `b.000001:${pos}`, at})
    }
    this.pos = pos + 10
    this.book.reached()
    return true
  }

  async #rows(table: string, full: boolean, name: string): Promise<boolean> {
    const shape = shapeOf(table, full ? name : '')
    const layout = {types: Uint8Array.of(3, 15), metadata: Uint16Array.of(0, 80)}
    const event: StreamTable = full ? {shape, layout} : {shape: {...shape, primaryKey: []}, layout, unnamed: true}
    if (!full) shape.columns.forEach(each => Object.assign(each, {name: ''}))
    try {
      const found = await this.book.shapeOf(event)
      assert.equal(found.columns[1]!.name, name, `rows of ${table} at ${this.pos}`)
      assert.deepEqual(found.primaryKey, [0])
      this.named++
      return true
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      assert.equal(error.code, 'TIDEMARK_BINLOG_METADATA_MINIMAL')
      this.refusals.push(error.message)
      return false
    }
  }
}

function randomStep(random: SeededRandom): Step {
  const table = random.pick(['a', 'b'])
  const dice = random.next()
  if (dice < 0.6) return {type: 'rows', table, full: random.chance(0.15)}
  if (dice < 0.8) return {type: 'rename column', table}
  return dice < 0.9 ? {type: 'truncate', table} : {type: 'swap'}
}

/** One run until the book refuses; how many definitions it gave. */
async function play(random: SeededRandom): Promise<{named: number; restarts: number}> {
  const server = new PlayedServer()
  let stream = new PlayedStream(server, server.end)
  let named = 0
  let restarts = 0
  await stream.begin()
  let kept = {pos: stream.pos, stored: stream.book.collect(() => false) ?? []}
  const writes = random.next()
  for (let turn = 0; turn < 200 && stream.refusals.length === 0; turn++) {
    const dice = random.next()
    if (dice < 0.5) {
      if (random.chance(writes)) server.write(randomStep(random))
      else await stream.next()
    } else if (dice < 0.6) {
      // The acknowledged place lies anywhere between the last one and the stream's.
      const passed = kept.pos + 10 * random.integer(0, (stream.pos - kept.pos) / 10)
      kept = {pos: passed, stored: stream.book.collect(at => passed > at.pos) ?? []}
    } else if (dice < 0.65) {
      named += stream.named
      restarts++
      stream = new PlayedStream(server, kept.pos, JSON.parse(JSON.stringify(kept.stored)) as StoredSchema[])
      await stream.begin()
    } else if (dice < 0.8) {
      await settled()
    } else {
      await stream.next()
    }
  }
  return {named: named + stream.named, restarts}
}

test('a definition that the book gives is always the table’s at that place, whatever is read when, also after restarts', async t => {
  const random = randomFor(t)
  let named = 0
  let restarts = 0
  for (let run = 0; run < 500; run++) {
    const outcome = await play(random)
    named += outcome.named
    restarts += outcome.restarts
  }
  t.diagnostic(`${named} definitions, ${restarts} restarts`)
  assert.ok(named > 2000 && restarts > 200, `${named} definitions, ${restarts} restarts`)
})

async function played(script: readonly Step[]): Promise<{server: PlayedServer; stream: PlayedStream}> {
  const server = new PlayedServer()
  const stream = new PlayedStream(server, server.end)
  await stream.begin()
  for (const step of script) server.write(step)
  return {server, stream}
}

const rows: Step = {type: 'rows', table: 'a', full: false}
const rename: Step = {type: 'rename column', table: 'a'}

test('rows between two statements on their table, both behind the server already, are refused with what to do', async () => {
  const {stream} = await played([rows, rename, rows, rename])
  while (await stream.next());
  assert.equal(stream.named, 1)
  assert.match(stream.refusals[0]!, /d\.a at b\.000001:120.*changed again at b\.000001:130/)
  assert.match(stream.refusals[0]!, /SET PERSIST binlog_row_metadata = FULL/)
})

test('the binlog is searched once for all tables, and only as far as it has grown since', async () => {
  const {server, stream} = await played([{type: 'swap'}, rows, {...rows, table: 'b'}, rows])
  while (await stream.next());
  assert.deepEqual([stream.named, stream.refusals, server.searches], [3, [], 1])
})

test('at the head of the stream no binlog is searched', async () => {
  const {server, stream} = await played([])
  for (let i = 0; i < 5; i++) {
    server.write(rename)
    assert.ok(await stream.next())
    await settled()
    server.write(rows)
    assert.ok(await stream.next())
  }
  assert.deepEqual([stream.named, server.searches], [5, 0])
})

test('nothing is stored where every event names its columns', async () => {
  const server = new PlayedServer()
  server.isMinimal = () => Promise.resolve(false)
  const stream = new PlayedStream(server, server.end)
  await stream.begin()
  for (const step of [{...rows, full: true}, rename, {...rows, full: true}] as const) server.write(step)
  while (await stream.next());
  assert.equal(stream.named, 2)
  assert.equal(
    stream.book.collect(() => true),
    null,
  )
})

test('a definition of before a statement is stored until the acknowledged place lies behind the statement', async () => {
  const {stream} = await played([rows, rename, rows])
  while (await stream.next());
  const names = (passed: number): string[][] =>
    (stream.book.collect(at => passed > at.pos) ?? [])
      .filter(({table}) => table.table === 'a')
      .map(({versions}) => versions.map(({shape}) => shape?.columns[1]?.name ?? '-'))
  assert.deepEqual(names(110), [['a0', 'c1']])
  assert.deepEqual(names(120), [['c1']])
})
