import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readBenchOptions, UsageError} from '../../../bench/bench-options.ts'

test('without arguments the bench runs every case on servers once, with headers, and verifies', () => {
  const {cases, tool, runs, headers, verify, rows} = readBenchOptions([])
  assert.deepEqual(
    {cases, tool, runs, headers, verify, rows},
    {cases: ['snapshot', 'stream', 'memory'], tool: null, runs: 1, headers: true, verify: true, rows: null},
  )
})

test('cases run in their own order, whatever the order they are named in', () => {
  assert.deepEqual(readBenchOptions(['stream', '--rows', '20_000', 'snapshot']).cases, ['snapshot', 'stream'])
})

test('a number of rows may be grouped with underscores or commas', () => {
  assert.equal(readBenchOptions(['--rows', '5_000_000']).rows, 5_000_000)
  assert.equal(readBenchOptions(['--rows', '5,000,000']).rows, 5_000_000)
})

test('a part alone gets all arguments behind its name', () => {
  const {tool, cases} = readBenchOptions(['produce', '127.0.0.1:9092', '1000'])
  assert.deepEqual(tool, {name: 'produce', args: ['127.0.0.1:9092', '1000']})
  assert.deepEqual(cases, [])
})

test('wrong usage is refused with what was found', () => {
  assert.throws(
    () => readBenchOptions(['snapshots']),
    (error: unknown) => error instanceof UsageError && /"snapshots"/.test(error.message),
  )
  assert.throws(() => readBenchOptions(['--rows', 'many']), /--rows is "many"/)
  assert.throws(() => readBenchOptions(['--runs', '0']), /--runs is "0"/)
  assert.throws(() => readBenchOptions(['--row', '5']), UsageError)
})
