import assert from 'node:assert/strict'
import {test} from 'node:test'
import {taskPace} from '../../../src/cli/plan.ts'
import {planText} from '../../../src/cli/plan-text.ts'
import type {PlannedTable, PlanReport} from '../../../src/plan/plan-report.ts'
import type {StatusReport, TableStatus} from '../../../src/task/status.ts'

const orders: PlannedTable = {
  table: 'shop.orders',
  rows: 400_000_000,
  rowsExact: false,
  rowBytes: 1_500,
  eventBytes: 2_100,
  reader: 'chunks',
  key: {columns: ['id'], access: 'range', index: 'PRIMARY', isRange: true},
  chunkRows: 2_048,
  chunks: 195_313,
  samples: [{place: 'first', rows: 2_048, milliseconds: 20.1}],
  chunkMilliseconds: 22,
  durationSeconds: 4_297,
  bottleneck: 'reading',
  advisedChunkRows: 5_592,
  notes: [],
}

const report: PlanReport = {
  formatVersion: 1,
  tables: [
    orders,
    {
      ...orders,
      ...{table: 'shop.logs', rows: 10_000, chunks: 5, chunkMilliseconds: 310.5, durationSeconds: 1.5, rowBytes: 80},
      ...{eventBytes: 500, advisedChunkRows: 8_192},
      key: {columns: ['day', 'n'], access: 'ALL', index: null, isRange: false},
      notes: ['a visible index mends it'],
    },
    {
      ...orders,
      ...{table: 'shop.views', rows: 0, reader: 'parallel', key: null, chunks: 0, chunkMilliseconds: null},
      ...{durationSeconds: 0, bottleneck: null, eventBytes: null, samples: [], rowBytes: 0, advisedChunkRows: 8_192},
    },
  ],
  rows: 400_010_000,
  chunks: 195_318,
  durationSeconds: 4_299,
  lanes: 1,
  maxRowsPerSecond: null,
  chunkMemoryMb: 8,
  sink: {type: 'kafka', basis: 'assumed', bytesPerSecond: 209_715_200, rowsPerSecond: null, because: 'one broker'},
  retention: {
    platform: 'mysql',
    keepsSeconds: 172_800,
    setting: 'binlog_expire_logs_seconds = 172800',
    advisedSeconds: 604_800,
    isEnough: false,
    statement: 'SET PERSIST binlog_expire_logs_seconds = 604800;',
    obstacle: null,
  },
}

test('a plan shows each table, what is to be known of it, the whole, and what to set before', () => {
  assert.equal(
    planText(report),
    [
      '  table                rows     row   event  chunk key  read by                   chunks   a chunk    duration  held by',
      '  shop.orders  ~400,000,000  1.5 KB  2.1 KB  id         range of PRIMARY         195,313   22.0 ms  1 h 11 min  reading',
      '  shop.logs         ~10,000    80 B   500 B  day, n     ALL of the table (slow)        5  310.5 ms       1.5 s  reading',
      '  shop.views              0     0 B          none       parallel reader                                  0.0 s',
      'note      shop.logs: a visible index mends it',
      '',
      'rows      400,010,000 in 3 tables, 195,318 chunks; estimated by the server, which may be off by half: --exact counts',
      'duration  about 1 h 11 min, 93,047 rows/s, snapshot.max.threads 1',
      'sink      kafka takes 210 MB/s (assumed: one broker); --sink-rows-per-second says otherwise',
      'chunks    2,048 rows now; advised 5,592 to 8,192 (8 MB for a chunk / average row, held between 1,024 and 8,192)',
      '          larger: fewer round trips and marks; smaller: less memory, less to read again when a row changes meanwhile,',
      '          shorter SELECTs on the server',
      '          shop.orders: 5,592',
      '          shop.logs: 8,192',
      '          shop.views: 8,192',
      'binlogs   kept 2 days (binlog_expire_logs_seconds = 172800); advised 7 days (604,800 s): TOO SHORT',
      '          SET PERSIST binlog_expire_logs_seconds = 604800;',
    ].join('\n'),
  )
})

test('counted rows, known limits and RDS are said as such', () => {
  const text = planText({
    ...report,
    tables: [{...orders, rows: 1_000, rowsExact: true, durationSeconds: 5}],
    maxRowsPerSecond: 200,
    durationSeconds: 5.8,
    sink: {type: 'stdout', basis: 'assumed', bytesPerSecond: null, rowsPerSecond: null, because: 'it keeps up'},
    retention: {
      ...{platform: 'rds', keepsSeconds: 0, setting: "'binlog retention hours' = NULL", advisedSeconds: 777_600},
      ...{isEnough: false, statement: 'CALL x;', obstacle: 'a week at most'},
    },
  })
  assert.match(text, /^ {2}shop\.orders {2}1,000 /m)
  assert.match(text, /chunks; counted$/m)
  assert.match(text, /^duration {2}about 5\.8 s, .*, at most 200 rows\/s$/m)
  assert.match(text, /^sink {6}stdout: no bound \(assumed: it keeps up\)/m)
  assert.match(text, /kept no longer than the server likes \('binlog retention hours' = NULL\); advised 9 days/)
  assert.ok(text.endsWith('TOO SHORT\n          CALL x;\n          a week at most'))
})

test('a scan is called slow only where there is more than a chunk to scan, and spans have their own units', () => {
  const [, logs] = report.tables
  const ofRetention = (keepsSeconds: number): string =>
    planText({...report, tables: [{...logs!, rows: 4, chunks: 1}], retention: {...report.retention, keepsSeconds}})
  assert.match(ofRetention(600), / ALL of the table {2,}1 /)
  assert.match(ofRetention(600), /^binlogs {3}kept 10 minutes \(/m)
  assert.match(ofRetention(129_600), /kept 36 hours /)
})

test('a running snapshot that nothing holds back shows what the sink takes', () => {
  const running = {state: 'running', rowsPerSecond: 5_000} as TableStatus
  const throttle = {maxRowsPerSecond: null, query: null, waits: null}
  const pace = (change: Partial<StatusReport['snapshot']>) =>
    taskPace({
      snapshot: {state: 'running', tables: [running, running], throttle, ...change} as StatusReport['snapshot'],
    })
  assert.deepEqual(pace({}), {rowsPerSecond: 10_000, maxRowsPerSecond: null})
  assert.deepEqual(pace({tables: []}), {rowsPerSecond: null, maxRowsPerSecond: null})
  assert.deepEqual(pace({throttle: {...throttle, maxRowsPerSecond: 10_000}}), {
    rowsPerSecond: null,
    maxRowsPerSecond: 10_000,
  })
  assert.equal(pace({throttle: {...throttle, waits: 'the query says wait'}}).rowsPerSecond, null)
  assert.equal(pace({state: 'paused'}).rowsPerSecond, null)
})
