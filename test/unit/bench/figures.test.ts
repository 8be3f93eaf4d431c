import assert from 'node:assert/strict'
import {test} from 'node:test'
import {figuresTable, median, type RunFigures} from '../../../bench/figures.ts'

function run(rowsPerSecond: number, kafka: number | null = 1): RunFigures {
  return {
    type: 'rows',
    rows: 500_000,
    seconds: 2,
    wholeSeconds: 3,
    rowsPerSecond,
    megabytesPerSecond: 100,
    bytesPerEvent: {key: 10, value: 600.4, headers: 0},
    cpu: {task: 2, mysqld: 1, kafka},
    threads: {},
    peakRssMb: 180,
    loadBefore: 0.5,
    verified: 'equal',
  }
}

test('the median of an odd number is the middle one, of an even number the mean of two', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 2, 9]), 3)
  assert.ok(Number.isNaN(median([])))
})

test('the table has a line for each variant with the median of its runs', () => {
  const table = figuresTable([
    {case: 'snapshot', variant: 'to Kafka', contender: 'tidemark', runs: [run(300_000), run(100_000), run(350_000)]},
  ])
  const [head, line, ...more] = table.split('\n')
  assert.match(head ?? '', /rows\/s/)
  assert.match(line ?? '', /^to Kafka +500,000 +300,000 /)
  assert.deepEqual(more, [])
})

test('a figure that nobody could take is a dash, and so is a sum with it', () => {
  const line =
    figuresTable([{case: 'snapshot', variant: 'x', contender: 'tidemark', runs: [run(1, null)]}]).split('\n')[1] ?? ''
  assert.equal(line.split('–').length - 1, 2)
})
