// A lock between processes of one machine: a directory that only one of them can create. Needs no dependency.

import {mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

/**
 * Runs `body` while this process holds the lock at `path`. Waits for another holder; takes over from one that died.
 * @template T
 * @param {string} path
 * @param {() => Promise<T> | T} body
 * @returns {Promise<T>}
 */
export async function withDirectoryLock(path, body) {
  mkdirSync(dirname(path), {recursive: true})
  while (!tryLock(path)) {
    breakDeadLock(path)
    await delay(100)
  }
  try {
    return await body()
  } finally {
    rmSync(path, {recursive: true, force: true})
  }
}

/**
 * The owner's file is inside before the directory gets its name, so that nobody ever sees a lock without an owner.
 * @param {string} path
 */
function tryLock(path) {
  const candidate = mkdtempSync(`${path}.new-`)
  writeFileSync(join(candidate, 'pid'), String(process.pid))
  try {
    renameSync(candidate, path)
    return true
  } catch (error) {
    rmSync(candidate, {recursive: true, force: true})
    const code = errorCode(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} path */
function breakDeadLock(path) {
  try {
    if (isAlive(Number(readFileSync(join(path, 'pid'), 'utf8')))) return
    // Renamed first: of several processes that see the dead lock, one wins and the others fail with ENOENT.
    const grave = `${path}.dead-${process.pid}`
    renameSync(path, grave)
    rmSync(grave, {recursive: true, force: true})
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function errorCode(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
