// The checkpoint in one local file: replaced atomically, owned by one process at a time.

import {constants} from 'node:fs'
import {access, mkdir, open, readFile, rename, rm, type FileHandle} from 'node:fs/promises'
import {dirname} from 'node:path'
import {describeError, invariant, TidemarkError, type ErrorKind} from '../core/tidemark-error.ts'
import {FileLock} from './file-lock.ts'
import type {StateStore} from './state-store.ts'

export class FileStateStore implements StateStore {
  readonly #path: string
  #lock: FileLock | null = null
  #saving: Promise<void> = Promise.resolve()

  /** `path` is the state file; its lock is `path.lock`, its next version `path.new`. */
  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), {recursive: true})
      this.#lock = await FileLock.acquire(`${this.#path}.lock`, this.#path)
      // Found out now, not at the first checkpoint: a whole write next to the file, and the file itself.
      await writeDurably(this.#nextPath, '')
      await rm(this.#nextPath)
      await accessIfThere(this.#path)
    } catch (error) {
      await this.close()
      throw this.#unwritable(error)
    }
  }

  async load(): Promise<string | null> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (error) {
      if (describeError(error).code === 'ENOENT') return null
      throw this.#unwritable(error)
    }
  }

  /** Saves run one after the other, in the order of the calls. */
  save(text: string): Promise<void> {
    const saved = this.#saving.then(() => this.#save(text))
    this.#saving = saved.catch(() => {})
    return saved
  }

  async close(): Promise<void> {
    await this.#saving
    const lock = this.#lock
    this.#lock = null
    await lock?.release()
  }

  get #nextPath(): string {
    return `${this.#path}.new`
  }

  async #save(text: string): Promise<void> {
    invariant(this.#lock !== null, 'state saved without having been opened')
    await this.#lock.assertHeld()
    try {
      await writeDurably(this.#nextPath, text)
      await rename(this.#nextPath, this.#path)
      // The rename itself is durable only with the directory.
      await syncDirectory(dirname(this.#path))
    } catch (error) {
      throw this.#unwritable(error, isFull(error) ? 'retryable' : 'fatal')
    }
  }

  #unwritable(cause: unknown, kind: ErrorKind = 'prerequisite'): TidemarkError {
    if (cause instanceof TidemarkError) return cause
    const {code, message} = describeError(cause)
    const remedy = isFull(cause)
      ? 'free some space'
      : code === 'EISDIR'
        ? 'name a file, not a directory'
        : 'let this process write to the file and its directory'
    return new TidemarkError(
      'TIDEMARK_STATE_UNWRITABLE',
      `cannot use the state file ${this.#path}: ${message}; ${remedy}, or set offset.storage.file.filename`,
      {cause, kind},
    )
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(describeError(error).code)
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename would replace a file that we may not write or read; whoever made it so meant it. */
async function accessIfThere(path: string): Promise<void> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r+')
    await access(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (describeError(error).code !== 'ENOENT') throw error
  } finally {
    await file?.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
