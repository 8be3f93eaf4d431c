// A large XA transaction whose rows come with its commit, read from the binlog again: killed meanwhile, the stream goes on
// inside it.

import assert from 'node:assert/strict'
import {createReadStream} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, numberedTable, prepareCapture} from '../support/capture.ts'

/** They take longer than the second in which a checkpoint must come. */
const ROWS = 300_000
const TRIES = 8

test('killed while the rows of a prepared transaction come, the stream goes on behind the last stored one', async t => {
  const capture = await prepareCapture(t, {prefix: 'xa_inside'})
  const {connection} = capture
  await connection.query(`${numberedTable('seed', 1000)} CREATE TABLE big (id INT PRIMARY KEY)`)
  const stored = async (): Promise<number> => {
    const text = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
    return (JSON.parse(text) as {offset: {rows: number}}).offset.rows
  }
  // A torn last line does not count.
  const ids = async (): Promise<number[]> => {
    const start = `{"topic":"${capture.topic('big')}",`
    const found: number[] = []
    let rest = ''
    for await (const piece of createReadStream(capture.config['sink.file.path']!, {encoding: 'utf8'})) {
      const lines = (rest + String(piece)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith(start)) found.push(Number(/"key":\{"id":(\d+)\}/.exec(line)?.[1]))
    }
    return found
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const first = await capture.run(t)
    await first.waitForStreaming()
    const offset = attempt * ROWS
    await connection.query("XA START 'big'")
    await connection.query(
      `INSERT INTO big SELECT ${offset} + (x.id - 1) * 1000 + y.id FROM seed x JOIN seed y WHERE x.id <= ${ROWS / 1000} ORDER BY 1`,
    )
    await connection.query("XA END 'big'; XA PREPARE 'big'; XA COMMIT 'big'")
    let isOver = false
    const passed = caughtUp(first, connection).finally(() => (isOver = true))
    passed.catch(() => undefined)
    const found = await eventually({what: 'a checkpoint', timeoutMs: 60_000, intervalMs: 5}, async () => {
      if ((await stored()) > 0) return 'inside'
      return isOver ? 'over' : undefined
    })
    await first.kill()
    await passed.catch(() => undefined)
    const rows = await stored()
    const before = (await ids()).length
    const second = await capture.run(t)
    await second.waitForStreaming()
    await caughtUp(second, connection)
    await second.stop()
    if (found === 'over' || rows === 0) continue
    const all = await ids()
    t.diagnostic(`killed behind row ${rows} of ${ROWS} in try ${attempt}, ${before} had been emitted`)
    assert.deepEqual(
      all.slice(before),
      Array.from({length: ROWS - rows}, (_, i) => offset + rows + i + 1),
    )
    return
  }
  assert.fail(`no checkpoint fell into one of ${TRIES} transactions`)
})
