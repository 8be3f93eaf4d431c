// JSON lines on stdout: back-pressure by waiting for each write, and a clear end when the reader goes away.

import type {Writable} from 'node:stream'
import {describeError, invariant, TidemarkError} from '../core/tidemark-error.ts'
import {JsonLinesBatch, JsonLinesTopic, jsonLinesPool, type KeyConverter} from './json-lines-batch.ts'
import {LineWriter} from './line-writer.ts'
import type {EventBatch, Sink, SinkStatus, SinkTopic} from './sink.ts'
import type {Log} from '../core/log.ts'

export interface StdoutSinkOptions {
  readonly keyConverter: KeyConverter
  readonly log: Log
  /** process.stdout unless a test gives another. */
  readonly stream?: Writable
}

export class StdoutSink implements Sink {
  readonly type = 'stdout'
  readonly snapshotBytesInFlight = 512 * 1024
  readonly #keyConverter: KeyConverter
  readonly #stream: Writable
  readonly #writer: LineWriter
  readonly #topics = new Map<string, JsonLinesTopic>()
  readonly #pool = jsonLinesPool()
  #state: 'new' | 'open' | 'closed' = 'new'

  constructor({keyConverter, log, stream = process.stdout}: StdoutSinkOptions) {
    this.#keyConverter = keyConverter
    this.#stream = stream
    this.#writer = new LineWriter({
      target: {write: bytes => writeToStream(stream, bytes)},
      name: 'stdout',
      log,
      isWaitedFor: () => false,
      fatal: stdoutError,
    })
  }

  open(_signal: AbortSignal): Promise<void> {
    // Without a listener the stream's error event would end the process with a stack trace.
    this.#stream.on('error', this.#onError)
    this.#state = 'open'
    return Promise.resolve()
  }

  topic(name: string): Promise<SinkTopic> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new JsonLinesTopic(name, this.#keyConverter, this.#pool)
      this.#topics.set(name, topic)
    }
    return Promise.resolve(topic)
  }

  async send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof JsonLinesBatch, 'a batch of another sink was sent to stdout')
    if (this.#state !== 'open') throw closedError()
    await this.#writer.send(batch)
  }

  sync(): Promise<void> {
    return this.#writer.failure === null ? Promise.resolve() : Promise.reject(this.#writer.failure)
  }

  status(): SinkStatus {
    if (this.#writer.failure !== null) return {state: 'closed', reason: this.#writer.failure.message}
    return {state: this.#state === 'open' ? 'open' : 'closed'}
  }

  async close(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const aborted = new Promise<void>(resolve => {
      if (signal?.aborted === true) resolve()
      signal?.addEventListener('abort', () => resolve(), {once: true})
    })
    // A write into a pipe that nobody reads never ends; the caller's patience does.
    await (signal === undefined ? this.#writer.drain() : Promise.race([this.#writer.drain(), aborted]))
    this.#writer.fail(closedError())
    // The listener stays: a late EPIPE must not end the process with a stack trace.
  }

  readonly #onError = (error: Error): void => {
    this.#writer.fail(stdoutError(error))
  }
}

function writeToStream(stream: Writable, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, error => {
      if (error == null) resolve(bytes.length)
      else reject(error)
    })
  })
}

function stdoutError(cause: unknown): TidemarkError {
  if (cause instanceof TidemarkError) return cause
  const {code, message} = describeError(cause)
  const gone = code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
  return gone
    ? new TidemarkError(
        'TIDEMARK_SINK_STDOUT_CLOSED',
        'the reader of stdout went away; start again with one that stays, or set sink.type',
        {cause},
      )
    : new TidemarkError(
        'TIDEMARK_SINK_STDOUT',
        `cannot write to stdout: ${message}; set sink.type to write elsewhere`,
        {cause},
      )
}

function closedError(): TidemarkError {
  return new TidemarkError('TIDEMARK_SINK_CLOSED', 'the stdout sink is not open')
}
