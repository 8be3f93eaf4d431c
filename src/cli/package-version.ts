// The version that `--version`, the start log and `source.version` show, and the commit that it was built from.

import {readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** Version of the package that this file is part of, wherever the build has put it. */
export function packageVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {name?: string; version?: string}
      if (found.name === 'tidemark') return found.version ?? 'unknown'
    } catch {
      // No package.json in this folder: look one up.
    }
  }
  return 'unknown'
}

/** What `npm run build` has noted beside its output; null where it could not tell, and where nothing was built by it. */
export function packageCommit(): string | null {
  try {
    return readFileSync(new URL('../commit', import.meta.url), 'utf8').trim()
  } catch {
    return null
  }
}
