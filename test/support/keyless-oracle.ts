// Judges the events of a table without a key by everything that was committed to it. It knows every place it has seen,
// where a consumer keeps one mark, so that the two are made independently of each other.

import assert from 'node:assert/strict'
import {change, rowTextOfImage, total, type KeylessChange, type RowCounts, type RowText} from './keyless-writer.ts'
import {changeOf, type ObservedEvent} from './observed-events.ts'

const COPY_ID = '__tidemark.copy.id'
const RUN_ID = '__debezium.context.runId'

export interface JudgedKeyless {
  readonly name: string
  /** Of the topic, in order: all in one partition but truncate events, of which those of that partition are taken. */
  readonly events: readonly ObservedEvent[]
  readonly initial: ReadonlyMap<RowText, number>
  readonly history: readonly KeylessChange[]
  /** What the server has now. */
  readonly table: ReadonlyMap<RowText, number>
  /** After the last copy began nothing streamed may come twice. */
  readonly exactlyOnce: boolean
  /** Every change of the history must have come, also those before the first copy. Default: those behind a copy only. */
  readonly fromStart?: boolean
}

/** What the events were, for assertions that the test had something to judge. */
export interface KeylessCounts {
  readonly copies: number
  readonly reads: number
  readonly streamed: number
  readonly repeated: number
}

interface Streamed {
  readonly at: number
  readonly run: string
  readonly place: Place
  readonly key: string
  readonly change: KeylessChange
}

interface Place {
  readonly file: string
  readonly pos: number
  readonly row: number
}

/** Throws an assertion where a change is missing, invented or out of order, or the last copy or the fold is wrong. */
export function assertKeyless(judged: JudgedKeyless): KeylessCounts {
  const {name, history, initial} = judged
  const events = onePartition(judged)
  const streamed = streamedOf(events)
  assertOrdered(name, events, streamed)
  const first = new Map<string, Streamed>()
  for (const each of streamed) if (!first.has(each.key)) first.set(each.key, each)
  const distinct = [...first.values()].sort((a, b) => comparePlaces(a.place, b.place))
  assert.ok(distinct.length <= history.length, `${name}: ${distinct.length} changes came, ${history.length} were made`)
  if (judged.fromStart === true) assert.equal(distinct.length, history.length, `${name}: changes that never came`)
  const from = history.length - distinct.length
  distinct.forEach(({at, change: found, place}, index) => {
    const where = `${name}, event ${at} at ${place.file}:${place.pos}:${place.row}, change ${from + index} of ${history.length}`
    assert.deepEqual(found, history[from + index], where)
  })
  const reads = assertLastCopy(judged, events, streamed)
  assertSame(name, foldKeyless(events), judged.table)
  assert.ok(total(initial) === 0 || reads > 0, `${name}: rows of before the stream, and no copy`)
  return {
    copies: copyIds(events).length,
    reads: events.filter(event => changeOf(event)?.op === 'r').length,
    streamed: streamed.length,
    repeated: streamed.length - distinct.length,
  }
}

/** As a consumer adds them up, by the rules of docs/delivery-guarantees.md, with a set of all places instead of a mark. */
export function foldKeyless(events: readonly ObservedEvent[]): RowCounts {
  const rows: RowCounts = new Map()
  const seen = new Set<string>()
  let copy: string | null = null
  for (const event of events) {
    const found = changeOf(event)
    if (found === null) continue
    const copyId = event.headers[COPY_ID] ?? null
    if (found.op === 't') {
      if (copyId !== null) copy = copyId
      rows.clear()
      continue
    }
    if (found.op === 'r' && copy !== null && copyId !== copy) continue
    if (found.op !== 'r') {
      const key = placeKey(found)
      if (seen.has(key)) continue
      seen.add(key)
    }
    if (found.before !== null) change(rows, rowTextOfImage(found.before), -1)
    if (found.after !== null) change(rows, rowTextOfImage(found.after), 1)
  }
  return rows
}

/** Both have every row as often. */
export function assertSame(
  name: string,
  found: ReadonlyMap<RowText, number>,
  wanted: ReadonlyMap<RowText, number>,
): void {
  const rows = new Set([...found.keys(), ...wanted.keys()])
  const differing = [...rows]
    .map(row => ({row, found: found.get(row) ?? 0, wanted: wanted.get(row) ?? 0}))
    .filter(each => each.found !== each.wanted)
  assert.deepEqual(
    differing.slice(0, 5),
    [],
    `${name}: ${differing.length} of ${rows.size} rows are there another number of times`,
  )
}

function onePartition({name, events}: JudgedKeyless): ObservedEvent[] {
  const used = new Set(events.filter(event => changeOf(event)?.op !== 't').map(({partition}) => partition))
  assert.ok(used.size <= 1, `${name}: rows in the partitions ${[...used].join()}`)
  const [partition] = used
  return events.filter(event => partition === undefined || event.partition === partition)
}

function streamedOf(events: readonly ObservedEvent[]): Streamed[] {
  return events.flatMap((event, at) => {
    const found = changeOf(event)
    if (found === null || found.op === 'r' || found.op === 't') return []
    const {file, pos, row} = found.source as unknown as Place
    const image = (text: string | null): RowText | null => (text === null ? null : rowTextOfImage(text))
    const run = event.headers[RUN_ID] ?? ''
    const made = {before: image(found.before), after: image(found.after)}
    return [{at, run, place: {file, pos, row}, key: placeKey(found), change: made}]
  })
}

/** A run goes back to an earlier place only where a copy was cut off: behind rows of it. */
function assertOrdered(name: string, events: readonly ObservedEvent[], streamed: readonly Streamed[]): void {
  streamed.forEach((each, index) => {
    const last = streamed[index - 1]
    if (last === undefined || last.run !== each.run) return
    const isApart = events.slice(last.at + 1, each.at).some(event => ['r', 't'].includes(changeOf(event)?.op ?? ''))
    const isBehind = comparePlaces(each.place, last.place) > 0
    assert.ok(isBehind || isApart, `${name}: event ${each.at} lies before event ${last.at} of the same run`)
  })
}

/** Its rows are the table as it was where it was read, and what comes behind it is everything since. */
function assertLastCopy(
  judged: JudgedKeyless,
  events: readonly ObservedEvent[],
  streamed: readonly Streamed[],
): number {
  const {name, history, initial, exactlyOnce} = judged
  const last = copyIds(events).at(-1)
  if (last === undefined) return 0
  const begin = events.findIndex(event => event.headers[COPY_ID] === last)
  const reads: RowCounts = new Map()
  for (const event of events) {
    const found = changeOf(event)
    if (found?.op === 'r' && event.headers[COPY_ID] === last) change(reads, rowTextOfImage(found.after ?? ''), 1)
  }
  const behind = streamed.filter(({at}) => at > begin)
  const distinct = new Set(behind.map(({key}) => key)).size
  if (exactlyOnce) assert.equal(behind.length, distinct, `${name}: changes that came twice behind the last copy`)
  const state: RowCounts = new Map(initial)
  for (const {before, after} of history.slice(0, history.length - distinct)) {
    if (before !== null) change(state, before, -1)
    if (after !== null) change(state, after, 1)
  }
  assertSame(`${name}, rows of copy ${last} beside the table ${distinct} changes ago`, reads, state)
  return total(reads)
}

function copyIds(events: readonly ObservedEvent[]): string[] {
  return [...new Set(events.flatMap(event => event.headers[COPY_ID] ?? []))]
}

function placeKey({op, source}: {op: string; source: Readonly<Record<string, unknown>>}): string {
  const {file, pos, row} = source as unknown as Place
  return `${file}:${pos}:${row}${op === 'c' ? ':c' : ''}`
}

/** Names of one server's files differ in their number only. */
function comparePlaces(a: Place, b: Place): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.pos - b.pos || a.row - b.row
}
