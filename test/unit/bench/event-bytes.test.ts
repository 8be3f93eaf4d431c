import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {fileEventBytes} from '../../../bench/event-bytes.ts'
import {tempFolder} from '../../support/temp-folder.ts'

test('the length of an event in a JSON lines file is that of its key, value and headers, not of the line', async t => {
  const file = join(await tempFolder(t), 'events.jsonl')
  const line = JSON.stringify({topic: 'a', key: {id: 1}, value: {x: 'ü'}, headers: {h: 'v'}})
  await writeFile(file, `${line}\n${line}\n`)
  assert.deepEqual(await fileEventBytes(file), {key: 8, value: 10, headers: 2})
})

test('of a file longer than the sample only whole lines count', async t => {
  const file = join(await tempFolder(t), 'events.jsonl')
  const line = JSON.stringify({topic: 'a', key: null, value: 'v'.repeat(998)})
  await writeFile(file, `${line}\n`.repeat(5000))
  assert.deepEqual(await fileEventBytes(file), {key: 0, value: 1000, headers: 0})
})
