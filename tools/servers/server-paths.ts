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
export function newRunFolder(name: string): string {
  const parent = join(serversFolder(), 'run')
  mkdirSync(parent, {recursive: true})
  for (const entry of readdirSync(parent)) {
    const owner = /^[a-z]+-(\d+)-/.exec(entry)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) rmSync(join(parent, entry), {recursive: true, force: true})
  }
  return mkdtempSync(join(parent, `${name}-${String(process.pid)}-`))
}
