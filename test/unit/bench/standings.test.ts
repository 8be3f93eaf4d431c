import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Latencies, RunFigures, VariantFigures} from '../../../bench/figures.ts'
import {resultsDocument, standingsTable, type RaceResults} from '../../../bench/race/results-document.ts'
import {standings} from '../../../bench/race/standings.ts'

interface Cost {
  readonly cpu?: number | null
  readonly peak?: number
}

function rows(contender: string, variant: string, speeds: readonly number[], cost: Cost = {}): VariantFigures {
  const runs = speeds.map((rowsPerSecond): RunFigures => {
    return {
      type: 'rows',
      rows: 500_000,
      seconds: 500_000 / rowsPerSecond,
      wholeSeconds: 20,
      rowsPerSecond,
      megabytesPerSecond: 10,
      bytesPerEvent: {key: 10, value: 640, headers: 176},
      cpu: {task: cost.cpu === undefined ? 2 : cost.cpu, mysqld: 1, kafka: 1},
      threads: {},
      peakRssMb: cost.peak ?? 100,
      loadBefore: 0.1,
      verified: 'equal',
    }
  })
  return {case: variant.startsWith('snapshot') ? 'snapshot' : 'stream', variant, contender, runs}
}

function latency(contender: string, idleP50: number): VariantFigures {
  const times: Latencies = {p50: idleP50, p99: idleP50 * 3, max: idleP50 * 5, changes: 500}
  const run = {
    type: 'latency',
    idle: times,
    duringSnapshot: times,
    idleToAck: times,
    duringSnapshotToAck: times,
    duringParallel: null,
    duringParallelToAck: contender === 'tidemark' ? times : null,
    snapshotRows: 1_000_000,
    peakRssMb: 150,
    verified: 'equal',
  } as const
  return {case: 'latency', variant: 'latency at 50 changes/s', contender, runs: [run]}
}

const uncompressed = 'snapshot, chunks of 2048, kafka uncompressed'
const lz4 = 'snapshot, chunks of 2048, kafka lz4'

function named(variants: readonly VariantFigures[], what: string) {
  return standings(variants, 'tidemark').find(standing => standing.what.startsWith(what))
}

test('a ratio is that of medians, against the better of the rival’s settings', () => {
  const line = named(
    [
      rows('debezium default', uncompressed, [10_000, 90_000, 20_000]),
      rows('debezium tuned', uncompressed, [30_000, 31_000, 29_000]),
      rows('tidemark', uncompressed, [240_000, 100_000, 300_000]),
    ],
    'snapshot to Kafka, uncompressed',
  )
  assert.equal(line?.tidemark, 240_000)
  assert.deepEqual(line.rivals, {'debezium default': 20_000, 'debezium tuned': 30_000})
  assert.equal(line.ratio, 8)
  assert.equal(line.verdict, 'floor')
})

test('where less is better the ratio is turned round, and the case in which we are least ahead counts', () => {
  const line = named(
    [
      rows('debezium tuned', uncompressed, [1], {cpu: 48}),
      rows('tidemark', uncompressed, [1], {cpu: 3}),
      rows('debezium tuned', lz4, [1], {cpu: 40}),
      rows('tidemark', lz4, [1], {cpu: 4}),
    ],
    'CPU',
  )
  assert.equal(line?.ratio, 10)
  assert.equal(line.tidemark, 4)
  assert.equal(line.verdict, 'floor')
})

test('a ratio below the floor is missed, and one that is exactly the aim reaches it', () => {
  const against = (own: number) =>
    named([rows('debezium tuned', lz4, [10]), rows('tidemark', lz4, [own])], 'snapshot to Kafka, lz4')?.verdict
  assert.equal(against(79), 'missed')
  assert.equal(against(80), 'floor')
  assert.equal(against(140), 'aim')
})

test('latencies are bounds of our own figure, and the rival’s stand beside it', () => {
  const variants = [latency('debezium default', 250), latency('tidemark', 2.5)]
  const line = named(variants, 'commit to consumer, idle, p50')
  assert.equal(line?.ratio, null)
  assert.deepEqual(line.rivals, {'debezium default': 250})
  assert.equal(line.verdict, 'floor')
})

test('what was not run, or could not be measured, has no line', () => {
  assert.deepEqual(standings([], 'tidemark'), [])
  const unknown = [rows('debezium tuned', lz4, [10], {cpu: null}), rows('tidemark', lz4, [100], {cpu: null})]
  assert.equal(named(unknown, 'CPU'), undefined)
  assert.equal(named([rows('tidemark', lz4, [100])], 'snapshot to Kafka, lz4'), undefined)
})

test('a table of standings shows figures of both, ratio, bounds and what was reached', () => {
  const variants = [rows('debezium tuned', lz4, [31_234]), rows('tidemark', lz4, [312_340])]
  const text = standingsTable(standings(variants, 'tidemark'))
  assert.match(text, /^\| what \| Tidemark \| debezium tuned \| ratio \|/)
  assert.match(text, /\| 312,000 rows\/s \| 31,200 rows\/s \| 10\.0 × \| 8 × \| 14 × \| floor reached \|/)
})

test('the document holds the command, the machine, both configurations and every figure', () => {
  const variants = [
    rows('debezium tuned', lz4, [30_000, 31_000]),
    rows('tidemark', lz4, [312_340]),
    latency('tidemark', 2),
  ]
  const results: RaceResults = {
    command: 'npm run bench -- --against debezium',
    date: '2026-11-21',
    minutes: 22,
    runs: 3,
    machine: {cores: 2, mysql: '9.7.4'},
    versions: {debezium: '3.6.0.Final'},
    configurations: {'Debezium tuned': {'max.batch.size': '16384'}},
    notes: ['both in turn'],
    standings: standings(variants, 'tidemark'),
    variants,
  }
  const text = resultsDocument(results)
  for (const part of ['`npm run bench -- --against debezium`', '| cores | 2 |', '| debezium | 3.6.0.Final |']) {
    assert.ok(text.includes(part), part)
  }
  assert.match(text, /```properties\nmax\.batch\.size=16384\n```/)
  assert.match(
    text,
    /\| snapshot, chunks of 2048, kafka lz4 \| debezium tuned \| 500,000 \| 30,500 \| 30,000 31,000 \|/,
  )
  assert.match(text, /\| tidemark \| 2\.00 \| 6\.00 \|/)
  assert.doesNotMatch(text, /NaN|undefined/)
})

test('latency beside the parallel reader is ours alone: no rival streams while it blocks', () => {
  const line = named([latency('debezium tuned', 13), latency('tidemark', 2)], 'commit to ack beside a copy')
  assert.deepEqual([line?.tidemark, line?.rivals, line?.verdict], [6, {}, 'aim'])
})
