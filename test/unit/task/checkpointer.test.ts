import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {Checkpointer} from '../../../src/task/checkpointer.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {settled} from '../../support/stream-parts.ts'

/** Sync and save wait for the test where `held`. */
class Store {
  state = 'a'
  held = false
  readonly did: string[] = []
  readonly failures: unknown[] = []
  #waiting: {resolve: () => void; reject: (error: Error) => void}[] = []
  readonly checkpointer = new Checkpointer({
    collect: () => {
      this.did.push(`collect ${this.state}`)
      return this.state
    },
    syncSink: () => this.#step('sync'),
    save: text => this.#step(`save ${text}`),
    log: quietLog,
    onFailure: error => this.failures.push(error),
  })

  #step(name: string): Promise<void> {
    this.did.push(name)
    if (!this.held) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({resolve, reject}))
  }

  async go(): Promise<void> {
    this.#waiting.shift()!.resolve()
    await settled()
  }

  async fail(error = new Error('disk full')): Promise<void> {
    this.#waiting.shift()!.reject(error)
    await settled()
  }

  get saved(): string[] {
    return this.did.filter(step => step.startsWith('save ')).map(step => step.slice(5))
  }
}

test('I3: the state is collected, then the sink is made durable, then it is saved', async () => {
  const store = new Store()
  store.held = true
  const stored = store.checkpointer.store()
  await settled()
  store.state = 'later'
  assert.deepEqual(store.did, ['collect a', 'sync'])
  await store.go()
  assert.deepEqual(store.did, ['collect a', 'sync', 'save a'])
  await store.go()
  await stored
})

test('a state that was saved already is not written again, a changed one is', async () => {
  const store = new Store()
  for (const state of ['a', 'a', 'b', 'b', 'a']) {
    store.state = state
    await store.checkpointer.store()
  }
  assert.deepEqual(store.saved, ['a', 'b', 'a'])
})

test('calls made during a round share the next one, which collects anew', async () => {
  const store = new Store()
  store.held = true
  const first = store.checkpointer.store()
  await settled()
  store.state = 'b'
  const others = [store.checkpointer.store(), store.checkpointer.store()]
  store.state = 'c'
  for (let i = 0; i < 4; i++) await store.go()
  await Promise.all([first, ...others])
  assert.deepEqual(store.saved, ['a', 'c'])
})

test('whenever a call is made around the end of a round, the state of that moment or a later one is saved when it returns', async () => {
  for (let microtasks = 0; microtasks < 12; microtasks++) {
    const store = new Store()
    store.held = true
    const first = store.checkpointer.store()
    await settled()
    await store.go()
    store.held = false
    const saving = store.go()
    for (let i = 0; i < microtasks; i++) await Promise.resolve()
    store.state = 'b'
    await store.checkpointer.store()
    assert.equal(store.saved.at(-1), 'b', `${microtasks} microtasks after the save`)
    await Promise.all([first, saving])
  }
})

for (const step of ['sync', 'save'] as const) {
  test(`a ${step} that fails rejects everybody who waits, counts as not saved, and can be tried again`, async () => {
    const store = new Store()
    store.held = true
    const calls = [store.checkpointer.store()]
    await settled()
    calls.push(store.checkpointer.store())
    const outcomes = Promise.allSettled(calls)
    if (step === 'save') await store.go()
    await store.fail()
    assert.deepEqual(
      (await outcomes).map(outcome => outcome.status),
      ['rejected', 'rejected'],
    )
    store.held = false
    await store.checkpointer.store()
    assert.deepEqual(store.saved.at(-1), 'a')
  })
}

test('the timer stores while it runs and tells its failures; stopped, it is cleared', async t => {
  const ticks: (() => void)[] = []
  const timer = {} as NodeJS.Timeout
  const cleared: unknown[] = []
  t.mock.method(globalThis, 'setInterval', (tick: () => void, ms: number) => {
    assert.ok(ms <= 1_000, 'at least once a second')
    ticks.push(tick)
    return timer
  })
  t.mock.method(globalThis, 'clearInterval', (each: unknown) => cleared.push(each))
  const store = new Store()
  store.checkpointer.start()
  ticks[0]!()
  await settled()
  assert.deepEqual(store.saved, ['a'])
  store.state = 'b'
  store.held = true
  ticks[0]!()
  await settled()
  await store.fail()
  assert.equal(store.failures.length, 1)
  store.checkpointer.stop()
  store.checkpointer.stop()
  assert.deepEqual([ticks.length, cleared], [1, [timer]])
})

test('a state that a full disk cannot take is tried again, and no failure; any other error is one', async () => {
  const store = new Store()
  store.held = true
  store.checkpointer.soon()
  await settled()
  await store.go()
  await store.fail(new TidemarkError('TIDEMARK_STATE_UNWRITABLE', 'no space', {kind: 'retryable'}))
  assert.deepEqual([store.failures, store.checkpointer.problem], [[], 'no space'])
  store.checkpointer.soon()
  await settled()
  await store.go()
  await store.go()
  assert.deepEqual([store.saved, store.checkpointer.problem], [['a', 'a'], null])
  store.state = 'b'
  store.checkpointer.soon()
  await settled()
  await store.go()
  await store.fail(new TidemarkError('TIDEMARK_STATE_UNWRITABLE', 'too large', {kind: 'fatal'}))
  assert.equal(store.failures.length, 1)
})
