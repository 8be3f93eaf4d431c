// Judges a table's events by the history of its rows: what was committed for each key, in which order.
//
// - I1: folded by key, the events equal the table.
// - I2: a key's streamed events come in the order of its history, and a read event shows nothing older than what was
//   emitted for that key before.
// - I3: every committed change came through. A run that begins after a crash may repeat, but leaves nothing out.

import assert from 'node:assert/strict'
import {jsonMembers} from './json-members.ts'
import type {KeyShape} from './key-shapes.ts'
import {changeOf, foldEvents, type ObservedEvent} from './observed-events.ts'
import type {KeyHistory, Rank, StoredRow} from './random-writer.ts'

export interface JudgedEvents {
  readonly shape: KeyShape
  /** Of this table's topic, in order; one list for each run of the process. */
  readonly runs: readonly (readonly ObservedEvent[])[]
  readonly history: ReadonlyMap<string, KeyHistory>
}

/** What the events were, for assertions that the test had something to judge. */
export interface EventCounts {
  read: number
  streamed: number
}

interface KeyState {
  /** The highest rank emitted by any run, and what it was. */
  highest: Rank
  highestWas: string
  /** The last rank of this run. */
  last: Rank
  lastWas: string
  /** Streamed changes of the history that have come, counted from its begin. */
  covered: number
  /** Place in the history of this run's next streamed event; null before its first. */
  next: number | null
}

/** I2 and I3. Throws an assertion that names key, run and event. */
export function assertHistory({shape, runs, history}: JudgedEvents): EventCounts {
  const keys = new Map<string, KeyState>()
  const counts = {read: 0, streamed: 0}
  runs.forEach((events, run) => {
    for (const state of keys.values()) Object.assign(state, {last: -1, next: null})
    events.forEach((event, at) => {
      const change = changeOf(event)
      if (change === null) return
      const key = eventKey(shape, event)
      let state = keys.get(key)
      if (state === undefined) {
        state = {highest: -1, highestWas: '', last: -1, lastWas: '', covered: 0, next: null}
        keys.set(key, state)
      }
      const rank = rankOf(change)
      const what = `${change.op} event ${at} of run ${run}`
      const where = (): string => `${shape.name}, key ${JSON.stringify(key)}, ${what}`
      if (change.op === 'r') {
        counts.read++
        assert.ok(
          rank >= state.highest,
          `${where()}: shows rank ${rank}, but ${state.highestWas} showed ${state.highest}`,
        )
      } else {
        counts.streamed++
        assert.ok(
          rank > state.last || state.last < 0,
          `${where()}: rank ${rank} after ${state.last} (${state.lastWas})`,
        )
        const ranks = history.get(key)?.ranks ?? []
        try {
          coverHistory(state, {rank, history: ranks, where})
        } catch (error) {
          assert.ok(error instanceof assert.AssertionError)
          error.message += `\n${storyOf(shape, key, {events, ranks})}`
          throw error
        }
      }
      state.last = rank
      state.lastWas = what
      if (rank > state.highest) Object.assign(state, {highest: rank, highestWas: what})
    })
  })
  for (const [key, {ranks}] of history) {
    const covered = keys.get(key)?.covered ?? 0
    const missing = ranks.slice(covered)
    assert.deepEqual(missing, [], `${shape.name}, key ${JSON.stringify(key)}: changes that never came`)
  }
  return counts
}

/** Streamed events of one run are a slice of the history without gaps, and begin where earlier runs came to or before. */
function coverHistory(
  state: KeyState,
  {rank, history, where}: {rank: Rank; history: readonly Rank[]; where: () => string},
): void {
  const place = history.indexOf(rank)
  assert.ok(place >= 0, `${where()}: rank ${rank} was never committed`)
  if (state.next === null) {
    assert.ok(
      place <= state.covered,
      `${where()}: rank ${rank}, with nothing of ${history.slice(state.covered, place).join()}`,
    )
  } else assert.equal(place, state.next, `${where()}: rank ${rank}, wanted ${history[state.next]}`)
  state.next = place + 1
  state.covered = Math.max(state.covered, place + 1)
}

/** Everything known of one key, for a failure that will not come again on demand. */
function storyOf(
  shape: KeyShape,
  key: string,
  {events, ranks}: {events: readonly ObservedEvent[]; ranks: readonly Rank[]},
): string {
  const lines = events.flatMap((event, at) => {
    const change = changeOf(event)
    if (change === null || eventKey(shape, event) !== key) return []
    const place = /"gtid".*?"row":\d+/.exec(event.valueText ?? '')?.[0] ?? ''
    return [`  ${at}: ${change.op} rank ${rankOf(change)}, partition ${event.partition ?? '-'}, ${place}`]
  })
  return [`committed: ${ranks.join()}`, ...lines].join('\n')
}

/** I1. */
export function assertConverged(
  shape: KeyShape,
  events: Iterable<ObservedEvent>,
  table: ReadonlyMap<string, StoredRow>,
): void {
  const folded = new Map<string, StoredRow>()
  for (const [keyText, row] of foldEvents(events)) {
    const key = shape.textOfEvent(payload(keyText))
    assert.ok(!folded.has(key), `${shape.name}: two message keys for ${key}`)
    const members = jsonMembers(row)
    folded.set(key, {version: Number(members.get('v')), pad: JSON.parse(members.get('pad') ?? '""') as string})
  }
  const ghosts = [...folded.keys()].filter(key => !table.has(key))
  const missing = [...table.keys()].filter(key => !folded.has(key))
  const different = [...table].flatMap(([key, row]) => {
    const found = folded.get(key)
    const same = found === undefined || (found.version === row.version && found.pad === row.pad)
    return same ? [] : [{key, table: row, topic: found}]
  })
  const shown = {ghosts: ghosts.slice(0, 5), missing: missing.slice(0, 5), different: different.slice(0, 5)}
  const counts = `${ghosts.length} ghosts, ${missing.length} missing, ${different.length} different of ${table.size}`
  assert.deepEqual(shown, {ghosts: [], missing: [], different: []}, `${shape.name}: ${counts}`)
}

export function eventKey(shape: KeyShape, event: ObservedEvent): string {
  assert.ok(event.keyText !== null, `${shape.name}: an event without a key`)
  return shape.textOfEvent(payload(event.keyText))
}

function rankOf(change: {op: string; before: string | null; after: string | null}): Rank {
  const image = change.op === 'd' ? change.before : change.after
  const version = Number(jsonMembers(image ?? '{}').get('v'))
  assert.ok(Number.isSafeInteger(version), `no version in the row of a ${change.op} event`)
  return change.op === 'd' ? 2 * version + 1 : 2 * version
}

function payload(keyText: string): Map<string, string> {
  const members = jsonMembers(keyText)
  return members.has('payload') ? jsonMembers(members.get('payload') ?? '{}') : members
}
