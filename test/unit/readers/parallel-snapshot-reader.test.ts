import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {Scene, SceneServer, tableOps} from '../../support/branch-scene.ts'
import type {SceneState} from '../../support/branch-scene.ts'
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
}

/** Random steps, with crashes that keep exactly what was stored; then everything comes to rest. */
async function play(given: History): Promise<{server: SceneServer; ops: string[]}> {
  const {gtids, known, seed, crashes, cutOff, exactlyOnce} = given
  const server = new SceneServer(gtids)
  const pick = random(seed)
  for (let i = pick(5); i > 0; i--) server.commit(pick(3))
  const kept: string[] = []
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
    for (let step = 0; step < steps; step++) await doStep(scene, server, pick)
    assert.deepEqual(scene.failures, [])
    if (crashesLeft-- > 0) {
      scene.crash()
      await settled()
      const {sent, acknowledged} = scene.sink
      const arrived = acknowledged.length + pick(sent.length - acknowledged.length + 1)
      kept.push(...tableOps(sent.slice(0, exactlyOnce ? scene.committed : arrived)))
      state = scene.stored
      continue
    }
    scene.cutOff = 0
    for (let turn = 0; turn < 5_000 && !scene.isAtRest; turn++) {
      scene.advance()
      if (turn < 400 && pick(3) === 0) server.commit(pick(3))
      if (turn < 400) await doStep(scene, server, pick)
      else if (turn % 5 === 0) await scene.store()
      else await settled()
    }
    assert.ok(scene.isAtRest, `everything comes to rest: ${JSON.stringify(scene.side.reader.status)}`)
    await scene.store()
    assert.deepEqual(scene.failures, [])
    kept.push(...tableOps(scene.sink.acknowledged))
    scene.crash()
    return {server, ops: kept}
  }
}

async function doStep(scene: Scene, server: SceneServer, pick: (below: number) => number): Promise<void> {
  switch (pick(7)) {
    case 0:
    case 1:
      server.commit(pick(4))
      break
    case 2:
      scene.advance()
      break
    case 3:
      await scene.store()
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
function judge(server: SceneServer, ops: readonly string[], {known, exactlyOnce}: History): void {
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
})

test('whatever the interleaving, the losses and the crashes, a keyless table’s topic holds its changes once and the rows of one place', async () => {
  await fc.assert(
    fc.asyncProperty(history, async given => {
      const {server, ops} = await play(given)
      try {
        judge(server, ops, given)
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${ops.join(', ')}\nof ${server.changes.join(' ')}`, {
          cause: error,
        })
      }
    }),
    {numRuns: 60},
  )
})
