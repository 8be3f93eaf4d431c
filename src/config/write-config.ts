// The configuration's file, replaced as a whole or not at all.

import {lstat, open, realpath, rename, rm, stat} from 'node:fs/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {ConfigText} from './config-file.ts'

/** Keeps the file's mode, and a symbolic link. Throws TIDEMARK_CONFIG_UNWRITABLE. */
export async function writeConfig({path, text}: ConfigText): Promise<void> {
  let next: string | null = null
  try {
    const target = (await lstat(path)).isSymbolicLink() ? await realpath(path) : path
    const {mode} = await stat(target)
    // Whoever made the file read-only meant it: a rename would not ask.
    await (await open(target, 'r+')).close()
    next = `${target}.new`
    await writeDurably(next, text, mode & 0o7777)
    await rename(next, target)
  } catch (cause) {
    if (next !== null) await rm(next, {force: true}).catch(() => undefined)
    const {code, message} = describeError(cause)
    throw new TidemarkError(
      'TIDEMARK_CONFIG_UNWRITABLE',
      `cannot write the configuration ${path}: ${code === 'Error' ? message : code}; let this process write to the file and its directory, ` +
        'or change the file yourself and send SIGHUP',
      {cause},
    )
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'w', mode)
  try {
    await file.chmod(mode)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}
