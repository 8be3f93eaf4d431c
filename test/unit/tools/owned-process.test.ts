import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {isAlive} from '../../../tools/directory-lock.mjs'
import {eventually} from '../../../tools/servers/eventually.ts'
import {OwnedProcess} from '../../../tools/servers/owned-process.ts'
import {tempFolder} from '../../support/temp-folder.ts'

test('an owned process tells its exit code and its output', async () => {
  const owned = OwnedProcess.start('sh', ['-c', 'echo hello; exit 3'], {stdout: 'pipe'})
  const chunks: Buffer[] = []
  owned.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  assert.deepEqual(await owned.ended, {code: 3, signal: null})
  assert.equal(Buffer.concat(chunks).toString(), 'hello\n')
})

test('stop sends the signal to the command itself', async () => {
  const owned = OwnedProcess.start('sleep', ['600'])
  assert.deepEqual(await owned.stop('SIGTERM'), {code: null, signal: 'SIGTERM'})
})

test('a process that ignores SIGTERM is killed when patience ends', async () => {
  const script = 'process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000)'
  const owned = OwnedProcess.start(process.execPath, ['-e', script], {stdout: 'pipe'})
  assert.ok(owned.stdout !== null)
  await once(owned.stdout, 'data')
  assert.deepEqual(await owned.stop('SIGTERM', 50), {code: null, signal: 'SIGKILL'})
})

test('kill -9 of the owner ends the process and removes its folder', async t => {
  const folder = join(await tempFolder(t), 'data')
  mkdirSync(folder)
  const module = new URL('../../../tools/servers/owned-process.js', import.meta.url).href
  const script = `
    const {OwnedProcess} = await import(${JSON.stringify(module)})
    console.log(OwnedProcess.start('sleep', ['600'], {removeWhenOrphaned: ${JSON.stringify(folder)}}).pid)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {stdio: ['ignore', 'pipe', 'inherit']})
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  assert.equal(isAlive(pid), true)
  owner.kill('SIGKILL')
  await eventually({what: 'the orphan to end', timeoutMs: 10_000}, () => (isAlive(pid) ? undefined : true))
  await eventually({what: 'its folder to go', timeoutMs: 10_000}, () => (existsSync(folder) ? undefined : true))
})
