import assert from 'node:assert/strict'
import {test} from 'node:test'
import {SnapshotTimeLeft} from '../../../src/snapshot/snapshot-time-left.ts'
import {simulateCopy, type SimulatedCopy, type SimulatedTable} from '../../support/simulated-copy.ts'
import {plan, tableRun} from '../../support/snapshot-parts.ts'

const evenly: readonly SimulatedTable[] = [{rows: 2_000_000, rowsEstimated: 2_000_000, rowBytes: 200}]

/** About a minute. */
const copy: SimulatedCopy = {
  tables: evenly,
  bytesPerSecond: () => 20e6,
  readShare: 0.5,
  readerTakes: 0.6,
  rowsAhead: 300_000,
}

/** From a tenth on, and while more than a second is left: the time that is shown against the one that was left. */
function assertGood(what: Partial<SimulatedCopy>): void {
  const looks = simulateCopy({...copy, ...what}).filter(({done, left}) => done >= 0.1 && left >= 1)
  assert.ok(looks.length > 20)
  for (const {done, shown, left} of looks) {
    assert.ok(shown !== null, `nothing is shown at ${Math.round(done * 100)} %`)
    const factor = Math.max(shown, left) / Math.min(shown, left)
    assert.ok(factor <= 1.5, `${shown} s at ${Math.round(done * 100)} %, where ${left.toFixed(1)} s were left`)
  }
}

/** Every two seconds another speed, up to a quarter more or less. */
function fluctuating(seed: number): (seconds: number) => number {
  return seconds => {
    const random = Math.abs(Math.sin((seed + Math.floor(seconds / 2)) * 12.9898) * 43_758.5453) % 1
    return 20e6 * (0.75 + 0.5 * random)
  }
}

test('rows that were read and have not left are half the work: what reading took leaves faster once all is read', () => {
  assertGood({})
  assertGood({readerTakes: 0.8})
})

test('where the sink is what everything waits for, rows that were read bring the end no nearer', () => {
  assertGood({sinkBytesPerSecond: 15e6})
  assertGood({sinkBytesPerSecond: 15e6, rowsAhead: 100_000})
})

test('where reading is what takes long, hardly anything lies between', () => {
  assertGood({readShare: 0.8, readerTakes: 0.2})
})

test('a speed that fluctuates is followed, and not each of its moods', () => {
  for (const seed of [1, 2, 3, 4, 5]) assertGood({bytesPerSecond: fluctuating(seed), rowsAhead: 100_000})
})

test('a server that estimates half or one and a half times the rows is corrected by the key', () => {
  const tables = [0.6, 1.5].map(wrong => [{rows: 2_000_000, rowsEstimated: 2_000_000 * wrong, rowBytes: 200}])
  for (const table of tables) assertGood({tables: table})
})

test('tables that wait count for what their rows are wide', () => {
  const narrow = {rows: 600_000, rowsEstimated: 600_000, rowBytes: 50}
  const wide = {rows: 100_000, rowsEstimated: 100_000, rowBytes: 4_000}
  assertGood({tables: [narrow, wide, narrow]})
  assertGood({tables: [wide, narrow, wide]})
})

test('a speed that halves for good is shown right again before five minutes have passed', () => {
  const speed = (seconds: number): number => (seconds < 400 ? 40e6 : 20e6)
  const tables = [{rows: 60_000_000, rowsEstimated: 60_000_000, rowBytes: 200}]
  const looks = simulateCopy({...copy, tables, bytesPerSecond: speed})
  const end = looks[0]!.left
  const after = looks.filter(({left}) => end - left > 440 && left > 10)
  for (const {shown, left} of after) assert.ok(shown! > left / 1.5 && shown! < left * 1.5, `${shown} ${left}`)
})

test('tables whose turn comes later are counted as the server estimates them; of an unknown one nobody knows', () => {
  let now = 0
  const time = new SnapshotTimeLeft(
    () => false,
    () => now,
  )
  const [running, waiting] = [tableRun(plan(['a'])), tableRun(plan(['b']))]
  Object.assign(running.plan, {rowsEstimated: 1_000, ranges: []})
  Object.assign(waiting.plan, {rowsEstimated: 0, ranges: null, state: 'waiting'})
  running.rowBytes = 100
  time.tableStarted(running)
  for (let rows = 100; rows <= 500; rows += 100) {
    now += 1_000
    running.plan.rowsDone = rows
    time.progressed(running)
  }
  assert.equal(time.seconds([running, waiting]), null)
  waiting.rowBytes = 1_000
  // 500 events of 500 bytes at 50,000 bytes a second.
  assert.equal(time.seconds([running, waiting]), 5)
  waiting.plan.rowsEstimated = 1_000
  assert.equal(time.seconds([running, waiting]), 33)
})
