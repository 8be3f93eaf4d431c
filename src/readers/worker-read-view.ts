// A read view whose reading happens in a worker thread; the owner's half of read-view-worker.ts.

import {Worker} from 'node:worker_threads'
import {unpackError} from '../snapshot/worker-lane.ts'
import type {PackedError} from '../snapshot/worker-lane.ts'
import type {ReadSlice} from '../snapshot/copy-slices.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlReadViewOptions} from './mysql-read-view.ts'
import type {ReadJob, ReadView} from './read-view.ts'
import type {SliceEvents} from './slice-writer.ts'

export type ToReadView =
  | {readonly type: 'open' | 'begin' | 'close'}
  | {readonly type: 'read'; readonly job: ReadJob}
  | {readonly type: 'grant'; readonly bytes: number; readonly rows: number}

/** `done` and `failed` answer what was asked last. */
export type FromReadView =
  | {readonly type: 'done'}
  | {readonly type: 'failed'; readonly error: PackedError}
  | {readonly type: 'wants'; readonly bytes: number; readonly rows: number}
  | {readonly type: 'slice'; readonly slice: ReadSlice}

const CLOSE_MS = 2_000

export class WorkerReadView implements ReadView {
  readonly #options: MysqlReadViewOptions
  #worker: Worker | null = null
  #events: SliceEvents | null = null
  #asked: {resolve: () => void; reject: (error: Error) => void} | null = null
  #isClosed = false

  constructor(options: MysqlReadViewOptions) {
    this.#options = options
  }

  open(): Promise<void> {
    return this.#ask({type: 'open'})
  }

  begin(): Promise<void> {
    return this.#ask({type: 'begin'})
  }

  read(job: ReadJob, events: SliceEvents): Promise<void> {
    this.#events = events
    return this.#ask({type: 'read', job})
  }

  grant(bytes: number, rows: number): void {
    if (!this.#isClosed) this.#worker?.postMessage({type: 'grant', bytes, rows} satisfies ToReadView)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#reject(closed())
    const worker = this.#worker
    if (worker === null) return
    const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    worker.postMessage({type: 'close'} satisfies ToReadView)
    const timer = setTimeout(() => void worker.terminate(), CLOSE_MS)
    await exited
    clearTimeout(timer)
  }

  #ask(message: ToReadView): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed())
    this.#worker ??= this.#start()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#asked = {resolve, reject}
      worker.postMessage(message)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./read-view-worker.js', import.meta.url), {workerData: this.#options})
    worker.on('message', (message: FromReadView) => this.#receive(message))
    worker.on('error', error => this.#reject(error))
    worker.on('exit', () => this.#reject(closed()))
    return worker
  }

  #receive(message: FromReadView): void {
    if (this.#isClosed) return
    switch (message.type) {
      case 'done': {
        const asked = this.#asked
        this.#asked = null
        asked?.resolve()
        break
      }
      case 'failed':
        this.#reject(unpackError(message.error))
        break
      case 'wants':
        this.#events?.wants(message.bytes, message.rows)
        break
      case 'slice':
        this.#events?.slice(message.slice)
        break
    }
  }

  #reject(error: unknown): void {
    const asked = this.#asked
    this.#asked = null
    asked?.reject(error instanceof Error ? error : new Error(String(error)))
  }
}

function closed(): TidemarkError {
  return new TidemarkError('TIDEMARK_SNAPSHOT_COPY_CUT_OFF', 'the copy was cut off; it begins again', {
    kind: 'retryable',
  })
}
