// A lane whose reading happens in a worker thread; the owner's half of reader-worker.ts.

import {Worker} from 'node:worker_threads'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {ErrorKind} from '../core/tidemark-error.ts'
import type {Lane, LaneEvents, RangeJob, ReadChunk} from './chunk-lane.ts'
import type {ReaderWorkerData} from './reader-worker.ts'

export type ToWorker =
  | {readonly type: 'start'; readonly job: RangeJob}
  | {readonly type: 'grant'; readonly jobId: number; readonly bytes: number; readonly rows: number}
  | {readonly type: 'cancel'; readonly jobId: number}
  | {readonly type: 'close'}

export type FromWorker =
  | {readonly type: 'wants'; readonly jobId: number; readonly bytes: number; readonly rows: number}
  | {readonly type: 'chunk'; readonly chunk: ReadChunk}
  | {readonly type: 'ended'; readonly jobId: number}
  | {readonly type: 'failed'; readonly jobId: number; readonly error: PackedError}

/** An error between threads, which would lose its class and own fields. */
export interface PackedError {
  readonly code: string
  readonly errno: number | null
  readonly message: string
  readonly kind: ErrorKind | null
}

export function packError(error: unknown): PackedError {
  const {code, errno, message} = error as {code?: unknown; errno?: unknown; message?: unknown}
  return {
    code: typeof code === 'string' ? code : 'UNKNOWN',
    errno: typeof errno === 'number' ? errno : null,
    message: typeof message === 'string' ? message : String(error),
    kind: error instanceof TidemarkError ? error.kind : null,
  }
}

export function unpackError(packed: PackedError): Error {
  if (packed.kind !== null) return new TidemarkError(packed.code, packed.message, {kind: packed.kind})
  return Object.assign(new Error(packed.message), {code: packed.code, errno: packed.errno ?? undefined})
}

/** Starts its thread with the first job, so that a task without snapshots has none. */
export class WorkerLane implements Lane {
  readonly #events: LaneEvents
  readonly #data: ReaderWorkerData
  #worker: Worker | null = null
  #jobId: number | null = null
  #closing = false

  constructor(events: LaneEvents, data: ReaderWorkerData) {
    this.#events = events
    this.#data = data
  }

  start(job: RangeJob): void {
    this.#jobId = job.jobId
    this.#post({type: 'start', job})
  }

  grant(jobId: number, bytes: number, rows: number): void {
    this.#post({type: 'grant', jobId, bytes, rows})
  }

  cancel(jobId: number): void {
    this.#post({type: 'cancel', jobId})
  }

  async close(): Promise<void> {
    this.#closing = true
    const worker = this.#worker
    if (worker === null) return
    const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    worker.postMessage({type: 'close'} satisfies ToWorker)
    const timer = setTimeout(() => void worker.terminate(), 2_000)
    await exited
    clearTimeout(timer)
  }

  #post(message: ToWorker): void {
    if (this.#closing) return
    this.#worker ??= this.#open()
    this.#worker.postMessage(message)
  }

  #open(): Worker {
    const worker = new Worker(new URL('./reader-worker.js', import.meta.url), {workerData: this.#data})
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', error => this.#lost(worker, error))
    worker.on('exit', () => this.#lost(worker, new Error('the reader worker ended')))
    return worker
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'wants':
        this.#events.wants(message.jobId, message.bytes, message.rows)
        break
      case 'chunk':
        this.#events.chunk(message.chunk)
        break
      case 'ended':
        this.#jobId = null
        this.#events.ended(message.jobId)
        break
      case 'failed':
        this.#jobId = null
        this.#events.failed(message.jobId, unpackError(message.error))
        break
    }
  }

  // A thread that dies takes its job with it; the next job gets a new thread.
  #lost(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = null
    const jobId = this.#jobId
    this.#jobId = null
    if (jobId !== null && !this.#closing) this.#events.failed(jobId, error)
  }
}
