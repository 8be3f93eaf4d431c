// What every kind of watermark must do; run by each implementation and by the model of the property tests.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TestContext} from 'node:test'
import type {Watermarks} from '../../src/snapshot/watermarks.ts'

export interface WatermarksUnderTest {
  readonly marks: Watermarks
  /** Lets the mark that is wanted be issued and held before its commit; resolves when it is on its way. */
  issue(): Promise<void>
  /** The mark on its way is committed. */
  commit(): Promise<void>
}

export type WatermarksFactory = (t: TestContext) => Promise<WatermarksUnderTest>

export function watermarksContract(name: string, fresh: WatermarksFactory): void {
  const never = new AbortController().signal

  test(`${name}: requests made before a mark is issued share it`, async t => {
    const {marks} = await fresh(t)
    const number = marks.request()
    assert.equal(marks.request(), number)
    assert.ok(number > marks.committed)
  })

  test(`${name}: a mark that is on its way does not count for a request, since it may lie before what the caller did`, async t => {
    const {marks, issue, commit} = await fresh(t)
    const first = marks.request()
    await issue()
    const second = marks.request()
    assert.ok(second > first)
    await commit()
    await issue()
    await commit()
    await marks.whenCommitted(second, never)
  })

  test(`${name}: a mark is not known as committed before it is, and then everybody sees it`, async t => {
    const {marks, issue, commit} = await fresh(t)
    const before = marks.committed
    const number = marks.request()
    let committed = false
    const waiting = marks.whenCommitted(number, never).then(() => (committed = true))
    await issue()
    await Promise.resolve()
    assert.equal(committed, false)
    assert.equal(marks.committed, before)
    await commit()
    await waiting
    assert.equal(marks.committed, number)
    assert.equal(Atomics.load(marks.shared, 0), number)
  })

  test(`${name}: waiting for a mark that is committed already is over at once`, async t => {
    const {marks, issue, commit} = await fresh(t)
    const number = marks.request()
    await issue()
    await commit()
    await marks.whenCommitted(number, never)
    await marks.whenCommitted(number - 1, never)
  })

  test(`${name}: numbers of committed marks never fall, and each request asks for one behind them`, async t => {
    const {marks, issue, commit} = await fresh(t)
    let last = marks.committed
    for (let i = 0; i < 5; i++) {
      const number = marks.request()
      assert.ok(number > last)
      await issue()
      await commit()
      assert.ok(marks.committed >= number)
      last = marks.committed
      marks.seen(last)
    }
  })

  test(`${name}: waiting for a mark ends with the signal, also where it was aborted before`, async t => {
    const {marks} = await fresh(t)
    const number = marks.request()
    const stop = new AbortController()
    const waiting = marks.whenCommitted(number, stop.signal)
    stop.abort(new Error('stopped'))
    await assert.rejects(waiting, /stopped/)
    await assert.rejects(marks.whenCommitted(number, stop.signal), /stopped/)
  })
}
