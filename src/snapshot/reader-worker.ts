// The reader worker: one lane in a thread of its own. Chunks are handed over by transfer, never row by row.

import {parentPort, workerData} from 'node:worker_threads'
import type {DatabaseSettings} from '../config/settings.ts'
import {invariant} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import {ChunkLane} from './chunk-lane.ts'
import {openRowReader} from './mysql-row-reader.ts'
import type {FromWorker, ToWorker} from './worker-lane.ts'
import {packError} from './worker-lane.ts'

export interface ReaderWorkerData {
  readonly database: DatabaseSettings
  readonly encoderOptions: EncoderOptions
  readonly committedMark: Int32Array
}

const port = parentPort
invariant(port !== null, 'the reader worker runs in a worker thread')
const data = workerData as ReaderWorkerData

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer)
}

const lane = new ChunkLane({
  committedMark: data.committedMark,
  openReader: serverUuid => openRowReader(data.database, serverUuid),
  compile: job =>
    compileRowEncoder({
      shape: job.shape,
      messageKey: job.messageKey,
      rowKey: job.rowKey,
      options: data.encoderOptions,
    }),
  events: {
    wants: (jobId, bytes, rows) => {
      send({type: 'wants', jobId, bytes, rows})
    },
    chunk: chunk => {
      send({type: 'chunk', chunk}, [chunk.bytes.buffer, chunk.ends.buffer])
    },
    ended: jobId => {
      send({type: 'ended', jobId})
    },
    failed: (jobId, error) => {
      send({type: 'failed', jobId, error: packError(error)})
    },
  },
})

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      lane.start(message.job)
      break
    case 'grant':
      lane.grant(message.jobId, message.bytes, message.rows)
      break
    case 'cancel':
      lane.cancel(message.jobId)
      break
    case 'close':
      void lane.close().finally(() => {
        port.close()
      })
      break
  }
})
