import assert from 'node:assert/strict'
import {test} from 'node:test'
import {adviseChunk} from '../../../src/plan/chunk-advice.ts'
import {tableDuration, usual, type SnapshotPace, type TableCost} from '../../../src/plan/duration.ts'
import {advisedRetentionSeconds, adviseRetention} from '../../../src/plan/retention-advice.ts'
import {serverRetention} from '../../../src/plan/server-retention.ts'

const DAY = 86_400

test('a chunk is advised memory in MB / row in KB × 1024 rows, held between 1,024 and 8,192', () => {
  assert.deepEqual(adviseChunk(8, 2 * 1024), {rows: 4_096, unbounded: 4_096})
  assert.deepEqual(adviseChunk(8, 100), {rows: 8_192, unbounded: 83_886})
  assert.deepEqual(adviseChunk(8, 64 * 1024), {rows: 1_024, unbounded: 128})
  assert.deepEqual(adviseChunk(8, 0), {rows: 8_192, unbounded: 8_388_608})
})

const cost: TableCost = {
  rows: 1_000_000,
  readSecondsPerRow: 4e-6,
  buildSecondsPerRow: 2e-6,
  sinkBytesPerRow: 500,
  isOneRead: false,
}
const pace: SnapshotPace = {
  lanes: 1,
  sinkBytesPerSecond: 1e9,
  sinkRowsPerSecond: null,
  maxRowsPerSecond: null,
  sharedProcessors: null,
}

test('a table takes as long as the slowest of reading, making events, sink and limit', () => {
  assert.deepEqual(tableDuration(cost, pace), {seconds: 4, bottleneck: 'reading'})
  assert.deepEqual(tableDuration(cost, {...pace, lanes: 4}), {seconds: 2, bottleneck: 'events'})
  assert.deepEqual(tableDuration(cost, {...pace, sinkBytesPerSecond: 1e8}), {seconds: 5, bottleneck: 'sink'})
  assert.deepEqual(tableDuration(cost, {...pace, sinkRowsPerSecond: 1e5}), {seconds: 10, bottleneck: 'sink'})
  assert.deepEqual(tableDuration(cost, {...pace, maxRowsPerSecond: 5e4}), {seconds: 20, bottleneck: 'limit'})
})

test('lanes do not help a table that one SELECT reads, nor beyond the processors that they share with MySQL', () => {
  // Half a second for its lock and the stream of its own.
  assert.equal(tableDuration({...cost, isOneRead: true}, {...pace, lanes: 4}).seconds, 4.5)
  const shared = tableDuration(cost, {...pace, lanes: 4, sharedProcessors: 2})
  assert.deepEqual(shared.bottleneck, 'processors')
  assert.ok(Math.abs(shared.seconds - 3) < 1e-9)
})

test('a chunk that took much longer than the others by chance does not count', () => {
  assert.equal(usual([1, 1, 1, 90]), 1)
  assert.equal(usual([2, 4]), 3)
  assert.equal(usual([]), 0)
})

test('binlogs are advised to be kept for the duration, two margins and three days, and never less than a week', () => {
  assert.equal(advisedRetentionSeconds(3_600, 3_600), 604_800)
  assert.equal(advisedRetentionSeconds(2 * DAY, 2 * DAY), 9 * DAY)
  assert.equal(advisedRetentionSeconds(0.2, 3 * DAY), 9 * DAY + 1)
})

const variables = (entries: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(entries))

test('MySQL keeps binlogs by seconds, else by days, else for ever', () => {
  const kept = (entries: Record<string, string>) => serverRetention(variables(entries), undefined)
  assert.deepEqual(kept({binlog_expire_logs_seconds: '259200', expire_logs_days: '1'}), {
    platform: 'mysql',
    keepsSeconds: 259_200,
    setting: 'binlog_expire_logs_seconds = 259200',
  })
  assert.equal(kept({binlog_expire_logs_seconds: '0', expire_logs_days: '2'}).keepsSeconds, 2 * DAY)
  assert.equal(kept({binlog_expire_logs_seconds: '0', expire_logs_days: '0'}).keepsSeconds, null)
  const off = kept({binlog_expire_logs_seconds: '60', binlog_expire_logs_auto_purge: 'OFF'})
  assert.deepEqual([off.keepsSeconds, off.setting], [null, 'binlog_expire_logs_auto_purge = OFF'])
})

test('RDS and Aurora are known by their variables and their table, which wins over the variables of MySQL', () => {
  const seconds = {binlog_expire_logs_seconds: '2592000'}
  assert.deepEqual(serverRetention(variables({...seconds, version: '8.0.40', basedir: '/rdsdbbin/mysql/'}), 24), {
    platform: 'rds',
    keepsSeconds: 86_400,
    setting: "mysql.rds_configuration 'binlog retention hours' = 24",
  })
  const aurora = serverRetention(variables({...seconds, version: '8.0.mysql_aurora.3.08.0'}), null)
  assert.deepEqual([aurora.platform, aurora.keepsSeconds], ['aurora', 0])
  const unread = serverRetention(variables({...seconds, datadir: '/rdsdbdata/db/'}), undefined)
  assert.deepEqual([unread.platform, unread.keepsSeconds], ['rds', 0])
  assert.match(unread.setting, /may not read: CALL mysql\.rds_show_configuration;/)
})

test('what is kept too short comes with the statement of its platform, as far as that goes', () => {
  const kept = (platform: 'mysql' | 'rds' | 'aurora', seconds: number) =>
    adviseRetention({platform, keepsSeconds: DAY, setting: ''}, seconds)
  assert.equal(kept('mysql', 604_801).statement, 'SET PERSIST binlog_expire_logs_seconds = 604801;')
  assert.equal(kept('rds', 7 * DAY).statement, "CALL mysql.rds_set_configuration('binlog retention hours', 168);")
  assert.equal(kept('rds', 7 * DAY).obstacle, null)
  assert.match(kept('aurora', 9 * DAY + 1).statement, /'binlog retention hours', 217/)
  assert.match(kept('rds', 9 * DAY).obstacle!, /keeps binlogs for 168 hours at most, 216 are advised/)
  assert.equal(kept('aurora', 9 * DAY).statement, "CALL mysql.rds_set_configuration('binlog retention hours', 216);")
  assert.match(kept('aurora', 100 * DAY).statement, /'binlog retention hours', 2160/)
  assert.match(kept('aurora', 100 * DAY).obstacle!, /2160 hours at most, 2400 are advised/)
})

test('what is kept long enough, or until purged by hand, needs no statement', () => {
  for (const keepsSeconds of [604_800, null]) {
    const {isEnough, statement} = adviseRetention({platform: 'mysql', keepsSeconds, setting: ''}, 604_800)
    assert.deepEqual([isEnough, statement], [true, ''])
  }
})
