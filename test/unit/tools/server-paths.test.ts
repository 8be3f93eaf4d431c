import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, test} from 'node:test'
import {newRunFolder} from '../../../tools/servers/server-paths.ts'

const parent = mkdtempSync(join(tmpdir(), 'run-folders-'))
after(() => rmSync(parent, {recursive: true}))

/** Above every process id that Linux gives. */
const GONE = 2 ** 22 + 1

function leftover(name: string): string {
  const folder = join(parent, `${name}-${String(GONE)}-abc`)
  mkdirSync(folder)
  for (let file = 0; file < 500; file++) writeFileSync(join(folder, `file${String(file)}`), '')
  return folder
}

test('folders of processes that are gone are removed, those of living ones are not', () => {
  leftover('mysql')
  const first = newRunFolder('kafka', parent)
  const second = newRunFolder('kafka', parent)
  assert.deepEqual(
    readdirSync(parent).map(entry => join(parent, entry)),
    [first, second].sort(),
  )
})

test('a leftover into which a server still writes fails nobody, and goes with a later call', async () => {
  const folder = leftover('mysql')
  const script = `const fs = require('node:fs'); fs.writeFileSync('begun', ''); process.stdout.write('.')
    for (let n = 0; ; n++) fs.writeFileSync('more' + n, '')`
  const server = spawn(process.execPath, ['-e', script], {cwd: folder, stdio: ['ignore', 'pipe', 'ignore']})
  await once(server.stdout, 'data')
  newRunFolder('kafka', parent)
  if (server.kill('SIGKILL')) await once(server, 'exit')
  newRunFolder('kafka', parent)
  assert.equal(readdirSync(parent).includes(`mysql-${String(GONE)}-abc`), false)
})
