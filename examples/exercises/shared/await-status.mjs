// Waits until the task's /status says so: `streaming`, `percent NUMBER`, `ended ID` (of a signal's snapshot).

import {setTimeout as sleep} from 'node:timers/promises'

/** @typedef {import('../../../src/task/status.ts').StatusReport} StatusReport */

const PATIENCE_MS = 120_000
const [what = '', argument = ''] = process.argv.slice(2)

/** @param {StatusReport} status */
function isSo(status) {
  const {snapshot, signals, sink} = status
  if (what === 'streaming') return status.streaming
  if (what === 'percent')
    return snapshot.tables.some(({state, percent}) => state === 'running' && (percent ?? 0) >= Number(argument))
  const isAnswered = signals.some(({id, result}) => id === argument && result !== 'rejected')
  return isAnswered && snapshot.state === 'idle' && sink.bytesInFlight === 0
}

const end = performance.now() + PATIENCE_MS
for (;;) {
  const response = await fetch(`http://${process.env['HTTP_LISTEN']}/status`).catch(() => null)
  if (response?.ok === true && isSo(/** @type {StatusReport} */ (await response.json()))) break
  if (performance.now() > end) {
    process.stderr.write(`the task did not come to "${what} ${argument}" within ${PATIENCE_MS / 1000} s\n`)
    process.exitCode = 1
    break
  }
  await sleep(100)
}
