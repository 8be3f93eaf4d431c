// A transaction too long for one checkpoint: killed inside it, the stream goes on inside it, compressed or not. It writes
// some hundred megabytes of events, which other tests on the same disk feel.

import assert from 'node:assert/strict'
import {createReadStream} from 'node:fs'
import {readFile} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, eventsOf, numberedTable, prepareCapture, type Capture} from './capture.ts'

/** They take longer than the second in which a checkpoint must come. */
const ROWS = 400_000
const TRIES = 8
const CONFIG = {'extended.headers.enabled': 'false', 'provide.transaction.metadata': 'true'}

interface StoredOffset {
  readonly rows: number
  readonly gno: number
}

async function storedOffset(capture: Capture): Promise<StoredOffset> {
  const text = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
  return (JSON.parse(text) as {offset: StoredOffset}).offset
}

interface Line {
  /** Number of the row. */
  readonly id: number
  /** In its transaction. */
  readonly order: number
}

/** The rows that came, in order; only what is asked of them is taken out of the lines. A torn last line does not count. */
async function linesOf(capture: Capture): Promise<Line[]> {
  const start = `{"topic":"${capture.topic('big')}",`
  const found: Line[] = []
  let rest = ''
  for await (const piece of createReadStream(capture.config['sink.file.path']!, {encoding: 'utf8'})) {
    const lines = (rest + String(piece)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith(start)) continue
      const order = /"total_order":(\d+),/.exec(line.slice(-250))?.[1]
      found.push({id: Number(/"key":\{"id":(\d+)\}/.exec(line)?.[1]), order: Number(order)})
    }
  }
  return found
}

/** What was told of each transaction that changed the table, in order. The server's other transactions are told, too. */
async function transactionsOf(capture: Capture): Promise<string[][]> {
  const {name} = capture.database
  const events = await eventsOf(capture.config['sink.file.path']!, `${name}.transaction`)
  const values = events.map(
    ({valueText}) => JSON.parse(valueText!) as {status: string; id: string; event_count: number | null},
  )
  return values
    .filter(each => (each.event_count ?? 0) > 0)
    .map(({id}) => values.filter(each => each.id === id).map(({status, event_count: n}) => `${status} ${String(n)}`))
}

/** Until a kill has fallen into a transaction, and the stream has gone on behind the last row that was stored. */
export async function killedInside(t: TestContext, compression: 'ON' | 'OFF'): Promise<void> {
  const capture = await prepareCapture(t, {prefix: 'inside', config: CONFIG})
  const {connection} = capture
  await connection.query(`${numberedTable('seed', 1000)} CREATE TABLE big (id INT PRIMARY KEY)`)
  await connection.query(`SET SESSION binlog_transaction_compression = ${compression}`)
  const expected: number[] = []
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const first = await capture.run(t)
    await first.waitForStreaming()
    const offset = attempt * ROWS
    await connection.query(
      `INSERT INTO big SELECT ${offset} + (x.id - 1) * 1000 + y.id FROM seed x JOIN seed y WHERE x.id <= ${ROWS / 1000} ORDER BY 1`,
    )
    for (let id = 1; id <= ROWS; id++) expected.push(offset + id)
    // Until a checkpoint lies inside the transaction, or it is over and the next one is tried.
    const passed = caughtUp(first, connection).then(
      () => true,
      () => true,
    )
    let isOver = false
    void passed.then(() => (isOver = true))
    const found = await eventually({what: 'a checkpoint', timeoutMs: 60_000, intervalMs: 5}, async () => {
      const {rows} = await storedOffset(capture)
      if (rows > 0) return 'inside'
      return isOver ? 'over' : undefined
    })
    await first.kill()
    await passed
    const {rows} = await storedOffset(capture)
    const before = (await linesOf(capture)).length
    const second = await capture.run(t)
    await second.waitForStreaming()
    await caughtUp(second, connection)
    // Its state lies behind the transaction: the next try's checkpoints are the next transaction's.
    await second.stop()
    if (found === 'over' || rows === 0) continue
    const all = await linesOf(capture)
    t.diagnostic(`killed behind row ${rows} of ${ROWS} in try ${attempt}, ${before} had been emitted`)
    assert.equal(all[before]?.id, offset + rows + 1, 'it did not go on behind the stored row')
    assert.deepEqual(
      all.slice(before).map(({id}) => id),
      expected.slice(offset + rows),
    )
    assert.deepEqual(
      all.filter(({id, order}) => order !== id - Math.floor((id - 1) / ROWS) * ROWS),
      [],
      'an event has another order in its transaction than before the kill',
    )
    // The begin of none has come again, and each end counts all of it.
    const told = Array.from({length: attempt + 1}, () => ['BEGIN null', `END ${ROWS}`])
    assert.deepEqual(await transactionsOf(capture), told)
    return
  }
  assert.fail(`no checkpoint fell into one of ${TRIES} transactions`)
}
