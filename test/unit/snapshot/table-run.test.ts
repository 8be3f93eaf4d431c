import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {advance, rewind} from '../../../src/snapshot/table-run.ts'
import type {ChunkRun, RangeRun} from '../../../src/snapshot/table-run.ts'
import {chunkRun, plan, readChunk, tableRun} from '../../support/snapshot-parts.ts'

function openRange(): RangeRun {
  return tableRun(plan(['t'])).ranges[0]!
}

/** Chunk number `i` holds rows 10i and 10i+1. */
function addChunk(range: RangeRun, i: number, more = true): ChunkRun {
  return chunkRun(range, readChunk([i * 10, i * 10 + 1], {more, low: i}))
}

test('only the unbroken prefix of chunks that have left and are acknowledged may be stored', () => {
  const range = openRange()
  const [first, second, third] = [addChunk(range, 0), addChunk(range, 1), addChunk(range, 2)]
  second.state = 'left'
  assert.deepEqual(advance(range), [])
  assert.equal(range.plan.after, null)
  first.state = 'left'
  first.piecesInFlight = 1
  assert.deepEqual(advance(range), [], 'rows on their way are not done')
  first.piecesInFlight = 0
  third.state = 'closed'
  assert.deepEqual(advance(range), [first, second])
  assert.deepEqual(range.plan.after, ['11'])
  assert.deepEqual([range.run.plan.rowsDone, range.run.plan.chunksDone, range.plan.done], [4, 2, false])
})

test('the last chunk ends the range, also where it is empty', () => {
  const range = openRange()
  addChunk(range, 0).state = 'left'
  chunkRun(range, readChunk([])).state = 'left'
  advance(range)
  assert.equal(range.plan.done, true)
  assert.deepEqual(range.plan.after, ['1'])
})

test('superseded rows are counted apart and among the rows done', () => {
  const range = openRange()
  const chunk = addChunk(range, 0, false)
  chunk.state = 'left'
  chunk.superseded = 1
  advance(range)
  assert.deepEqual([range.run.plan.rowsDone, range.run.plan.superseded], [2, 1])
})

test('a rewind drops everything from the first chunk that has not left and reads again behind those before it', () => {
  const range = openRange()
  const chunks = [0, 1, 2, 3].map(i => addChunk(range, i, i < 3))
  chunks[0]!.state = 'left'
  chunks[1]!.state = 'closed'
  chunks[2]!.state = 'left'
  assert.deepEqual(rewind(range), [chunks[1], chunks[3]], 'those that still hold rows')
  assert.deepEqual(
    chunks.map(chunk => chunk.state),
    ['left', 'dropped', 'dropped', 'dropped'],
  )
  assert.deepEqual([range.readAfter, range.readToEnd], [['1'], false])
})

test('a rewind with nothing on its way ends the running job, and leaves a range alone that was read to its end', () => {
  const range = openRange()
  range.jobId = 4
  assert.deepEqual(rewind(range), [])
  assert.deepEqual([range.restart, range.readAfter], [true, null])
  const ended = openRange()
  addChunk(ended, 0, false).state = 'left'
  assert.deepEqual(rewind(ended), [])
  assert.deepEqual([ended.readToEnd, ended.restart, ended.chunks.length], [true, false, 1])
})

test('a rewind without a running job needs no restart', () => {
  const range = openRange()
  addChunk(range, 0)
  rewind(range)
  assert.equal(range.restart, false)
  assert.equal(range.readAfter, null)
})

test('reading, leaving, acknowledging and rewinding in any order: every row is done once, in order, and none is passed over', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('read', 'leave', 'acknowledge', 'rewind'), fc.nat(100)), {
    maxLength: 120,
  })
  fc.assert(
    fc.property(steps, fc.integer({min: 0, max: 20}), (list, lastRow) => {
      const run = tableRun(plan(['t']))
      const range = run.ranges[0]!
      const done: number[] = []
      const inFlight: ChunkRun[] = []
      const step = (name: string, choice: number): void => {
        if (name === 'read' && !range.readToEnd) {
          const from = range.readAfter === null ? 0 : Number(range.readAfter[0]) + 1
          const count = Math.min(1 + (choice % 4), lastRow - from)
          const rows = Array.from({length: count}, (_, i) => from + i)
          const isEmpty = rows.length === 0
          const chunk = chunkRun(range, readChunk(rows, {more: from + count < lastRow && !isEmpty}))
          if (isEmpty) chunk.state = 'left'
        } else if (name === 'leave') {
          const next = range.chunks.find(chunk => chunk.state !== 'left')
          if (next === undefined) return
          next.state = 'left'
          next.piecesInFlight = 1
          inFlight.push(next)
        } else if (name === 'acknowledge' && inFlight.length > 0) {
          inFlight.splice(choice % inFlight.length, 1)[0]!.piecesInFlight--
        } else if (name === 'rewind') {
          rewind(range)
        }
        for (const {chunk} of advance(range)) {
          for (let row = 0; row < chunk.rows; row++) done.push(Number(rowKeyOf(chunk, row)))
        }
      }
      for (const [name, choice] of list) step(name, choice)
      for (let i = 0; i < 200 && !range.plan.done; i++)
        for (const name of ['read', 'leave', 'acknowledge']) step(name, i)
      assert.equal(range.plan.done, true)
      assert.deepEqual(
        done,
        Array.from({length: lastRow}, (_, i) => i),
      )
      assert.equal(run.plan.rowsDone, lastRow)
    }),
  )
})

function rowKeyOf(chunk: ChunkRun['chunk'], row: number): string {
  return Buffer.from(chunk.bytes.subarray(chunk.ends[row * 3 + 1], chunk.ends[row * 3 + 2])).toString()
}

test('the oldest low watermark is that of the oldest window, or of the chunk being read', () => {
  const range = openRange()
  assert.equal(range.run.oldestLow(9), 9)
  range.jobId = 1
  range.lowBound = 6
  assert.equal(range.run.oldestLow(9), 6)
  const chunk = addChunk(range, 3)
  for (const [state, low] of [
    ['waiting', 3],
    ['closed', 3],
    ['left', 6],
    ['dropped', 6],
  ] as const) {
    chunk.state = state
    assert.equal(range.run.oldestLow(9), low, state)
  }
})

test('ranges that are done are not opened again', () => {
  const run = tableRun(plan(['t']), {
    ranges: [
      {after: ['5'], upTo: ['5'], done: true},
      {after: ['7'], upTo: ['9'], done: false},
    ],
  })
  assert.deepEqual(
    run.ranges.map(range => range.readAfter),
    [['7']],
  )
})

test('a run is active while its table waits or runs', () => {
  const run = tableRun(plan(['t']))
  for (const [state, active] of [
    ['waiting', true],
    ['running', true],
    ['done', false],
    ['stopped', false],
    ['failed', false],
  ] as const) {
    run.plan.state = state
    assert.equal(run.active, active, state)
  }
})

test('what is known of a table at its end takes the place of the estimate', () => {
  const ended = (state: 'done' | 'stopped', rowsDone: number, rowsEstimated: number): number => {
    const run = tableRun(plan(['t']))
    Object.assign(run.plan, {rowsDone, rowsEstimated})
    run.end(state)
    assert.equal(run.plan.state, state)
    return run.plan.rowsEstimated
  }
  assert.equal(ended('done', 12, 100), 12)
  assert.equal(ended('stopped', 12, 100), 100)
  assert.equal(ended('stopped', 120, 100), 0)
  assert.equal(ended('stopped', 0, 100), 100)
})

test('rows that were read and are not acknowledged are ahead', () => {
  const run = tableRun(plan(['t']))
  const [range] = run.ranges
  assert.equal(run.rowsAhead, 0)
  chunkRun(range!, readChunk([1, 2, 3], {more: true}))
  chunkRun(range!, readChunk([4]), {state: 'left'})
  assert.equal(run.rowsAhead, 4)
})
