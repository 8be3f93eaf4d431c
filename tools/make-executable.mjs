// After a build: the command line's file may be run directly, and where the sources are a commit's, the output says which.

import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = new URL('../dist/', import.meta.url)

/** @param {string[]} words */
function git(...words) {
  return execFileSync('git', words, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim()
}

/** Null without git, outside of its folder, inside another project's, and where the sources are not those of the commit. */
function commitOfSources() {
  try {
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return null
    return git('status', '--porcelain', '--', 'src', 'package.json') === '' ? git('rev-parse', 'HEAD') : null
  } catch {
    return null
  }
}

// Where there is no output, there is nothing to do.
if (existsSync(dist)) {
  const cli = new URL('cli.js', dist)
  if (existsSync(cli)) chmodSync(cli, 0o755)
  const commit = commitOfSources()
  if (commit === null) rmSync(new URL('commit', dist), {force: true})
  else writeFileSync(new URL('commit', dist), `${commit}\n`)
}
