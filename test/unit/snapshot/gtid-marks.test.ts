import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {GtidMarks} from '../../../src/snapshot/gtid-marks.ts'
import {watermarksContract} from '../../contract/watermarks-contract.ts'
import {onCleanUp} from '../../support/clean-up.ts'
import type {CleanUpContext} from '../../support/clean-up.ts'
import {settled} from '../../support/stream-parts.ts'

const A = '11111111-1111-1111-1111-111111111111'
const B = '22222222-2222-2222-2222-222222222222'

/** A server's executed set and a stream, both moved by the test; each look at the set waits for `answer`. */
class Played {
  executed = new GtidSet()
  readonly finished: GtidSet
  open: {sid: string; gno: number} | null = null
  gone = new GtidSet()
  readonly passed: number[] = []
  readonly marks: GtidMarks
  readonly ended: Promise<void>
  readonly #stop = new AbortController()
  readonly #looks: {answer: (set: GtidSet) => void; fail: (error: Error) => void}[] = []
  readonly #delays: {ms: number; over: () => void}[] = []

  constructor(t: CleanUpContext | null, finished = '') {
    this.finished = GtidSet.parse(finished)
    this.executed = GtidSet.parse(finished)
    this.marks = new GtidMarks({
      readExecuted: () => new Promise((answer, fail) => this.#looks.push({answer, fail})),
      finished: () => this.finished.clone(),
      open: () => this.open,
      readNeverComing: () => Promise.resolve(this.gone),
      onPassed: number => {
        this.passed.push(number)
        this.marks.seen(number)
      },
      isRetryable: () => true,
      delay: (ms, signal) =>
        new Promise(resolve => {
          this.#delays.push({ms, over: resolve})
          signal.addEventListener('abort', () => resolve(), {once: true})
        }),
      onProblem: () => undefined,
    })
    this.ended = this.marks.run(this.#stop.signal)
    if (t !== null) onCleanUp(t, () => this.stop())
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    for (const look of this.#looks) look.fail(new Error('closed'))
    await this.ended
  }

  /** The stream receives a transaction's beginning; what its notes are worth. */
  begin(sid: string, gno: number): number {
    this.open = {sid, gno}
    return this.marks.placeOf(sid, gno)
  }

  finish(): void {
    const {sid, gno} = this.open!
    this.open = null
    this.finished.add(sid, gno)
    this.marks.finished(sid, gno)
  }

  get isLooking(): boolean {
    return this.#looks.length > 0
  }

  /** A mark is wanted, and its look at the server is on its way. */
  async look(): Promise<void> {
    this.marks.seen(this.marks.committed + 1_000)
    for (let i = 0; i < 100 && this.#looks.length === 0; i++) await settled()
    assert.ok(this.isLooking, 'the server is asked')
  }

  async answer(set: GtidSet = this.executed.clone()): Promise<void> {
    this.#looks.shift()!.answer(set)
    await settled()
  }

  async fail(): Promise<void> {
    this.#looks.shift()!.fail(new Error('lost'))
    await settled()
  }

  /** The waits of this length, or of any, are over. */
  async time(isOver: (ms: number) => boolean = () => true): Promise<void> {
    const over = this.#delays.filter(({ms}) => isOver(ms))
    this.#delays.splice(0, this.#delays.length, ...this.#delays.filter(({ms}) => !isOver(ms)))
    for (const each of over) each.over()
    await settled()
  }

  /** A mark, taken now. */
  async mark(): Promise<number> {
    const number = this.marks.request()
    await this.look()
    await this.answer()
    assert.equal(this.marks.committed, number)
    return number
  }
}

watermarksContract('executed GTIDs', t => {
  const played = new Played(t)
  return Promise.resolve({
    marks: played.marks,
    issue: () => played.look(),
    commit: () => played.answer(),
  })
})

test('an idle server’s mark is passed as soon as it is taken, without an event', async t => {
  const played = new Played(t, `${A}:1-9`)
  const number = await played.mark()
  assert.deepEqual(played.passed, [number])
})

test('a mark is passed when the stream has finished the last transaction of its set, in whatever order they come', async t => {
  const played = new Played(t, `${A}:1-9`)
  played.executed = GtidSet.parse(`${A}:1-10,${B}:5:7`)
  const number = await played.mark()
  for (const [sid, gno] of [
    [B, 7],
    [A, 10],
    [A, 11],
    [B, 5],
  ] as const) {
    assert.deepEqual(played.passed, [])
    played.begin(sid, gno)
    played.finish()
  }
  assert.deepEqual(played.passed, [number])
})

test('the trap: a set that lacks what the stream has received is taken again, also while that transaction is open', async t => {
  const played = new Played(t, `${A}:1-9`)
  const place = played.begin(A, 10)
  assert.equal(place, 0, 'noted before any mark')
  const number = played.marks.request()
  await played.look()
  await played.answer()
  assert.equal(played.marks.committed, 0, 'a SELECT would not show what was emitted already')
  played.finish()
  await played.time()
  await played.answer()
  assert.equal(played.marks.committed, 0)
  played.executed.add(A, 10)
  await played.time()
  await played.answer()
  assert.equal(played.marks.committed, number)
})

test('what the stream receives while a set is being taken supersedes what is read behind it, unless the set shows it', async t => {
  const played = new Played(t, `${A}:1-9`)
  const first = played.marks.request()
  await played.look()
  assert.ok(played.begin(A, 10) >= first, 'the set may or may not have it')
  played.finish()
  await played.answer()
  assert.equal(played.marks.committed, first, 'it was not received when the mark was asked for')
  assert.ok(played.begin(A, 11) >= first)
})

test('a transaction that a set shows does not supersede what is read behind that set, and does what is read before', async t => {
  const played = new Played(t, `${A}:1-9`)
  const first = await played.mark()
  played.executed.add(A, 11)
  const second = await played.mark()
  played.executed.add(A, 10)
  const third = await played.mark()
  assert.equal(played.begin(A, 10), third - 1)
  assert.ok(third - 1 >= second && third - 1 < third)
  played.finish()
  assert.equal(played.begin(A, 11), second - 1)
  assert.ok(second - 1 >= first)
})

test('a look that fails gives its number up, and what was received meanwhile still supersedes', async t => {
  const played = new Played(t, `${A}:1-9`)
  const first = played.marks.request()
  await played.look()
  const place = played.begin(A, 10)
  await played.fail()
  assert.match(played.marks.problem ?? '', /lost/)
  await played.time()
  await played.look()
  await played.answer()
  assert.equal(played.marks.committed, 0, 'the open transaction is not visible')
  played.executed.add(A, 10)
  await played.time()
  await played.answer()
  assert.equal(played.marks.committed, first + 1)
  assert.ok(place >= first && place < first + 1)
  assert.equal(played.marks.problem, null)
})

test('a mark that waits for what was purged is passed once it is known that it will not come, and later ones do not wait', async t => {
  t.mock.method(performance, 'now', () => now)
  let now = 1_000
  const played = new Played(t, `${A}:1-9`)
  played.executed = GtidSet.parse(`${A}:1-9,${B}:1-3`)
  const number = await played.mark()
  assert.deepEqual(played.passed, [])
  now += 6_000
  await played.time(ms => ms === 5_000)
  assert.deepEqual(played.passed, [], 'the server still has it')
  played.gone = GtidSet.parse(`${B}:1-3`)
  now += 6_000
  await played.time(ms => ms === 5_000)
  assert.deepEqual(played.passed, [number])
  const next = await played.mark()
  assert.deepEqual(played.passed, [number, next])
})

test('after 30 s the problem names the transactions that are waited for', async t => {
  let now = 1_000
  t.mock.method(performance, 'now', () => now)
  const played = new Played(t, `${A}:1-9`)
  played.executed.add(A, 10)
  await played.mark()
  assert.equal(played.marks.problem, null)
  now += 31_000
  assert.match(
    played.marks.problem ?? '',
    new RegExp(`has executed ${A}:10, which has not come by in the binlog for 31 s`),
  )
})

test('after 30 s without a set that shows what the stream has received, the problem says so', async t => {
  let now = 1_000
  t.mock.method(performance, 'now', () => now)
  const played = new Played(t, `${A}:1-9`)
  played.begin(A, 10)
  played.marks.request()
  await played.look()
  await played.answer()
  now += 40_000
  assert.match(
    played.marks.problem ?? '',
    new RegExp(`the binlog has brought ${A}:10, but the server does not show it`),
  )
})

test('with another server no older set counts: neither one that is being taken, nor for the place of a note', async t => {
  const played = new Played(t, `${A}:1-9`)
  played.executed.add(A, 10)
  const first = await played.mark()
  const second = played.marks.request()
  await played.look()
  played.marks.serverChanged()
  assert.deepEqual(played.passed, [first], 'nobody waits for it any more')
  await played.answer()
  assert.equal(played.marks.committed, first, 'the set of the former server is no mark')
  assert.ok(played.begin(A, 10) >= second, 'the new server may not have it yet')
})

test('of any history: a row read behind a mark is superseded by every note that its set does not show, once the mark is committed', async () => {
  const step = fc.oneof(
    fc.record({kind: fc.constant('commit' as const), sid: fc.constantFrom(A, B)}),
    fc.constant({kind: 'publish' as const}),
    fc.constant({kind: 'stream' as const}),
    fc.constant({kind: 'request' as const}),
    fc.constant({kind: 'answer' as const}),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, {maxLength: 60}), async steps => {
      const played = new Played(null)
      const binlog: {sid: string; gno: number; seen: boolean}[] = []
      const counts = new Map<string, number>()
      const sets = new Map<number, GtidSet>()
      const notes: {sid: string; gno: number; place: number; committed: number}[] = []
      let highest = 0
      try {
        for (const each of steps) {
          if (each.kind === 'commit') {
            const gno = (counts.get(each.sid) ?? 0) + 1
            counts.set(each.sid, gno)
            binlog.push({sid: each.sid, gno, seen: false})
          } else if (each.kind === 'publish') {
            const next = binlog.find(({seen}) => !seen)
            if (next !== undefined) {
              next.seen = true
              played.executed.add(next.sid, next.gno)
            }
          } else if (each.kind === 'stream') {
            const next = binlog[notes.length]
            if (next === undefined) continue
            highest = Math.max(highest, played.begin(next.sid, next.gno))
            notes.push({...next, place: highest, committed: played.marks.committed})
            played.finish()
          } else if (each.kind === 'request') {
            played.marks.request()
            played.marks.seen(played.marks.committed + 1_000)
            await settled()
          } else if (played.isLooking) {
            const set = played.executed.clone()
            const before = played.marks.committed
            await played.answer(set)
            if (played.marks.committed > before) sets.set(played.marks.committed, set)
            await played.time(ms => ms < 1_000)
          }
        }
        for (const [low, set] of sets) {
          for (const {sid, gno, place} of notes) {
            assert.ok(place >= low || set.has(sid, gno), `${sid}:${gno} at ${place} is hidden from low ${low}`)
          }
        }
      } finally {
        await played.stop()
      }
    }),
    {numRuns: 200},
  )
})
