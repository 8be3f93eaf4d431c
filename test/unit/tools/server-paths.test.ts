import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, test} from 'node:test'
import {promisify} from 'node:util'

const parent = mkdtempSync(join(tmpdir(), 'run-folders-'))
after(() => rmSync(parent, {recursive: true}))

/** Above every process id that Linux gives. */
const GONE = 2 ** 22 + 1

test('leftovers that several processes find at once are removed, and none of them fails', async () => {
  for (let n = 0; n < 20; n++) {
    const folder = join(parent, `mysql-${String(GONE)}-${String(n)}`)
    mkdirSync(folder)
    for (let file = 0; file < 50; file++) writeFileSync(join(folder, String(file)), '')
  }
  const module = new URL('../../../tools/servers/server-paths.js', import.meta.url).href
  const script = `const {newRunFolder} = await import('${module}'); console.log(newRunFolder('kafka', process.argv[1]))`
  const run = (): Promise<{stdout: string}> =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, parent])
  const made = (await Promise.all(Array.from({length: 4}, run))).map(({stdout}) => stdout.trim())
  assert.equal(new Set(made).size, 4)
  const kept = readdirSync(parent)
  assert.deepEqual(
    kept.filter(entry => entry.includes(String(GONE))),
    [],
  )
})
