import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {branchAfter, TRANSITIONS} from '../../../src/readers/branch-state.ts'
import type {BranchEvent, BranchState, BranchStateName} from '../../../src/readers/branch-state.ts'
import {TableShares} from '../../../src/readers/table-shares.ts'
import {decodeCheckpoint, encodeCheckpoint} from '../../../src/state/checkpoint.ts'
import type {Checkpoint} from '../../../src/state/checkpoint.ts'

const TABLE = {database: 'd', table: 't'}

function place(pos: number) {
  return {file: 'b.000001', pos, gtidSet: null, rows: 0, sid: '', gno: 0}
}

const pos = fc.integer({min: 4, max: 1000})
const event: fc.Arbitrary<BranchEvent> = fc.oneof(
  fc.record({
    type: fc.constant('locked' as const),
    table: fc.constant(TABLE),
    place: pos.map(place),
    copyId: fc.uuid(),
    isCaptured: fc.boolean(),
  }),
  pos.map(at => ({type: 'advanced' as const, at: {from: place(at), prepared: []}})),
  pos.map(at => ({type: 'copied' as const, place: place(at)})),
  fc.constant({type: 'abandoned' as const}),
  pos.map(at => ({type: 'skipped' as const, to: place(at)})),
  fc.constant({type: 'lost' as const}),
  pos.map(at => ({type: 'reconciled' as const, until: {file: 'b.000001', pos: at, gtidSet: null}})),
  fc.constant({type: 'covered' as const}),
)

function nameOf(state: BranchState | null): BranchStateName {
  return state?.state ?? 'none'
}

test('a branch goes where the table of transitions says and nowhere else, and each of its states can be stored', () => {
  fc.assert(
    fc.property(fc.array(event, {maxLength: 30}), events => {
      let state: BranchState | null = null
      for (const next of events) {
        const before: BranchState | null = state
        const wanted: BranchStateName | null = TRANSITIONS[nameOf(before)][next.type]
        if (wanted === null) {
          assert.throws(() => branchAfter(before, next), {code: 'TIDEMARK_INTERNAL_INVARIANT'})
          continue
        }
        state = branchAfter(before, next)
        assert.equal(nameOf(state), wanted)
        assert.deepEqual(stored(state), state)
      }
    }),
  )
})

test('from every state a branch comes to its end', () => {
  for (const name of Object.keys(TRANSITIONS) as BranchStateName[]) {
    const reached = new Set<BranchStateName>([name])
    for (const from of reached) for (const to of Object.values(TRANSITIONS[from])) if (to !== null) reached.add(to)
    assert.ok(reached.has('none'), name)
  }
})

test('a table that was captured is streamed by the main stream up to the first lock, one that is new not at all', () => {
  const lock = {type: 'locked', table: TABLE, place: place(7), copyId: 'a'} as const
  const captured = branchAfter(null, {...lock, isCaptured: true})
  assert.deepEqual(captured?.state === 'copying' && captured.mainUntil, {file: 'b.000001', pos: 7, gtidSet: null})
  const fresh = branchAfter(null, {...lock, isCaptured: false})
  assert.equal(fresh?.state === 'copying' && fresh.mainUntil, null)
})

test('a copy that is begun again goes on from where the stream was, with another id, and what the main stream emits stays', () => {
  const lock = {type: 'locked', table: TABLE, isCaptured: true} as const
  let state = branchAfter(null, {...lock, place: place(7), copyId: 'a'})
  state = branchAfter(state, {...lock, place: place(20), copyId: 'b'})
  assert.deepEqual(state, {
    ...{state: 'copying', table: TABLE, copyId: 'b', from: place(7), isAgain: true},
    mainUntil: {file: 'b.000001', pos: 7, gtidSet: null},
  })
})

test('a stretch that is gone is passed over: the stream of a copy goes on at its new lock, with nothing prepared before it', () => {
  const lock = {type: 'locked', table: TABLE, isCaptured: true} as const
  const prepared = [{xid: 'x', file: 'b.000001', pos: 5, sid: '', gno: 0}]
  let state = branchAfter(null, {...lock, place: place(7), copyId: 'a'})
  state = branchAfter(state, {type: 'advanced', at: {from: place(9), prepared}})
  state = branchAfter(state, {...lock, place: place(20), copyId: 'b'})
  state = branchAfter(state, {type: 'skipped', to: place(20)})
  assert.deepEqual(state, {
    ...{state: 'copying', table: TABLE, copyId: 'b', from: place(20), isAgain: true},
    mainUntil: {file: 'b.000001', pos: 7, gtidSet: null},
  })
})

test('of a table whose copy is stopped, the main stream still emits what lies before the lock, and the branch what lies behind', () => {
  const lock = {type: 'locked', table: TABLE, place: place(7), copyId: 'a', isCaptured: true} as const
  const state = branchAfter(branchAfter(null, lock), {type: 'abandoned'})
  const shares = new TableShares()
  shares.follow(state)
  const at = (pos: number) => ({sid: '', gno: 0, file: 'b.000001', pos})
  assert.deepEqual([shares.has(at(6)), shares.has(at(7))], [true, false])
  assert.deepEqual(stored(state), state)
})

function stored(state: BranchState | null): BranchState | null {
  const checkpoint: Checkpoint = {
    connector: 'c',
    serverUuid: 'u',
    offset: place(4),
    snapshots: [],
    initialSnapshotQueued: false,
    signals: {pending: [], occurrences: []},
    diverged: [],
    knownTables: [],
    ...(state === null ? {} : {parallel: state}),
  }
  return decodeCheckpoint(encodeCheckpoint(checkpoint), 'the test').parallel ?? null
}
