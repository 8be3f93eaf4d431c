// The version that `--version`, the start log and `source.version` show.

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
