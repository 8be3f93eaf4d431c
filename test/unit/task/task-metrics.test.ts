import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import {METRICS} from '../../../src/metrics/metric-table.ts'
import type {Engine} from '../../../src/task/engine.ts'
import {metricsReading} from '../../../src/task/task-metrics.ts'
import {TaskTally} from '../../../src/task/task-tally.ts'
import {plan, readChunk, chunkRun, tableRun} from '../../support/snapshot-parts.ts'

const settings = {
  events: {topicPrefix: 'shop', skipsUnchanged: false},
  stream: {memoryBytes: 1000},
  snapshot: {memoryBytes: 2000},
} as unknown as Settings

const base = {
  settings,
  version: '1',
  state: 'starting',
  streaming: false,
  sinkStatus: {state: 'closed'},
  headroom: null,
  savedAtMs: 0,
} as const

test('before the stream begins every metric can be read, and none is invented', () => {
  const reading = metricsReading({...base, engine: null, tally: new TaskTally()})
  assert.deepEqual(
    [reading.stream.behindMs, reading.stream.sinceLastEventMs, reading.stream.position, reading.checkpointAgeSeconds],
    [null, null, null, null],
  )
  for (const {name, read} of METRICS) {
    for (const {value} of read(reading)) assert(Number.isFinite(value), name)
  }
})

test('what the parts know is read from them', () => {
  const snapshot = plan(['t'])
  snapshot.state = 'running'
  const run = tableRun(snapshot)
  chunkRun(run.ranges[0]!, readChunk([1, 2, 3]))
  const tally = new TaskTally()
  tally.snapshots.accepted(snapshot)
  const engine = {
    coordinator: {
      plans: [snapshot],
      paused: true,
      runs: [run],
      waitingWindows: 2,
      budget: {held: 300},
      throttle: {waits: 'x'},
    },
    dispatcher: {
      lastEventMs: Date.now() - 5000,
      lagMs: 7,
      caughtUp: true,
      lastHeardMs: 1,
      reached: {file: 'b.000001', pos: 77, sid: 'u', gno: 4},
    },
    emitter: {eventsEmitted: 9, streamBytes: 10, snapshotBytesInFlight: 20},
    currentPosition: () => ({file: 'b.000001', pos: 77, gtidSet: 'u:1-4'}),
    tracker: {pending: 4},
    divergences: {count: 1, watched: [1, 2]},
    signals: {counts: new Map([['source,accepted', 3]]), pending: []},
    signalChannels: [],
    notes: {overflows: 5},
    marks: {unseenMs: 1500},
    resumesByPosition: false,
  } as unknown as Engine
  tally.begun(engine)
  for (let i = 0; i < 11; i++) tally.stream.ended('commit', 'u', i)
  const reading = metricsReading({
    ...base,
    state: 'running',
    streaming: true,
    savedAtMs: Date.now() - 500,
    engine,
    tally,
  })
  const {stream, chunks} = reading
  assert.deepEqual([reading.snapshot.isRunning, reading.snapshot.isPaused], [false, true])
  assert.deepEqual(reading.signals, [{channel: 'source', result: 'accepted', count: 3}])
  assert.deepEqual([stream.behindMs, stream.committed, stream.capturedTables, stream.batchesPending], [7, 11, 2, 4])
  assert(stream.sinceLastEventMs! >= 5000 && reading.checkpointAgeSeconds! >= 0.5)
  assert.deepEqual([stream.gtidMode, stream.inFlightBytes, stream.memoryBytes], [true, 10, 1000])
  assert.deepEqual(chunks, {
    windowsWaiting: 2,
    isThrottled: true,
    heldBytes: 300,
    memoryBytes: 2000,
    inFlightRows: 3,
    inFlightBytes: 20,
    watermarkOverdueSeconds: 1.5,
    speeds: [{table: 'd.t', rowsPerSecond: 0, secondsLeft: null}],
  })
  assert.deepEqual([reading.eventsEmitted, reading.notesOverflowed, reading.divergedTables], [9, 5, 1])
})

test('counters go on where the task begins again with another engine', () => {
  const tally = new TaskTally()
  const engineOf = (count: number): Engine =>
    ({
      coordinator: null,
      failing: {counts: new Map([['d.t', count]])},
      emitter: {eventsEmitted: count},
      signals: {counts: new Map([['kafka,rejected', count]])},
      notes: {overflows: count},
    }) as unknown as Engine
  tally.begun(engineOf(2))
  tally.ended()
  tally.ended()
  assert.equal(tally.counts.eventsEmitted, 2, 'between the two')
  tally.begun(engineOf(3))
  const {eventsEmitted, notesOverflowed, rowsLeftOut, signals} = tally.counts
  assert.deepEqual(
    [eventsEmitted, notesOverflowed, rowsLeftOut.get('d.t'), signals.get('kafka,rejected')],
    [5, 5, 5, 5],
  )
})
