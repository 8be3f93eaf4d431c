// What every state store must do; run by each implementation.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TestContext} from 'node:test'
import type {StateStore} from '../../src/state/state-store.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'

/** Gives stores on the same, fresh state, as often as it is called. */
export type StateStoreFactory = (t: TestContext) => Promise<() => StateStore>

export function stateStoreContract(name: string, fresh: StateStoreFactory): void {
  test(`${name}: a state never saved loads as null`, async t => {
    const store = (await fresh(t))()
    await store.open()
    t.after(() => store.close())
    assert.equal(await store.load(), null)
  })

  test(`${name}: the last of several saves is what another owner loads`, async t => {
    const make = await fresh(t)
    const first = make()
    await first.open()
    await Promise.all([first.save('{"n":1}'), first.save('{"n":2, "text":"ü"}')])
    await first.close()
    const second = make()
    await second.open()
    t.after(() => second.close())
    assert.equal(await second.load(), '{"n":2, "text":"ü"}')
  })

  test(`${name}: a second owner is refused while the first is open, and accepted after it closed`, async t => {
    const make = await fresh(t)
    const [first, second] = [make(), make()]
    await first.open()
    t.after(() => first.close())
    await assert.rejects(
      second.open(),
      (e: unknown) => e instanceof TidemarkError && e.code === 'TIDEMARK_STATE_IN_USE',
    )
    await first.close()
    await first.close()
    await second.open()
    await second.close()
  })

  test(`${name}: of many that open at once exactly one owns the state`, async t => {
    const make = await fresh(t)
    const stores = Array.from({length: 8}, make)
    const results = await Promise.allSettled(stores.map(store => store.open()))
    t.after(() => Promise.all(stores.map(store => store.close())))
    assert.equal(results.filter(r => r.status === 'fulfilled').length, 1)
  })
}
