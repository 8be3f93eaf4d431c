// One owner of a file at a time, told by a lock file that names the owning process. A lock whose process is gone is taken over.

import {randomUUID} from 'node:crypto'
import {link, readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'

interface LockOwner {
  readonly host: string
  readonly pid: number
  /** Of the process, in the kernel's clock ticks; null where the system does not tell. Process numbers are used again, this pair is not. */
  readonly startTime: string | null
  readonly id: string
}

const TOUCH_MS = 2000
/** A lock of another host (a container with its own process numbers) counts as live while its owner touched it this recently. */
const FOREIGN_LIVE_MS = 10_000

export class FileLock {
  readonly #lockPath: string
  readonly #subject: string
  readonly #text: string
  readonly #touching: NodeJS.Timeout
  #released = false

  /**
   * Takes the lock or throws TIDEMARK_STATE_IN_USE, which names the owner; `subject` is what the lock is for.
   * A lock file that nobody can own any more is replaced.
   */
  static async acquire(lockPath: string, subject: string): Promise<FileLock> {
    const owner: LockOwner = {
      host: hostname(),
      pid: process.pid,
      startTime: await processStartTime(process.pid),
      id: randomUUID(),
    }
    const text = `${JSON.stringify(owner)}\n`
    const own = `${lockPath}.${owner.id}`
    await writeFile(own, text, {flag: 'wx', mode: 0o644})
    try {
      for (;;) {
        if (await linkIfFree(own, lockPath)) return new FileLock(lockPath, subject, text)
        const found = await readIfThere(lockPath)
        if (found === null) continue
        await assertStale(found, lockPath, subject)
        await removeStale(found, lockPath, `${own}.stale`)
      }
    } finally {
      await rm(own, {force: true})
    }
  }

  private constructor(lockPath: string, subject: string, text: string) {
    this.#lockPath = lockPath
    this.#subject = subject
    this.#text = text
    this.#touching = setInterval(() => {
      const now = new Date()
      // A failed touch shows itself at the next save; here it must not end the process.
      utimes(lockPath, now, now).catch(() => {})
    }, TOUCH_MS)
    this.#touching.unref()
  }

  /** Throws TIDEMARK_STATE_IN_USE where somebody removed or replaced the lock file while we ran. */
  async assertHeld(): Promise<void> {
    const found = await readIfThere(this.#lockPath)
    if (found === this.#text) return
    const owner = found === null ? null : parseOwner(found)
    throw inUse(this.#subject, this.#lockPath, owner, 'this process has lost its lock')
  }

  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    clearInterval(this.#touching)
    if ((await readIfThere(this.#lockPath)) === this.#text) await rm(this.#lockPath, {force: true})
  }
}

/** link() is atomic and never replaces: the lock appears with its whole text or not at all. */
async function linkIfFree(own: string, lockPath: string): Promise<boolean> {
  try {
    await link(own, lockPath)
    return true
  } catch (error) {
    if (describeError(error).code === 'EEXIST') return false
    throw error
  }
}

async function assertStale(text: string, lockPath: string, subject: string): Promise<void> {
  const owner = parseOwner(text)
  // Unreadable: not one of ours, or torn by a crash of the machine. Nobody can be found behind it.
  if (owner === null) return
  if (owner.host !== hostname()) {
    const ageMs = await touchedAgo(lockPath)
    if (ageMs < FOREIGN_LIVE_MS)
      throw inUse(subject, lockPath, owner, `its lock was renewed ${Math.round(ageMs / 1000)} s ago`)
    return
  }
  const startTime = await processStartTime(owner.pid)
  const sameProcess = owner.startTime === null || startTime === null || owner.startTime === startTime
  if (isAlive(owner.pid) && sameProcess) throw inUse(subject, lockPath, owner, 'that process is running')
}

/** Two processes may find the same stale lock; a rename moves it for one of them, and a fresh lock moved by mistake is put back. */
async function removeStale(staleText: string, lockPath: string, aside: string): Promise<void> {
  try {
    await rename(lockPath, aside)
  } catch (error) {
    if (describeError(error).code === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== staleText) await linkIfFree(aside, lockPath)
  await rm(aside, {force: true})
}

function inUse(subject: string, lockPath: string, owner: LockOwner | null, why: string): TidemarkError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new TidemarkError(
    'TIDEMARK_STATE_IN_USE',
    `${subject} is in use by ${who} (lock file ${lockPath}): ${why}; stop it, or give this task its own offset.storage.file.filename`,
    {kind: 'prerequisite'},
  )
}

function parseOwner(text: string): LockOwner | null {
  try {
    const value = JSON.parse(text) as Partial<LockOwner> | null
    if (typeof value?.pid !== 'number' || typeof value.host !== 'string' || typeof value.id !== 'string') return null
    return {
      host: value.host,
      pid: value.pid,
      startTime: typeof value.startTime === 'string' ? value.startTime : null,
      id: value.id,
    }
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return describeError(error).code === 'EPERM'
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets, so counting starts behind its last bracket. */
async function processStartTime(pid: number): Promise<string | null> {
  const text = await readIfThere(`/proc/${pid}/stat`).catch(() => null)
  if (text === null) return null
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (describeError(error).code === 'ENOENT') return null
    throw error
  }
}

async function touchedAgo(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
