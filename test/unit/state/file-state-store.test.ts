import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile} from 'node:fs/promises'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {FileStateStore} from '../../../src/state/file-state-store.ts'
import {stateStoreContract} from '../../contract/state-store-contract.ts'

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-state-'))
  t.after(() => rm(path, {recursive: true, force: true}))
  return path
}

function rejectsWith(promise: Promise<unknown>, code: string, pattern: RegExp): Promise<void> {
  return assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof TidemarkError)
    assert.equal(error.code, code)
    assert.match(error.message, pattern)
    return true
  })
}

stateStoreContract('file', async t => {
  const path = join(await directory(t), 'shop.state')
  return () => new FileStateStore(path)
})

test('a refused second owner reads the process number and the file in the message', async t => {
  const path = join(await directory(t), 'shop.state')
  const first = new FileStateStore(path)
  await first.open()
  t.after(() => first.close())
  await rejectsWith(
    new FileStateStore(path).open(),
    'TIDEMARK_STATE_IN_USE',
    new RegExp(`shop\\.state .*process ${process.pid} `),
  )
})

test('the lock of a process that was killed is taken over', async t => {
  const path = join(await directory(t), 'shop.state')
  const module = new URL('../../../src/state/file-state-store.js', import.meta.url)
  const program = `const {FileStateStore} = await import(${JSON.stringify(module.href)})
    const store = new FileStateStore(${JSON.stringify(path)}); await store.open(); await store.save('left'); console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {stdio: ['ignore', 'pipe', 'inherit']})
  await once(child.stdout, 'data')
  await rejectsWith(new FileStateStore(path).open(), 'TIDEMARK_STATE_IN_USE', new RegExp(`process ${child.pid} `))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = new FileStateStore(path)
  await store.open()
  t.after(() => store.close())
  assert.equal(await store.load(), 'left')
})

test('a lock that names a running process with another start time is taken over', async t => {
  const path = join(await directory(t), 'shop.state')
  await writeFile(`${path}.lock`, JSON.stringify({host: hostname(), pid: process.pid, startTime: '1', id: 'x'}))
  const store = new FileStateStore(path)
  await store.open()
  await store.close()
})

test('a lock of another host is respected while its owner renews it, and taken over when it stopped', async t => {
  const path = join(await directory(t), 'shop.state')
  await writeFile(`${path}.lock`, JSON.stringify({host: 'elsewhere', pid: 1, startTime: null, id: 'x'}))
  await rejectsWith(new FileStateStore(path).open(), 'TIDEMARK_STATE_IN_USE', /process 1 on elsewhere/)
  const long = new Date(Date.now() - 60_000)
  await utimes(`${path}.lock`, long, long)
  const store = new FileStateStore(path)
  await store.open()
  await store.close()
})

test('an owner whose lock was replaced does not save any more', async t => {
  const path = join(await directory(t), 'shop.state')
  const store = new FileStateStore(path)
  await store.open()
  t.after(() => store.close())
  await store.save('mine')
  await writeFile(`${path}.lock`, JSON.stringify({host: hostname(), pid: 4711, startTime: '1', id: 'x'}))
  await rejectsWith(store.save('too late'), 'TIDEMARK_STATE_IN_USE', /process 4711/)
  assert.equal(await readFile(path, 'utf8'), 'mine')
})

test('nothing is left beside the state file after close', async t => {
  const dir = await directory(t)
  const store = new FileStateStore(join(dir, 'shop.state'))
  await store.open()
  await store.save('x')
  await store.close()
  assert.deepEqual(await readdir(dir), ['shop.state'])
})

test('a missing directory is made', async t => {
  const path = join(await directory(t), 'a', 'b', 'shop.state')
  const store = new FileStateStore(path)
  await store.open()
  await store.save('x')
  await store.close()
  assert.ok((await stat(path)).isFile())
})

test('a path that cannot be written is refused at open, with what to do', async t => {
  const dir = await directory(t)
  await writeFile(join(dir, 'file'), '')
  await rejectsWith(
    new FileStateStore(join(dir, 'file', 'x.state')).open(),
    'TIDEMARK_STATE_UNWRITABLE',
    /offset\.storage\.file\.filename/,
  )
  await mkdir(join(dir, 'is-a-directory'))
  await rejectsWith(new FileStateStore(join(dir, 'is-a-directory')).open(), 'TIDEMARK_STATE_UNWRITABLE', /name a file/)
  assert.deepEqual((await readdir(dir)).sort(), ['file', 'is-a-directory'], 'a refused open leaves nothing behind')
})
