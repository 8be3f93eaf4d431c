// Signals from a file, one JSON object a line. As with Debezium the file is gone once it was read: it is renamed, so that
// nobody can write into what is being emptied, and removed when its signals are part of the stored state. How far the
// renamed file was read is part of that state, so that each line is acted on once, whenever the process ends.

import {randomUUID} from 'node:crypto'
import {open, readdir, rename, rm, stat} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import type {Log} from '../core/log.ts'
import {jsonSignal} from './json-signal.ts'
import type {SignalChannelStatus} from './signal-channel.ts'
import type {SignalRecord} from './signal.ts'

/** How far a renamed file has been read. */
export interface FileSignalPlace {
  readonly path: string
  readonly bytes: number
}

export interface FileSignalChannelOptions {
  readonly path: string
  readonly stored: FileSignalPlace | null
  /** Takes a signal in; synchronous, so that it and its place are stored together. */
  readonly take: (record: SignalRecord) => void
  /** Characters of the signals taken that were not yet acted on. */
  readonly waiting: () => number
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  readonly log: Log
}

const LOOK_MS = 250
/** Whoever had the file open when it was renamed may write into it for so long. */
const QUIET_MS = 1_000
/** Characters that may wait to be acted on before the file waits (I5). */
const MOST_WAITING = 256 * 1024
/** Read at once; a longer line is no signal. */
const READ_BYTES = 256 * 1024
const NEWLINE = 0x0a

interface TakenFile {
  readonly path: string
  bytes: number
  /** The stored state has what lies before. */
  storedBytes: number
  /** performance.now() */
  grewAt: number
}

export class FileSignalChannel {
  readonly #options: FileSignalChannelOptions
  #taken: TakenFile | null
  #collected: FileSignalPlace | null = null
  #status: SignalChannelStatus

  constructor(options: FileSignalChannelOptions) {
    const {path, stored} = options
    this.#options = options
    this.#taken = stored === null ? null : takenFile(stored.path, stored.bytes)
    this.#status = {channel: 'file', file: path, state: 'starting'}
  }

  get status(): SignalChannelStatus {
    return this.#status
  }

  /** For the state that is to be saved now; `saved` when it is durable. */
  collect(): FileSignalPlace | null {
    this.#collected = this.#taken === null ? null : {path: this.#taken.path, bytes: this.#taken.bytes}
    return this.#collected
  }

  saved(): void {
    if (this.#taken !== null && this.#collected?.path === this.#taken.path) {
      this.#taken.storedBytes = this.#collected.bytes
    }
  }

  /** Reads until the signal aborts. A file that is missing or cannot be read is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    const {path, delay, waiting, log} = this.#options
    while (!signal.aborted) {
      try {
        if (waiting() < MOST_WAITING) await this.#look()
        if (this.#status.state !== 'open') log.info({file: path}, 'reading signals from the signal file')
        this.#status = {channel: 'file', file: path, state: 'open'}
      } catch (error) {
        const reason = (error as Error).message
        const fields = {file: path, reason}
        if (this.#status.state !== 'waiting') log.warn(fields, 'cannot read the signal file, will try again')
        this.#status = {channel: 'file', file: path, state: 'waiting', reason}
      }
      await delay(LOOK_MS, signal)
    }
  }

  async #look(): Promise<void> {
    this.#taken ??= (await this.#leftBehind()) ?? (await this.#takeFile())
    const taken = this.#taken
    if (taken === null) return
    if (!(await this.#read(taken))) {
      // It was removed behind the last state that was stored.
      this.#taken = null
      return
    }
    if (performance.now() - taken.grewAt < QUIET_MS || taken.storedBytes < taken.bytes) return
    await rm(taken.path, {force: true})
    this.#taken = null
  }

  /** A file that was renamed before a crash, and is in no stored state. */
  async #leftBehind(): Promise<TakenFile | null> {
    const {path} = this.#options
    const folder = dirname(path)
    const names = await readdir(folder)
    const left = names.filter(name => name.startsWith(`${basename(path)}.`) && name.endsWith('.taken')).sort()[0]
    return left === undefined ? null : takenFile(join(folder, left), 0)
  }

  async #takeFile(): Promise<TakenFile | null> {
    const {path} = this.#options
    const size = await stat(path).then(
      found => found.size,
      (error: NodeJS.ErrnoException) => {
        // Whoever sends the first signal creates it.
        if (error.code === 'ENOENT') return 0
        throw error
      },
    )
    if (size === 0) return null
    const taken = takenFile(`${path}.${randomUUID()}.taken`, 0)
    await rename(path, taken.path)
    return taken
  }

  /** Takes the lines that there are. False where the file is gone. */
  async #read(taken: TakenFile): Promise<boolean> {
    const file = await open(taken.path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (file === null) return false
    try {
      while (this.#options.waiting() < MOST_WAITING) {
        const {buffer, bytesRead} = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, taken.bytes)
        if (!this.#takeLines(taken, buffer.subarray(0, bytesRead))) return true
      }
      return true
    } finally {
      await file.close()
    }
  }

  /** Takes the next lines; false where no more can be taken now. */
  #takeLines(taken: TakenFile, part: Buffer): boolean {
    const end = part.lastIndexOf(NEWLINE) + 1
    // Somebody who writes no line end behind the last signal has still sent it.
    const isLast = performance.now() - taken.grewAt >= QUIET_MS
    if (end === 0 && part.length > 0 && part.length < READ_BYTES && !isLast) return false
    if (part.length === 0) return false
    const lines = end === 0 ? part : part.subarray(0, end)
    const tooLong = end === 0 && part.length === READ_BYTES
    for (let start = 0; start < lines.length;) {
      const next = lines.indexOf(NEWLINE, start) + 1
      const line = lines.subarray(start, next === 0 ? lines.length : next)
      this.#takeLine(taken, line, tooLong)
      start += line.length
    }
    taken.grewAt = performance.now()
    return true
  }

  #takeLine(taken: TakenFile, line: Buffer, tooLong: boolean): void {
    const {take} = this.#options
    const occurrence = `${basename(taken.path, '.taken')}@${taken.bytes}`
    const text = line.toString('utf8').trim()
    taken.bytes += line.length
    const broken = `the line is longer than ${READ_BYTES / 1024} KB`
    if (tooLong) take({id: occurrence, type: '', data: null, channel: 'file', occurrence, broken})
    else if (text !== '') take(jsonSignal(text, {channel: 'file', occurrence}, 'the line'))
  }
}

function takenFile(path: string, bytes: number): TakenFile {
  return {path, bytes, storedBytes: bytes, grewAt: performance.now()}
}
