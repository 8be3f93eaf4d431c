// Predicts the end of a running snapshot from two looks at /status, as one would with a watch.

import {setTimeout as sleep} from 'node:timers/promises'

/** @typedef {import('../../../src/task/status.ts').StatusReport} StatusReport */

async function look() {
  const response = await fetch(`http://${process.env['HTTP_LISTEN']}/status`)
  const {snapshot} = /** @type {StatusReport} */ (await response.json())
  const table = snapshot.tables.find(({state}) => state === 'running')
  if (table === undefined) throw new Error('no table is being copied')
  return {...table, at: performance.now()}
}

const first = await look()
await sleep(1_500)
const second = await look()
const seconds = (second.at - first.at) / 1000
const speed = (second.rowsDone - first.rowsDone) / seconds
const left = second.rowsEstimated - second.rowsDone
process.stdout.write(
  `${second.rowsDone - first.rowsDone} rows in ${seconds.toFixed(1)} s: ${Math.round(speed)} rows/s\n` +
    `${left} rows left / ${Math.round(speed)} rows/s = ${(left / speed).toFixed(1)} s; ` +
    `Tidemark says ${(second.secondsLeft ?? 0).toFixed(1)} s\n`,
)
