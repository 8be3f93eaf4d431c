import assert from 'node:assert/strict'
import {test} from 'node:test'
import {chartPoints} from '../../../../src/http/page/charts.ts'

test('the newest sample is at the right end, the highest at the top, and unknown ones are left out', () => {
  const samples = [
    {atMs: 0, value: 5},
    {atMs: 500, value: null},
    {atMs: 150_000, value: 10},
  ]
  assert.equal(chartPoints(samples, 3_600_000), '150.0,30.0 300.0,2.0', 'at least five minutes wide')
  assert.equal(
    chartPoints(
      samples.map(each => ({...each, atMs: each.atMs * 10})),
      3_600_000,
    ),
    '0.0,30.0 300.0,2.0',
  )
  assert.equal(chartPoints([], 2000), '')
  assert.equal(chartPoints([{atMs: 9, value: 0}], 2000), '300.0,58.0', 'a line of zeros is at the bottom')
})
