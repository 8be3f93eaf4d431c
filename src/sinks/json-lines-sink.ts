// A file of JSON lines: appended to, in order, made durable before each checkpoint.

import {constants} from 'node:fs'
import {open, type FileHandle} from 'node:fs/promises'
import {describeError, invariant, TidemarkError} from '../core/tidemark-error.ts'
import {JsonLinesBatch, JsonLinesTopic, jsonLinesPool, type KeyConverter} from './json-lines-batch.ts'
import {LineWriter} from './line-writer.ts'
import type {EventBatch, Sink, SinkStatus, SinkTopic} from './sink.ts'
import type {Log} from '../core/log.ts'

/** The part of a FileHandle that is used; tests put a full disk in its place. */
export interface LineFile {
  write(bytes: Buffer): Promise<{bytesWritten: number}>
  datasync(): Promise<void>
  close(): Promise<void>
}

export interface JsonLinesSinkOptions {
  readonly path: string
  readonly keyConverter: KeyConverter
  readonly log: Log
  readonly wrapFile?: (file: LineFile) => LineFile
  readonly firstDelayMs?: number
}

const FULL = new Set(['ENOSPC', 'EDQUOT'])

export class JsonLinesSink implements Sink {
  readonly type = 'file'
  readonly snapshotBytesInFlight = 512 * 1024
  readonly #options: JsonLinesSinkOptions
  readonly #topics = new Map<string, JsonLinesTopic>()
  readonly #pool = jsonLinesPool()
  #file: LineFile | null = null
  #writer: LineWriter | null = null
  #closing: Promise<void> | null = null
  #unsynced = false

  constructor(options: JsonLinesSinkOptions) {
    this.#options = options
  }

  async open(_signal: AbortSignal): Promise<void> {
    const {path, log, wrapFile, firstDelayMs} = this.#options
    const handle = await openForAppend(path)
    try {
      const torn = await cutTornLine(handle)
      if (torn > 0) log.info({path, bytes: torn}, 'line torn by a crash removed from the end of the file')
    } catch (error) {
      await handle.close()
      throw this.#fatal('read', error)
    }
    this.#file = wrapFile === undefined ? handle : wrapFile(handle)
    const file = this.#file
    this.#writer = new LineWriter({
      target: {write: async bytes => (await file.write(bytes)).bytesWritten},
      name: `file ${path}`,
      log,
      isWaitedFor: error => FULL.has(describeError(error).code),
      fatal: error => this.#fatal('write', error),
      ...(firstDelayMs === undefined ? {} : {firstDelayMs}),
    })
  }

  topic(name: string): Promise<SinkTopic> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new JsonLinesTopic(name, this.#options.keyConverter, this.#pool)
      this.#topics.set(name, topic)
    }
    return Promise.resolve(topic)
  }

  async send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof JsonLinesBatch, 'a batch of another sink was sent to a file')
    if (this.#writer === null || this.#closing !== null) throw this.#closedError()
    this.#unsynced = true
    await this.#writer.send(batch)
  }

  async sync(): Promise<void> {
    if (this.#writer?.failure != null) throw this.#writer.failure
    if (this.#file === null || !this.#unsynced) return
    this.#unsynced = false
    try {
      await this.#file.datasync()
    } catch (error) {
      // What the system could not write it may have dropped from its cache: asking again could claim success. The
      // stored position has not passed these lines, so they come again after a restart.
      const fatal = this.#fatal('sync', error)
      this.#writer?.fail(fatal)
      throw fatal
    }
  }

  status(): SinkStatus {
    if (this.#writer === null || this.#closing !== null) return {state: 'closed'}
    const {failure, waitingFor} = this.#writer
    if (failure !== null) return {state: 'closed', reason: failure.message}
    return waitingFor === null ? {state: 'open'} : {state: 'waiting', reason: waitingFor}
  }

  close(signal?: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal)
    return this.#closing
  }

  async #close(signal?: AbortSignal): Promise<void> {
    await this.#writer?.drain(signal)
    this.#writer?.fail(this.#closedError())
    await this.#file?.close()
    this.#file = null
  }

  #fatal(action: string, cause: unknown): TidemarkError {
    return fileError(this.#options.path, action, cause)
  }

  #closedError(): TidemarkError {
    return new TidemarkError('TIDEMARK_SINK_CLOSED', `the file sink ${this.#options.path} is not open`)
  }
}

async function openForAppend(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o666)
  } catch (cause) {
    throw fileError(path, 'open', cause)
  }
}

function fileError(path: string, action: string, cause: unknown): TidemarkError {
  const {code, message} = describeError(cause)
  const remedy =
    code === 'ENOENT'
      ? 'create its directory'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'let this process write there'
        : code === 'EISDIR'
          ? 'name a file, not a directory'
          : FULL.has(code)
            ? 'free some space'
            : 'mend the file system'
  return new TidemarkError(
    'TIDEMARK_SINK_FILE',
    `cannot ${action} ${path} (sink.file.path): ${message}; ${remedy}, or name another file`,
    {
      cause,
      kind: action === 'open' ? 'prerequisite' : 'fatal',
    },
  )
}

/**
 * Cuts the file behind its last newline and returns how many bytes that removed. A line without its newline was being
 * written when the process died; it was never acknowledged, and appending to it would make one broken line of two.
 */
async function cutTornLine(file: FileHandle): Promise<number> {
  const stat = await file.stat()
  if (!stat.isFile()) return 0
  const block = Buffer.alloc(64 * 1024)
  let end = stat.size
  while (end > 0) {
    const start = Math.max(0, end - block.length)
    const {bytesRead} = await file.read(block, 0, end - start, start)
    const newline = block.subarray(0, bytesRead).lastIndexOf(0x0a)
    if (newline >= 0) {
      end = start + newline + 1
      break
    }
    end = start
  }
  if (end < stat.size) await file.truncate(end)
  return stat.size - end
}
