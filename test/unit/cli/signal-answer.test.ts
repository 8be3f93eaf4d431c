import assert from 'node:assert/strict'
import {test} from 'node:test'
import {AnswerWatch} from '../../../src/cli/signal-answer.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {SignalReceipt} from '../../../src/signals/signal-processor.ts'
import type {StatusReport} from '../../../src/task/status.ts'

const away = new TidemarkError('TIDEMARK_STATUS_UNREACHABLE', 'no task answers at X; start it with `tidemark run`')
const refused = new TidemarkError('TIDEMARK_STATUS_REFUSED', 'X answered 401')

function receipt(atMs: number, result: SignalReceipt['result'] = 'accepted', id = 'me'): SignalReceipt {
  return {id, type: 'log', channel: 'source', result, reason: null, atMs}
}

function status(signals: readonly SignalReceipt[], more: object = {}): StatusReport {
  const quiet = {streaming: true, behindMs: 0, error: null, sink: {state: 'open'}}
  return {...quiet, signals, ...more} as unknown as StatusReport
}

/** Looks at these one after the other, the first before the signal is sent; the last one again and again. */
async function ask(looks: readonly (StatusReport | Error)[], timeoutMs = 60_000): Promise<SignalReceipt> {
  let at = 0
  const readStatus = (): Promise<StatusReport> => {
    const look = looks[Math.min(at++, looks.length - 1)]!
    return look instanceof Error ? Promise.reject(look) : Promise.resolve(look)
  }
  const watch = await AnswerWatch.begin({id: 'me', timeoutMs, readStatus, pause: () => Promise.resolve()})
  return await watch.answer()
}

test('the answer is the one that came after the signal was sent, not an older one of the same id', async () => {
  const old = receipt(1, 'rejected')
  const others = [receipt(2, 'ignored', 'other')]
  assert.deepEqual(
    await ask([status([old]), status([old, ...others]), status([old, ...others, receipt(3)])]),
    receipt(3),
  )
})

test('a task that goes away meanwhile is waited for', async () => {
  assert.deepEqual(await ask([status([]), away, away, status([]), status([receipt(5)])]), receipt(5))
})

test('a task that comes just then still answers; one that is not there is not waited for', async () => {
  assert.deepEqual(await ask([away, status([]), status([receipt(5)])]), receipt(5))
  const promise = ask([away, away])
  await assert.rejects(promise, {
    code: 'TIDEMARK_SIGNAL_NO_ANSWER',
    message: /was sent, and is acted on when .*tidemark run/,
  })
})

test('a task that refuses to tell is an error before the signal is sent', async () => {
  await assert.rejects(ask([refused]), {code: 'TIDEMARK_STATUS_REFUSED'})
})

test('without an answer in time the reason that can be seen is told', async () => {
  const reasons: [object, RegExp][] = [
    [{}, /has not met it/],
    [{streaming: false}, /does not stream yet/],
    [{behindMs: 65_000}, /65 s behind/],
    [{sink: {state: 'waiting', reason: 'no leader'}}, /sink waits \(no leader\)/],
    [{error: {message: 'broken'}}, /task failed \(broken\)/],
  ]
  for (const [more, message] of reasons) {
    await assert.rejects(ask([status([], more)], 0), {code: 'TIDEMARK_SIGNAL_NO_ANSWER', message})
  }
})
