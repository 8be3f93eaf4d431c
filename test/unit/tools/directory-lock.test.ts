import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {withDirectoryLock} from '../../../tools/directory-lock.mjs'
import {tempFolder} from '../../support/temp-folder.ts'

test('only one holder at a time runs', async t => {
  const lock = join(await tempFolder(t), 'lock')
  let inside = 0
  let most = 0
  const hold = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await new Promise(resolve => setImmediate(resolve))
    inside--
  }
  await Promise.all(Array.from({length: 5}, async () => await withDirectoryLock(lock, hold)))
  assert.equal(most, 1)
  assert.equal(existsSync(lock), false)
})

test('the lock of a process that died is taken over', async t => {
  const lock = join(await tempFolder(t), 'lock')
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  mkdirSync(lock)
  writeFileSync(join(lock, 'pid'), String(dead))
  assert.equal(await withDirectoryLock(lock, () => 'ours'), 'ours')
})

test('a body that throws gives the lock back', async t => {
  const lock = join(await tempFolder(t), 'lock')
  const failing = withDirectoryLock(lock, () => {
    throw new Error('no luck')
  })
  await assert.rejects(failing, /no luck/)
  assert.equal(existsSync(lock), false)
})
