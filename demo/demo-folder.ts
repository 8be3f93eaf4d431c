// The folder that the demo fills, and empties again: never one that somebody else filled.

import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DemoError} from './demo-error.ts'

const MARK = 'made-by-tidemark-demo'

/** New and empty; what an earlier demo left in it is removed. */
export function makeDemoFolder(folder: string): void {
  removeDemoFolder(folder)
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new DemoError(`${folder} is not empty, and not from a demo; name another one with --folder`)
  }
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, MARK), '')
}

export function isDemoFolder(folder: string): boolean {
  return existsSync(join(folder, MARK))
}

export function removeDemoFolder(folder: string): void {
  if (isDemoFolder(folder)) rmSync(folder, {recursive: true, force: true})
}
