// The library on a real server: what comes, what comes again, and what an idle program holds back.

import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {test, type TestContext} from 'node:test'
import {capture, TidemarkError} from '../../src/library.ts'
import type {CapturedEvent, CaptureOptions, CaptureStream} from '../../src/library.ts'
import {EVENT_OVERHEAD_BYTES} from '../../src/sinks/iterator-batch.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {numberedTable, prepareCapture, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {quietLog} from '../support/quiet-log.ts'

interface Scene {
  readonly source: Capture
  readonly topic: string
  readonly config: Readonly<Record<string, string>>
  start(options?: CaptureOptions): Promise<CaptureStream>
  insert(ids: readonly number[]): Promise<void>
}

async function prepare(t: TestContext, more: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const source = await prepareCapture(t, {prefix: 'library', config: {'signal.table.events': 'false', ...more}})
  await source.connection.query('CREATE TABLE items (id INT PRIMARY KEY, note LONGTEXT NOT NULL)')
  // As it stands in a file for the command line, with another sink and the port of its HTTP interface.
  const {'http.listen': _, ...config} = source.config
  return {
    source,
    config,
    topic: source.topic('items'),
    start: async options => {
      const stream = await capture(config, {log: quietLog, ...options})
      onCleanUp(t, async () => {
        await stream.close().catch(() => undefined)
      })
      return stream
    },
    insert: async ids => {
      await source.connection.query('INSERT INTO items VALUES ?', [ids.map(id => [id, `note ${id}`])])
    },
  }
}

async function nextEvents(stream: CaptureStream, count: number): Promise<CapturedEvent[]> {
  const events: CapturedEvent[] = []
  for (let n = 0; n < count; n++) {
    const {done, value} = await stream.next()
    assert.ok(done !== true, `the stream ended before event ${n + 1}`)
    events.push(value)
  }
  return events
}

function ids(events: readonly CapturedEvent[]): (number | undefined)[] {
  return events.map(event => event.envelope<{id: number}>()?.after?.id)
}

test('changes come to a program, and behind an end only those that it has not acknowledged', async t => {
  const {start, insert, topic, source} = await prepare(t)
  const first = await start()
  await insert([1, 2, 3, 4, 5, 6])
  await source.connection.query('DELETE FROM items WHERE id = 6')
  const events = await nextEvents(first, 8)
  assert.deepEqual(ids(events.slice(0, 6)), [1, 2, 3, 4, 5, 6])
  assert.ok(events.every(event => event.topic === topic && event.partition === 0))
  assert.deepEqual(events[0]!.keyFields, {id: 1})
  assert.deepEqual([events[6]!.envelope()?.op, events[7]!.value], ['d', null])
  // All six are of one transaction; the fifth is not acknowledged, so the sixth comes again with it.
  for (const n of [0, 1, 2, 3, 5]) events[n]!.ack()
  await first.close()
  assert.deepEqual(await first.next(), {done: true, value: undefined})

  const second = await start()
  const again = await nextEvents(second, 4)
  assert.deepEqual(ids(again.slice(0, 2)), [5, 6])
  for (const event of again) event.ack()
  await second.close()

  const third = await start()
  await insert([7])
  assert.deepEqual(ids(await nextEvents(third, 1)), [7])
})

test('a killed program gets again what it had not acknowledged, and nothing else', async t => {
  const {start, insert, topic, config, source} = await prepare(t)
  const begin = await start()
  await insert([0])
  for (const event of await nextEvents(begin, 1)) event.ack()
  await begin.close()
  for (let id = 1; id <= 9; id++) await insert([id])
  const path = join(source.folder, 'consumer.json')
  await writeFile(path, JSON.stringify(config))
  const script = join(import.meta.dirname, '..', 'support', 'library-consumer.js')
  const consumer = OwnedProcess.start(process.execPath, [script, path, topic, '5'], {stdout: 'pipe', stderr: 2})
  onCleanUp(t, async () => {
    await consumer.stop('SIGKILL')
  })
  const said = await new Promise<string>((resolve, reject) => {
    createInterface({input: consumer.stdout!}).once('line', resolve)
    void consumer.ended.then(end => reject(new Error(`the program ended by itself: ${JSON.stringify(end)}`)))
  })
  assert.equal(said, 'stored')
  await consumer.stop('SIGKILL')

  const after = await start()
  assert.deepEqual(ids(await nextEvents(after, 4)), [6, 7, 8, 9])
})

test('a program that takes its time holds the binlog back within the bound on memory', async t => {
  const bound = 1024 * 1024
  const {start, source} = await prepare(t, {'stream.memory.bytes': String(bound)})
  const stream = await start()
  const rows = 600
  const noteBytes = 20_000
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT`
  await source.connection.query(`INSERT INTO items ${numbers} i, REPEAT('x', ${noteBytes}) FROM n`)
  const most = bound + noteBytes + 2000 + EVENT_OVERHEAD_BYTES
  const inFlight = (): number => stream.status().sink.bytesInFlight
  await eventually({what: 'the bound to be reached', timeoutMs: 60_000}, () => inFlight() >= bound || undefined)
  let peak = inFlight()
  const held = await nextEvents(stream, 20)
  assert.ok(inFlight() <= most, `taking is not acknowledging: ${inFlight()} bytes, wanted at most ${most}`)
  const seen = ids(held)
  for (const event of held) event.ack()
  while (seen.length < rows) {
    const [event] = await nextEvents(stream, 1)
    peak = Math.max(peak, inFlight())
    seen.push(...ids([event!]))
    event!.ack()
  }
  assert.ok(peak <= most, `${peak} bytes were held, wanted at most ${most}`)
  assert.deepEqual(
    seen,
    Array.from({length: rows}, (_, n) => n + 1),
  )
})

test('a signal copies a table into the stream, and is answered', async t => {
  const {start, source} = await prepare(t)
  await source.connection.query(numberedTable('numbers', 1000))
  const stream = await start({})
  const {name} = source.database
  const answers: Promise<unknown>[] = []
  await eventually({what: 'the stream to begin', timeoutMs: 30_000}, () => stream.status().streaming || undefined)
  answers.push(stream.signal({type: 'execute-snapshot', id: 'copy', data: {'data-collections': [`${name}.numbers`]}}))
  const copied = new Set<number>()
  for await (const event of stream) {
    const envelope = event.envelope<{id: number}>()
    if (event.topic === source.topic('numbers') && envelope?.op === 'r') copied.add(envelope.after!.id)
    event.ack()
    if (copied.size === 1000) break
  }
  const receipt = {id: 'copy', type: 'execute-snapshot', result: 'accepted', reason: null}
  assert.deepEqual(await Promise.all(answers), [receipt])
  await assert.rejects(stream.signal({type: 'log', data: {message: 'm'}}), {code: 'TIDEMARK_LIBRARY_SIGNAL'})
})

test('an aborted signal ends the loop, with the state behind the last acknowledged event', async t => {
  const {start, insert} = await prepare(t)
  const stopping = new AbortController()
  const stream = await start({signal: stopping.signal})
  await insert([1, 2, 3])
  const seen: unknown[] = []
  for await (const event of stream) {
    seen.push(...ids([event]))
    if (seen.length === 2) stopping.abort()
    event.ack()
  }
  assert.deepEqual(seen, [1, 2])
  const second = await start()
  assert.deepEqual(ids(await nextEvents(second, 1)), [3])
})

test('the state is kept where the program wants it', async t => {
  const {start, insert} = await prepare(t)
  let state: string | null = null
  const store = {
    load: async () => state,
    save: async (text: string) => {
      state = text
    },
  }
  const first = await start({store})
  await insert([1, 2])
  const [one] = await nextEvents(first, 2)
  one!.ack()
  await first.close()
  assert.ok(state !== null)
  const second = await start({store})
  assert.deepEqual(ids(await nextEvents(second, 1)), [2])
})

test('an error or a break in the loop, and the end of `await using`, keep what was acknowledged and free everything', async t => {
  const {config, insert} = await prepare(t)
  const begin = async (): Promise<CaptureStream> => await capture(config, {log: quietLog})
  {
    await using stream = await begin()
    await insert([0])
    for (const event of await nextEvents(stream, 1)) event.ack()
  }
  await insert([1, 2, 3])
  const own = new Error('the program’s own')
  await assert.rejects(async () => {
    for await (const event of await begin()) {
      if (ids([event])[0] !== 1) throw own
      event.ack()
    }
  }, own)
  for await (const event of await begin()) {
    if (ids([event])[0] === 3) break
    assert.deepEqual(ids([event]), [2], 'what the error came at was not acknowledged')
    event.ack()
  }
  let left: CaptureStream
  {
    await using stream = await begin()
    left = stream
    assert.deepEqual(ids(await nextEvents(stream, 1)), [3])
  }
  assert.deepEqual(await left.next(), {done: true, value: undefined})
  // The state file's lock is free: another one may begin.
  await using last = await begin()
  assert.deepEqual(ids(await nextEvents(last, 1)), [3])
})

test('what an operator must mend rejects the call, or the loop, with its code', async t => {
  const {source, start, config} = await prepare(t)
  const refused = capture({...config, 'database.password': 'wrong'}, {log: quietLog})
  await assert.rejects(refused, error => error instanceof TidemarkError && !error.message.includes('wrong'))
  const failing = {
    load: async () => null,
    save: async () => {
      throw new Error('the disk is gone')
    },
  }
  const stream = await start({store: failing})
  await assert.rejects(stream.next(), {code: 'TIDEMARK_LIBRARY_TASK', message: /the disk is gone/})
  assert.deepEqual(await stream.next(), {done: true, value: undefined})
  await source.connection.query('SELECT 1')
})
