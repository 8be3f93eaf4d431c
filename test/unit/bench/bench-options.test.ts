import assert from 'node:assert/strict'
import {test} from 'node:test'
import {caseNames, readBenchOptions, UsageError} from '../../../bench/bench-options.ts'

test('without arguments the bench runs every case on servers once, with headers, and verifies', () => {
  const {cases, tool, runs, headers, verify, rows} = readBenchOptions([])
  assert.deepEqual(
    {cases, tool, runs, headers, verify, rows},
    {cases: [...caseNames], tool: null, runs: 1, headers: true, verify: true, rows: null},
  )
})

test('cases run in their own order, whatever the order they are named in', () => {
  assert.deepEqual(readBenchOptions(['stream', '--rows', '20_000', 'snapshot']).cases, ['snapshot', 'stream'])
})

test('a race runs every case but memory three times', () => {
  const {cases, runs, against} = readBenchOptions(['--against', 'debezium'])
  assert.deepEqual(
    cases,
    caseNames.filter(name => name !== 'memory'),
  )
  assert.deepEqual({runs, against}, {runs: 3, against: {type: 'debezium'}})
  assert.deepEqual(readBenchOptions(['memory', '--against', 'debezium', '--runs', '2']).cases, ['memory'])
})

test('a quick bench runs few rows once, unless it is told otherwise', () => {
  const {rows, runs, seconds} = readBenchOptions(['--against', 'debezium', '--quick'])
  assert.deepEqual({rows, runs, seconds}, {rows: 20_000, runs: 1, seconds: 3})
  assert.equal(readBenchOptions(['--quick', '--rows', '500']).rows, 500)
  assert.equal(readBenchOptions(['--quick', '--runs', '2']).runs, 2)
})

test('only a race warms up what it measures, unless it is told otherwise', () => {
  assert.equal(readBenchOptions([]).warmUpRows, 0)
  assert.equal(readBenchOptions(['--against', 'debezium']).warmUpRows, 300_000)
  assert.equal(readBenchOptions(['--against', 'debezium', '--quick']).warmUpRows, 20_000)
  assert.equal(readBenchOptions(['--against', 'debezium', '--warm-up', '0']).warmUpRows, 0)
  assert.equal(readBenchOptions(['--warm-up', '5_000']).warmUpRows, 5000)
  assert.throws(() => readBenchOptions(['--warm-up=-1']), /--warm-up is "-1", wanted a whole number from 0 on/)
})

test('a rival that is not known is refused with those that are', () => {
  assert.throws(() => readBenchOptions(['--against', 'maxwell']), /"maxwell", wanted debezium/)
})

test('a rival may be the build of another checkout', () => {
  const {against, cases, runs} = readBenchOptions(['--against', '.'])
  assert.equal(against?.type, 'build')
  assert.deepEqual({cases, runs}, {cases: [...caseNames], runs: 3})
})

test('read-only snapshots run beside those with the signal table, in the cases that copy', () => {
  const {cases, readOnly, runs} = readBenchOptions(['--read-only'])
  assert.deepEqual(
    {cases, readOnly, runs},
    {cases: ['snapshot', 'snapshot-under-writes', 'many-tables'], readOnly: true, runs: 1},
  )
  assert.deepEqual(readBenchOptions(['snapshot', '--read-only']).cases, ['snapshot'])
  assert.throws(() => readBenchOptions(['--read-only', '--against', 'debezium']), UsageError)
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
