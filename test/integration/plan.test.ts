import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {PlanReport, PlannedTable} from '../../src/plan/plan-report.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {tidemarkConfig, type Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const NUMBERS = `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 1000)
  SELECT a.i + 1000 * (b.i - 1) AS n FROM numbers a, numbers b WHERE b.i <= 5`

/** orders by id, notes without a key, marks with a column that has no index, an empty table. */
const TABLES = `
  CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(40) NOT NULL);
  INSERT INTO orders SELECT n * 3, REPEAT('x', 40) FROM (${NUMBERS}) AS rows_of_it;
  CREATE TABLE notes (n INT, text VARCHAR(20));
  INSERT INTO notes SELECT n, 'note' FROM (${NUMBERS}) AS rows_of_it;
  CREATE TABLE marks (id INT PRIMARY KEY, v INT NOT NULL);
  INSERT INTO marks SELECT n, n FROM (${NUMBERS}) AS rows_of_it;
  CREATE TABLE nothing (id INT PRIMARY KEY);
  CREATE TABLE few (id INT PRIMARY KEY);
  INSERT INTO few VALUES (1), (2), (3), (4)`

async function shop(t: TestContext): Promise<{database: FreshDatabase; config: Config}> {
  const database = await freshDatabase(t, 'plan')
  await database.connection.query('SET SESSION cte_max_recursion_depth = 10000')
  await database.connection.query(TABLES)
  return {database, config: await tidemarkConfig({database, folder: await tempFolder(t)})}
}

async function plan(
  t: TestContext,
  config: Config,
  ...args: readonly string[]
): Promise<{code: number | null; stdout: string; stderr: string}> {
  const tidemark = await runTidemark(t, {config, command: 'plan', args})
  const {code} = await tidemark.ended
  return {code, stdout: tidemark.stdout, stderr: tidemark.stderr}
}

function tableOf({tables}: PlanReport, {name}: FreshDatabase, table: string): PlannedTable {
  return tables.find(each => each.table === `${name}.${table}`) ?? assert.fail(`no ${table}`)
}

test('a plan samples each table as a snapshot would read it', async t => {
  const {database, config} = await shop(t)
  const ran = await plan(t, config, '--exact', '--json', '--chunk-size', '1000')
  assert.equal(ran.code, 0, ran.stderr)
  const report = JSON.parse(ran.stdout) as PlanReport
  assert.deepEqual(
    report.tables.map(({table}) => table.split('.')[1]),
    ['few', 'marks', 'notes', 'nothing', 'orders'],
  )
  const orders = tableOf(report, database, 'orders')
  const {rows, rowsExact, chunkRows, chunks, reader, key, advisedChunkRows} = orders
  assert.deepEqual([rows, rowsExact, chunkRows, chunks, reader], [5_000, true, 1_000, 5, 'chunks'])
  assert.deepEqual(key, {columns: ['id'], access: 'range', index: 'PRIMARY', isRange: true})
  assert.equal(advisedChunkRows, 8_192)
  // The middle is told by the key, the last chunk by counting back from the end.
  assert.deepEqual([...new Set(orders.samples.map(({place}) => place))], ['first', 'middle', 'last'])
  assert.deepEqual(
    orders.samples.filter(({place}) => place === 'last').map(sample => sample.rows),
    [1_000],
  )
  assert.ok(orders.eventBytes! > 400 && orders.durationSeconds! >= 0)
  const nothing = tableOf(report, database, 'nothing')
  assert.deepEqual([nothing.rows, nothing.chunks, nothing.samples, nothing.durationSeconds], [0, 0, [], 0])
  assert.equal(report.rows, 15_004)
  // Of a single SELECT nobody knows what was chance.
  const {samples} = tableOf(report, database, 'few')
  assert.ok(samples.length > 1)
  assert.ok(samples.every(sample => sample.rows === 4))
  assert.equal(report.retention.advisedSeconds, 604_800)
})

test('a key that chunks cannot be read by as a range is told, and a table without a key with what it needs', async t => {
  const {database, config} = await shop(t)
  const slowly = ['--exact', '--sink-rows-per-second', '1', '--safety-margin', '96']
  const bad = await plan(t, config, `${database.name}.marks`, '--surrogate-key', 'v', '--json', ...slowly)
  assert.equal(bad.code, 0, bad.stderr)
  const planned = JSON.parse(bad.stdout) as PlanReport
  assert.equal(planned.durationSeconds, 5_001.3)
  // 5,001.3 s, twice 96 hours, and three days.
  assert.equal(planned.retention.advisedSeconds, 955_402)
  const marks = tableOf(planned, database, 'marks')
  assert.deepEqual([marks.key!.isRange, marks.key!.access, marks.key!.index], [false, 'ALL', null])
  assert.match(
    marks.notes[0]!,
    /not read as a range of its key \(EXPLAIN: ALL, no index\).*index on \(v, id\) mends it/,
  )
  const ran = await plan(t, config, `${database.name}.notes`, '--json')
  assert.equal(ran.code, 0, ran.stderr)
  const report = JSON.parse(ran.stdout) as PlanReport
  const notes = tableOf(report, database, 'notes')
  assert.deepEqual([notes.reader, notes.key, notes.chunks], ['parallel', null, 0])
  assert.match(notes.notes[0]!, /no key, so the parallel reader copies it: LOCK TABLES for a moment/)
  assert.deepEqual([notes.notes.length, notes.rowsExact, notes.samples[0]!.rows], [1, false, 2_048])
})

test('the text of a plan, times left out', async t => {
  const {database, config} = await shop(t)
  const ran = await plan(t, config, `${database.name}.orders`, '--exact', '--sink-rows-per-second', '1000')
  assert.equal(ran.code, 0, ran.stderr)
  const shown = ran.stdout
    .replaceAll(database.name, 'shop')
    .replaceAll(/[\d.]+ ms/g, '_ ms')
    .replaceAll(/\d+ B/g, '_ B')
    .replaceAll(/about [\d.]+ s, \d+ rows/g, 'about _ s, _ rows')
    .replaceAll(/ +/g, ' ')
  assert.equal(
    shown.split('\nbinlogs')[0],
    ` table rows row event chunk key read by chunks a chunk duration held by
 shop.orders 5,000 _ B _ B id range of PRIMARY 3 _ ms 5.0 s the sink

rows 5,000 in 1 table, 3 chunks; counted
duration about _ s, _ rows/s, snapshot.max.threads 1
sink file takes 1,000 events/s (given: as --sink-rows-per-second says); --sink-rows-per-second says otherwise
chunks 2,048 rows now; advised 8,192 (8 MB for a chunk / average row, held between 1,024 and 8,192)
 larger: fewer round trips and marks; smaller: less memory, less to read again when a row changes meanwhile,
 shorter SELECTs on the server`,
  )
})

test('a key whose middle lies where no row can be is read as a range all the same', async t => {
  const {database, config} = await shop(t)
  await database.connection.query(`
    CREATE TABLE parcels (id CHAR(36) CHARACTER SET ascii PRIMARY KEY, v INT NOT NULL);
    INSERT INTO parcels SELECT CONCAT(LPAD(HEX(n), 8, '0'), '-0000-4000-8000-000000000000'), n FROM (${NUMBERS}) AS rows_of_it;
    INSERT INTO parcels VALUES ('-', 0), ('b', 0)`)
  const ran = await plan(t, config, `${database.name}.parcels`, '--json')
  assert.equal(ran.code, 0, ran.stderr)
  const parcels = tableOf(JSON.parse(ran.stdout) as PlanReport, database, 'parcels')
  assert.deepEqual(parcels.key, {columns: ['id'], access: 'range', index: 'PRIMARY', isRange: true})
})

test('a table that is not there ends with 2 and the nearest one', async t => {
  const {database, config} = await shop(t)
  const ran = await plan(t, config, `${database.name}.order`)
  assert.equal(ran.code, 2)
  assert.match(
    ran.stderr,
    /no captured table matches "\w+\.order"; did you mean \w+\.orders\? \(TIDEMARK_PLAN_UNKNOWN_TABLE\)/,
  )
})
