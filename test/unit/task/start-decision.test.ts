import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings, SnapshotMode} from '../../../src/config/settings.ts'
import type {SnapshotPlan} from '../../../src/snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../../../src/state/checkpoint.ts'
import {decideStart} from '../../../src/task/start-decision.ts'
import type {ServerState} from '../../../src/task/start-decision.ts'
import {plan} from '../../support/snapshot-parts.ts'

const STORED_OFFSET = {file: 'b.000005', pos: 50, gtidSet: 'a:1-5', rows: 2, sid: 'a', gno: 6}

const SERVER: ServerState = {
  serverUuid: 'u',
  gtidOn: true,
  executed: 'a:1-9',
  end: {file: 'b.000009', pos: 90},
  start: {file: 'b.000003', pos: 4},
  purged: 'a:1-3',
  stored: null,
}

const MODES: readonly SnapshotMode[] = ['no_data', 'never', 'initial', 'initial_only', 'always', 'when_needed']

function settings(mode: SnapshotMode): Settings {
  return {snapshot: {mode}} as Settings
}

function checkpoint(snapshots: readonly SnapshotPlan[] = []): Checkpoint {
  return {
    connector: 'c',
    serverUuid: 'u',
    offset: STORED_OFFSET,
    snapshots,
    initialSnapshotQueued: true,
    signals: {pending: [], occurrences: []},
    diverged: [],
    knownTables: [],
  }
}

for (const mode of MODES) {
  test(`${mode}: with a stored offset that the server can serve, the stream goes on there with its snapshots`, () => {
    const decision = decideStart(settings(mode), checkpoint(), {...SERVER, stored: {ok: true}})
    assert.deepEqual(decision, {
      offset: STORED_OFFSET,
      snapshot: mode === 'always',
      stopAfterSnapshot: mode === 'initial_only',
      keepSnapshots: true,
      ghosts: false,
    })
  })

  test(`${mode}: without any stored state the stream begins ${mode === 'never' ? 'where the binlog does' : 'at the present'}`, () => {
    const decision = decideStart(settings(mode), null, SERVER)
    const copies = mode !== 'no_data' && mode !== 'never'
    const place =
      mode === 'never' ? {file: 'b.000003', pos: 4, gtidSet: 'a:1-3'} : {file: 'b.000009', pos: 90, gtidSet: 'a:1-9'}
    assert.deepEqual(decision, {
      offset: {...place, rows: 0, sid: '', gno: 0},
      snapshot: copies,
      stopAfterSnapshot: mode === 'initial_only',
      keepSnapshots: false,
      ghosts: false,
    })
  })

  test(`${mode}: with a stored offset that is lost the start ${mode === 'when_needed' ? 'is anew, with ghosts' : 'is refused'}`, () => {
    const server: ServerState = {...SERVER, stored: {ok: false, reason: 'it was purged'}}
    if (mode === 'when_needed') {
      const {offset, snapshot, keepSnapshots, ghosts} = decideStart(settings(mode), checkpoint(), server)
      assert.deepEqual(
        {file: offset.file, rows: offset.rows, snapshot, keepSnapshots, ghosts},
        {file: 'b.000009', rows: 0, snapshot: true, keepSnapshots: false, ghosts: true},
      )
    } else {
      assert.throws(() => decideStart(settings(mode), checkpoint(), server), {
        code: 'TIDEMARK_START_OFFSET_LOST',
        kind: 'prerequisite',
        message: /b\.000005:50: it was purged.*snapshot\.mode=when_needed/,
      })
    }
  })
}

test('a server without GTIDs is followed by position alone', () => {
  for (const mode of MODES) {
    assert.equal(decideStart(settings(mode), null, {...SERVER, gtidOn: false, executed: ''}).offset.gtidSet, null)
  }
})

test('always: an initial snapshot that still runs is not queued a second time', () => {
  for (const [state, snapshot] of [
    ['queued', false],
    ['running', false],
    ['completed', true],
    ['failed', true],
    ['stopped', true],
  ] as const) {
    const running = {...plan(['t'], {kind: 'initial'}), state}
    const decision = decideStart(settings('always'), checkpoint([running]), {...SERVER, stored: {ok: true}})
    assert.equal(decision.snapshot, snapshot, state)
  }
  const incremental = {...plan(['t']), state: 'running'} as const
  assert.equal(
    decideStart(settings('always'), checkpoint([incremental]), {...SERVER, stored: {ok: true}}).snapshot,
    true,
  )
})
