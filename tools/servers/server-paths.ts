// Where servers are unpacked and where they keep their data: an ignored folder of the project.

import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {isAlive} from '../directory-lock.mjs'

/** The checkout that this file belongs to; the working directory where it was compiled to a place outside. */
export function projectRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (isProject(folder)) return folder
  }
  return process.cwd()
}

function isProject(folder: string): boolean {
  const file = join(folder, 'package.json')
  return existsSync(file) && /"name":\s*"tidemark"/.test(readFileSync(file, 'utf8'))
}

export function serversFolder(): string {
  const folder = join(projectRoot(), '.servers')
  mkdirSync(folder, {recursive: true})
  return folder
}

/** A new data directory, named after the process that owns it; those of processes that are gone are removed. */
export function newRunFolder(name: string, parent = join(serversFolder(), 'run')): string {
  mkdirSync(parent, {recursive: true})
  for (const entry of readdirSync(parent)) {
    const owner = /^[a-z]+-(\d+)-/.exec(entry)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) removeLeftover(join(parent, entry))
  }
  return mkdtempSync(join(parent, `${name}-${String(process.pid)}-`))
}

/** A server that outlives its owner by a moment may still write there: then the folder is left to the next caller. */
function removeLeftover(folder: string): void {
  try {
    rmSync(folder, {recursive: true, force: true})
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
}
