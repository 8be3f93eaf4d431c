// The thread of one read view: rows are read and encoded here, and handed over by transfer, never row by row.

import {parentPort, workerData} from 'node:worker_threads'
import {invariant} from '../core/tidemark-error.ts'
import {packError} from '../snapshot/worker-lane.ts'
import {MysqlReadView} from './mysql-read-view.ts'
import type {MysqlReadViewOptions} from './mysql-read-view.ts'
import type {FromReadView, ToReadView} from './worker-read-view.ts'

const port = parentPort
invariant(port !== null, 'the read view runs in a worker thread')
const view = new MysqlReadView(workerData as MysqlReadViewOptions)

const send = (message: FromReadView, transfer: ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer)
}

function answer(work: Promise<void>): void {
  work.then(
    () => send({type: 'done'}),
    (error: unknown) => send({type: 'failed', error: packError(error)}),
  )
}

port.on('message', (message: ToReadView) => {
  switch (message.type) {
    case 'open':
      answer(view.open())
      break
    case 'begin':
      answer(view.begin())
      break
    case 'read':
      answer(
        view.read(message.job, {
          wants: (bytes, rows) => send({type: 'wants', bytes, rows}),
          slice: slice => send({type: 'slice', slice}, [slice.bytes.buffer, slice.ends.buffer]),
        }),
      )
      break
    case 'grant':
      view.grant(message.bytes, message.rows)
      break
    case 'close':
      void view.close().finally(() => port.close())
      break
  }
})
