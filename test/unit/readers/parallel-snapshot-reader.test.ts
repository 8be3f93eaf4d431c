import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import type {BranchStateName} from '../../../src/readers/branch-state.ts'
import {Scene, SceneServer, TABLE, tableOps} from '../../support/branch-scene.ts'
import type {SceneState} from '../../support/branch-scene.ts'
import type {MemoryEvent} from '../../support/memory-sink.ts'
import {settled} from '../../support/stream-parts.ts'

const START: Omit<SceneState, 'offset'> = {parallel: null, isDone: false, known: true}

function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface History {
  readonly gtids: boolean
  readonly known: boolean
  readonly seed: number
  readonly crashes: number
  readonly cutOff: number
  /** A crash keeps what was stored and no other event; else events behind it may be in the topic, and come again. */
  readonly exactlyOnce: boolean
  /** Up to the last crash the state is stored at random instants, and not only where the readers ask for it. */
  readonly storesOften: boolean
}

/** Random steps, with crashes that keep exactly what was stored; then everything comes to rest. */
async function play(given: History): Promise<{server: SceneServer; events: MemoryEvent[]}> {
  const {gtids, known, seed, crashes, cutOff, exactlyOnce, storesOften} = given
  const server = new SceneServer(gtids)
  const pick = random(seed)
  for (let i = pick(5); i > 0; i--) server.commit(pick(3))
  const kept: MemoryEvent[] = []
  let state: SceneState = {...START, known, offset: server.place()}
  let crashesLeft = crashes
  for (;;) {
    const scene = new Scene({server, state, random: pick})
    scene.cutOff = cutOff
    server.onLock = () => {
      if (pick(2) === 0) server.commit(1)
    }
    await scene.start()
    const steps = crashesLeft > 0 ? 20 + pick(200) : 150
    for (let step = 0; step < steps; step++) await doStep(scene, {server, pick, storesOften})
    assert.deepEqual(scene.failures, [])
    if (crashesLeft-- > 0) {
      kept.push(...(await keptBeyondCrash(scene, pick, exactlyOnce)))
      state = scene.stored
      continue
    }
    scene.cutOff = 0
    kept.push(...(await bringToRest(scene, server, pick)))
    return {server, events: kept}
  }
}

/** What is in the topics after a crash now. */
async function keptBeyondCrash(
  scene: Scene,
  pick: (below: number) => number,
  exactlyOnce: boolean,
): Promise<MemoryEvent[]> {
  scene.crash()
  await settled()
  const {sent, acknowledged} = scene.sink
  const arrived = acknowledged.length + pick(sent.length - acknowledged.length + 1)
  return sent.slice(0, exactlyOnce ? scene.committed : arrived)
}

/** What a process sends that brings everything to its end. */
async function bringToRest(
  scene: Scene,
  server: SceneServer,
  pick: (below: number) => number,
): Promise<readonly MemoryEvent[]> {
  for (let turn = 0; turn < 5_000 && !scene.isAtRest; turn++) {
    scene.advance()
    if (turn < 400 && pick(3) === 0) server.commit(pick(3))
    if (turn < 400) await doStep(scene, {server, pick, storesOften: true})
    else if (turn % 5 === 0) await scene.store()
    else await settled()
  }
  assert.ok(scene.isAtRest, `everything comes to rest: ${JSON.stringify(scene.side.reader.status)}`)
  await scene.store()
  assert.deepEqual(scene.failures, [])
  const events = scene.sink.acknowledged
  scene.crash()
  return events
}

interface Step {
  readonly server: SceneServer
  readonly pick: (below: number) => number
  readonly storesOften: boolean
}

async function doStep(scene: Scene, {server, pick, storesOften}: Step): Promise<void> {
  switch (pick(7)) {
    case 0:
    case 1:
      server.commit(pick(4))
      break
    case 2:
      scene.advance()
      break
    case 3:
      if (storesOften) await scene.store()
      break
    case 4:
      scene.parts.emitter.flush()
      scene.acknowledge()
      break
    default:
      for (let turn = pick(6); turn > 0; turn--) await settled()
  }
  await settled()
}

/** Every change once and in order, and behind the last beginning of a copy exactly the rows of one place, at that place. */
function judge(
  server: SceneServer,
  events: readonly MemoryEvent[],
  {known, exactlyOnce}: Pick<History, 'known' | 'exactlyOnce'>,
): void {
  const ops = tableOps(events)
  assertCopies(events)
  const begin = ops.lastIndexOf('t')
  const copy = ops.slice(begin + 1)
  const rows = numbers(copy, 'r')
  const last = Math.max(0, ...rows)
  assert.deepEqual(
    rows,
    server.changes.filter(row => row <= last),
    'the rows of one place, each once',
  )
  const firstRow = Math.max(0, copy.indexOf('r 1'))
  const behind = numbers(copy.slice(firstRow), 'c')
  assert.ok(
    behind.every(change => change > last),
    'nothing from before the place behind the rows',
  )
  const changes = exactlyOnce ? numbers(ops, 'c') : [...new Set(numbers(ops, 'c'))]
  const first = changes[0] ?? server.changes.length + 1
  assert.deepEqual(
    changes,
    server.changes.filter(change => change >= first),
    'each change once, in order, none lost',
  )
  assert.deepEqual(
    [...new Set(behind)],
    server.changes.filter(change => change > last),
    'each change behind the place comes behind the rows',
  )
  if (exactlyOnce) assert.ok(numbers(ops.slice(0, begin + 1 + firstRow), 'c').every(change => change <= last))
  if (!known && begin < 0) assert.ok(first > last, 'of a table that was never captured nothing comes before its rows')
}

/** Each beginning of a copy has an id of its own, and the rows behind it have that. */
function assertCopies(events: readonly MemoryEvent[]): void {
  const begun: string[] = []
  for (const {topic, value} of events) {
    if (topic !== 'p.d.t') continue
    const {op, copyId} = JSON.parse(value!) as {op: string; copyId?: string}
    if (op === 't') begun.push(copyId!)
    if (op === 'r' && begun.length > 0) assert.equal(copyId, begun.at(-1), 'a row of the copy that was begun last')
  }
  assert.deepEqual(begun, [...new Set(begun)], 'each copy has an id of its own')
}

function numbers(ops: readonly string[], op: string): number[] {
  return ops.filter(text => text.startsWith(`${op} `)).map(text => Number(text.slice(2)))
}

const history: fc.Arbitrary<History> = fc.record({
  gtids: fc.boolean(),
  known: fc.boolean(),
  seed: fc.nat(),
  crashes: fc.constantFrom(0, 0, 1, 2, 3),
  cutOff: fc.constantFrom(0, 0, 10),
  exactlyOnce: fc.boolean(),
  storesOften: fc.boolean(),
})

test('whatever the interleaving, the losses and the crashes, a keyless table’s topic holds its changes once and the rows of one place', async () => {
  await fc.assert(
    fc.asyncProperty(history, async given => {
      const {server, events} = await play(given)
      try {
        judge(server, events, given)
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${tableOps(events).join(', ')}\nof ${server.changes.join(' ')}`, {
          cause: error,
        })
      }
    }),
    {numRuns: 60},
  )
})

interface BranchMoment {
  readonly name: string
  /** As it is stored, if it is. */
  readonly state: BranchStateName
  readonly isIn: (scene: Scene) => boolean
}

const MOMENTS: readonly BranchMoment[] = [
  {name: 'waits for the lock', state: 'none', isIn: ({side}) => side.reader.status?.waitsFor === 'the lock of d.t'},
  {name: 'copies', state: 'copying', isIn: ({sink}) => tableOps(sink.sent).includes('r 1')},
  {name: 'follows', state: 'following', isIn: ({side}) => side.reader.status?.state === 'following'},
  {name: 'is adopted', state: 'adopted', isIn: ({side}) => side.reader.status?.state === 'adopted'},
]

for (const {name, state, isIn} of MOMENTS) {
  for (const exactlyOnce of [false, true]) {
    test(`a process that ends while the branch ${name}${exactlyOnce ? ', exactly once' : ''} leaves a topic that is right again after the next`, async () => {
      const stored = new Set<BranchStateName>()
      for (let seed = 1; seed <= 12; seed++) {
        const pick = random(seed)
        const server = new SceneServer(seed % 2 === 0)
        server.commit(3)
        const known = seed % 3 === 0
        const first = new Scene({server, state: {...START, known, offset: server.place()}, random: pick})
        await first.start()
        first.advance()
        for (let turn = 0; !isIn(first); turn++) {
          assert.ok(turn < 5_000, `${name}: ${JSON.stringify(first.side.reader.status)}`)
          // The table is busy, so that the branch has something to follow.
          if (turn < 200) server.commit(pick(3))
          first.parts.emitter.flush()
          if (pick(2) === 0) first.acknowledge()
          await settled()
        }
        if (seed % 4 < 2) await first.store()
        stored.add(first.stored.parallel?.state ?? 'none')
        const events = await keptBeyondCrash(first, pick, exactlyOnce)
        assert.deepEqual(first.failures, [])
        const next = new Scene({server, state: first.stored, random: pick})
        await next.start()
        events.push(...(await bringToRest(next, server, pick)))
        judge(server, events, {known, exactlyOnce})
      }
      assert.ok(stored.has(state), `stored was ${[...stored].join()}`)
    })
  }
}

test('a copy that is stopped before the stream begins, as its table has left the filter, is followed by one stream', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const pick = random(seed)
    const server = new SceneServer(true)
    server.commit(2)
    const from = server.place()
    for (let i = 0; i < 20; i++) server.commit(1)
    const parallel = {
      state: 'copying',
      table: TABLE.shape.id,
      copyId: 'c',
      from,
      mainUntil: from,
      isAgain: false,
    } as const
    const state = {...START, offset: server.place(), parallel, isDone: true}
    const scene = new Scene({server, state, random: pick})
    await scene.parts.open()
    scene.side.reader.stop(scene.run)
    for (let turn = pick(20); turn > 0; turn--) await settled()
    await scene.start()
    for (let turn = 0; turn < 2_000 && !scene.isAtRest; turn++) {
      if (turn > 100) scene.acknowledge()
      if (turn % 50 === 0) await scene.store()
      await settled()
    }
    assert.deepEqual(scene.failures, [])
    assert.ok(scene.isAtRest)
    const changes = server.changes.slice(2).map(change => `c ${change}`)
    assert.deepEqual(tableOps(scene.sink.sent), changes, `seed ${seed}: each change behind the lock once`)
    scene.crash()
  }
})
