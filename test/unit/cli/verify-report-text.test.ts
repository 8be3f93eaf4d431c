import assert from 'node:assert/strict'
import {test} from 'node:test'
import {verifyReportText} from '../../../src/cli/verify-report-text.ts'
import type {TableReport, VerifyReport} from '../../../src/verify/verify-report.ts'

function table(name: string, over: Partial<TableReport> = {}): TableReport {
  const counts = {rows: 1200, keys: 1200, events: 3000, missing: 0, ghosts: 0, different: 0}
  return {
    table: name,
    topic: `s.${name}`,
    isKeyless: false,
    equal: true,
    ...counts,
    differences: [],
    notes: [],
    ...over,
  }
}

function report(tables: readonly TableReport[]): VerifyReport {
  const equal = tables.every(each => each.equal)
  const place = {file: 'binlog.000007', pos: 1234}
  return {equal, place, tables, rows: 2400, events: 6000, seconds: 1.5, heldBytes: 1, spilledBytes: 0}
}

test('equal tables take one line each, and the last line says what was done', () => {
  assert.equal(
    verifyReportText(report([table('shop.orders'), table('shop.x', {rows: 1, keys: 1, events: 1})])),
    [
      'equal      shop.orders  1,200 rows, 1,200 keys from 3,000 events',
      'equal      shop.x       1 row, 1 key from 1 event',
      'equal: 2 tables; 2,400 rows, 6,000 events, at binlog.000007:1234, in 1.5 s',
    ].join('\n'),
  )
})

test('a table that differs shows its keys, how many more there are, and what helps', () => {
  const differing = table('shop.orders', {
    equal: false,
    missing: 3,
    different: 1,
    differences: [
      {kind: 'missing', key: '{"id":1}', columns: [], counts: null, lastEvent: null},
      {
        kind: 'different',
        key: '{"id":2}',
        columns: ['price'],
        counts: null,
        lastEvent: {file: 'binlog.000001', pos: 99},
      },
    ],
    notes: ['there is no read event'],
  })
  assert.equal(
    verifyReportText(report([differing])),
    [
      'DIFFERENT  shop.orders  1,200 rows, 1,200 keys from 3,000 events; 3 missing in the topic; 1 different',
      '  missing    {"id":1}',
      '  different  {"id":2}  in price  last event at binlog.000001:99',
      '  … and 2 more',
      '  note: there is no read event',
      'DIFFERENT: 1 of 1 table; 2,400 rows, 6,000 events, at binlog.000007:1234, in 1.5 s',
    ].join('\n'),
  )
})

test('of a table without a key rows are counted, and a difference says how often which row is where', () => {
  const differing = table('shop.clicks', {
    isKeyless: true,
    equal: false,
    missing: 3,
    differences: [{kind: 'missing', key: 'sha256:00ff', columns: [], counts: {table: 3, events: 1}, lastEvent: null}],
  })
  assert.equal(
    verifyReportText(report([differing])),
    [
      'DIFFERENT  shop.clicks  1,200 rows, 1,200 rows from 3,000 events; 3 missing in the topic',
      '  missing    sha256:00ff  3 times in the table, 1 in the topic',
      '  … and 1 more',
      'DIFFERENT: 1 of 1 table; 2,400 rows, 6,000 events, at binlog.000007:1234, in 1.5 s',
    ].join('\n'),
  )
})
