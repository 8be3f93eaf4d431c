// The set of captured tables, changed while the task runs and at a restart.

import assert from 'node:assert/strict'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {RowDataPacket} from 'mysql2/promise'
import {test, type TestContext} from 'node:test'
import {
  caughtUp,
  numberedTable,
  prepareCapture,
  readIds,
  type Capture,
  type CaptureOptions,
} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

interface Changed {
  readonly changed: readonly string[]
  readonly tables: {
    readonly added: readonly string[]
    readonly returned: readonly string[]
    readonly left: readonly string[]
  }
}

async function prepare(t: TestContext, options: Partial<CaptureOptions> = {}): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'live', ...options})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 30) + numberedTable('b', 30))
  return {...capture, config: {...capture.config, 'table.include.list': `${name}.a`, ...options.config}}
}

async function start(
  t: TestContext,
  options: Partial<CaptureOptions> = {},
): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const capture = await prepare(t, options)
  const tidemark = await capture.run(t, capture.config)
  await tidemark.waitForStreaming()
  return {capture, tidemark}
}

const fileOf = (capture: Capture): string => join(capture.folder, 'tidemark.json')

async function send(
  tidemark: TidemarkProcess,
  method: 'PUT' | 'PATCH',
  body: object,
): Promise<[number, Changed & {error: string}]> {
  const response = await fetch(`${tidemark.url}/config`, {
    method,
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  })
  return [response.status, (await response.json()) as Changed & {error: string}]
}

/** Until the table is complete. */
async function complete(tidemark: TidemarkProcess, table: string): Promise<void> {
  await tidemark.waitForStatus(
    ({tables}) => tables.some(each => each.table === table && each.completeSince !== null),
    60_000,
  )
}

/** I1: what the topic folds to is the table. */
async function assertConverged(capture: Capture, tidemark: TidemarkProcess, table: string): Promise<void> {
  await caughtUp(tidemark, capture.connection)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  const [rows] = await capture.connection.query<RowDataPacket[]>(`SELECT id, note FROM ${table}`)
  const wanted = new Map(rows.map(row => [String(row['id']), String(row['note'])]))
  const folded = new Map(
    [...foldEvents(await capture.tableEvents(table)).values()].map(text => {
      const row = JSON.parse(text) as {id: number; note: string}
      return [String(row.id), row.note]
    }),
  )
  assert.deepEqual(folded, wanted, table)
}

test('a table that PATCH adds is copied while the stream of the others goes on, and the file has it', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  await capture.connection.query("UPDATE b SET note = 'before' WHERE id = 1")
  const [status, answer] = await send(tidemark, 'PATCH', {'table.include.list': `${name}.a,${name}.b`})
  assert.equal(status, 200, JSON.stringify(answer))
  assert.deepEqual(answer.changed, ['table.include.list'])
  assert.deepEqual(answer.tables.added, [`${name}.b`])
  await capture.connection.query(
    "UPDATE b SET note = 'behind' WHERE id = 2; UPDATE a SET note = 'x'; DELETE FROM b WHERE id = 3",
  )
  await complete(tidemark, `${name}.b`)
  await assertConverged(capture, tidemark, 'b')
  const file = JSON.parse(await readFile(fileOf(capture), 'utf8')) as Record<string, string>
  assert.deepEqual(file, {...capture.config, 'table.include.list': `${name}.a,${name}.b`})
  const updates = (await capture.tableEvents('a')).map(event => changeOf(event)?.op)
  assert.deepEqual(updates, Array<string>(30).fill('u'))
})

test('PUT replaces all keys, and a hidden secret stays as it is', async t => {
  const {capture, tidemark} = await start(t, {config: {'ssl.key.password': 'geheim'}})
  const {name} = capture.database
  const shown = (await (await fetch(`${tidemark.url}/config`)).json()) as Record<string, string>
  assert.equal(shown['ssl.key.password'], '***')
  const {'table.include.list': before, ...others} = shown
  assert.equal(before, `${name}.a`)
  const [status, {tables}] = await send(tidemark, 'PUT', others)
  assert.equal(status, 200)
  assert.deepEqual(tables.added, [`${name}.b`])
  const {'table.include.list': _, ...wanted} = capture.config
  assert.deepEqual(JSON.parse(await readFile(fileOf(capture), 'utf8')), wanted)
  await complete(tidemark, `${name}.b`)
})

test('SIGHUP has the file read again; what is wrong with it is logged, and the task goes on', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  const write = async (config: object): Promise<void> => await writeFile(fileOf(capture), JSON.stringify(config))
  await write({...capture.config, 'snapshot.mode': 'nonsense', name: 'other'})
  process.kill(tidemark.pid, 'SIGHUP')
  const refused = await tidemark.waitForLog('the changed configuration is refused, going on with the one of before')
  assert.match(refused.text, /snapshot\.mode: found/)
  await capture.connection.query("UPDATE a SET note = 'still' WHERE id = 1")
  await caughtUp(tidemark, capture.connection)
  await write({...capture.config, 'table.include.list': `${name}[.][ab]`})
  process.kill(tidemark.pid, 'SIGHUP')
  await complete(tidemark, `${name}.b`)
  await assertConverged(capture, tidemark, 'b')
})

test('a refused change names every problem and leaves everything as it was', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  const before = await readFile(fileOf(capture), 'utf8')
  const pid = await tidemark.status()
  for (const [body, problems] of [
    [{'snapshot.mode': 'x', 'heartbeat.interval.ms': '-1'}, [/snapshot\.mode/, /heartbeat\.interval\.ms/]],
    [{name: 'other', 'topic.prefix': 'p'}, [/name: it cannot change while/, /topic\.prefix: it cannot change/]],
    [{'signal.data.collection': `${name}.missing`}, [/missing/]],
    [{'database.password': 'wrong-password'}, [/cannot be asked with it/]],
    [{'snapshot.mode': '${file:/etc/hostname-that-is-not-there:x}'}, [/cannot read/]],
  ] as const) {
    const [status, {error}] = await send(tidemark, 'PATCH', body)
    assert.equal(status, 400, error)
    for (const problem of problems) assert.match(error, problem)
    assert.doesNotMatch(error, /wrong-password/)
  }
  assert.equal(await readFile(fileOf(capture), 'utf8'), before)
  assert.equal(pid.state, 'running')
  assert.equal(
    tidemark.log.some(({msg}) => msg === 'stopped to begin again'),
    false,
  )
})

test('a file that cannot be written is a conflict, and nothing changes', async t => {
  const {capture, tidemark} = await start(t)
  // Where the next version of the file would go.
  await mkdir(`${fileOf(capture)}.new`)
  const [status, {error}] = await send(tidemark, 'PATCH', {'heartbeat.interval.ms': '1000'})
  assert.equal(status, 409)
  assert.match(error, /let this process write/)
  assert.deepEqual(JSON.parse(await readFile(fileOf(capture), 'utf8')), capture.config)
})

test('tables add and remove change the file and tell the task, or say that none runs', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  const tables = async (command: string, ...args: string[]): Promise<{code: number | null; out: string}> => {
    const config = JSON.parse(await readFile(fileOf(capture), 'utf8')) as Record<string, string>
    const ran = await runTidemark(t, {config, folder: capture.folder, command: `tables ${command}`, args})
    const {code} = await ran.ended
    return {code, out: ran.stdout + ran.stderr}
  }
  const added = await tables('add', `${name}.b`)
  assert.equal(added.code, 0, added.out)
  assert.match(added.out, /b: captured, copied now/)
  await complete(tidemark, `${name}.b`)
  assert.match((await tables('list')).out, new RegExp(`${name}\\.b +complete since`))
  assert.match((await tables('add', 'elsewhere.x')).out, /database\.include\.list=.* keeps the database elsewhere out/)
  assert.match((await tables('remove', `${name}.b`)).out, /b: no longer captured/)
  await capture.connection.query("UPDATE b SET note = 'unseen'")
  await caughtUp(tidemark, capture.connection)
  const ops = (await capture.tableEvents('b')).map(event => changeOf(event)?.op)
  assert.deepEqual(ops, Array<string>(30).fill('r'))
  await tidemark.stop()
  assert.match((await tables('add', `${name}.b`)).out, /no task answers, so it holds from the next start/)
  assert.match((await tables('list')).out, new RegExp(`${name}\\.b +not captured since`))
  const file = JSON.parse(await readFile(fileOf(capture), 'utf8')) as Record<string, string>
  assert.equal(file['table.include.list'], `${name}.a,${name}\\.b`)
})

test('a table that comes back is reset by a truncate event where those are let through', async t => {
  const {capture, tidemark} = await start(t, {config: {'skipped.operations': 'none'}})
  await leaveAndReturn(capture, tidemark)
  const ops = (await capture.tableEvents('b')).map(event => changeOf(event)?.op)
  assert.equal(ops.filter(op => op === 't').length, 1)
  await assertConverged(capture, tidemark, 'b')
  assert.deepEqual((await tidemark.status()).diverged, [])
})

test('a table that comes back where truncate events are skipped is copied, and its ghosts are named', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  await leaveAndReturn(capture, tidemark, false)
  const ids = new Set(await readIds(capture, 'b'))
  assert.equal(ids.size, 30)
  const {diverged, tables} = await tidemark.status()
  assert.deepEqual(
    diverged.map(({table, reason}) => [table, reason]),
    [[`${name}.b`, 'ghosts possible: absence from the filter removed rows without events']],
  )
  assert.equal(tables.find(({table}) => table === `${name}.b`)?.completeSince, null)
})

async function leaveAndReturn(capture: Capture, tidemark: TidemarkProcess, converges = true): Promise<void> {
  const {name} = capture.database
  const filter = async (list: string): Promise<Changed> => {
    const [status, answer] = await send(tidemark, 'PATCH', {'table.include.list': list})
    assert.equal(status, 200, JSON.stringify(answer))
    return answer
  }
  await filter(`${name}.[ab]`)
  await complete(tidemark, `${name}.b`)
  assert.deepEqual((await filter(`${name}.a`)).tables.left, [`${name}.b`])
  await capture.connection.query("DELETE FROM b WHERE id < 10; UPDATE b SET note = 'meanwhile'")
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual((await filter(`${name}.[ab]`)).tables.returned, [`${name}.b`])
  if (converges) await complete(tidemark, `${name}.b`)
  else
    await tidemark.waitForLog(
      ({msg, fields}) => msg === 'snapshot done' && String(fields['snapshot']).startsWith('new-tables'),
    )
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle')
}

test('a table created while the task runs is complete from its first row, and is not copied at the next start', async t => {
  const {capture, tidemark} = await start(t, {config: {'table.include.list': '.*'}})
  const {name} = capture.database
  await capture.connection.query('CREATE TABLE c (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO c VALUES (1, "x")')
  await complete(tidemark, `${name}.c`)
  await assertConverged(capture, tidemark, 'c')
  await tidemark.stop()
  const again = await capture.run(t, {...capture.config, 'table.include.list': '.*'})
  await again.waitForStreaming()
  await capture.connection.query('INSERT INTO c VALUES (2, "y")')
  await assertConverged(capture, again, 'c')
  assert.deepEqual(await readIds(capture, 'c'), [])
})

test('tables added at a restart, created meanwhile, or renamed into the filter are copied', async t => {
  const {capture, tidemark} = await start(t)
  const {name} = capture.database
  await tidemark.stop()
  await capture.connection.query(numberedTable('c', 20))
  const again = await capture.run(t, {...capture.config, 'table.include.list': `${name}.[a-d]`})
  for (const table of ['b', 'c']) await complete(again, `${name}.${table}`)
  await capture.connection.query(`${numberedTable('outside', 20)} RENAME TABLE outside TO d`)
  await complete(again, `${name}.d`)
  for (const table of ['b', 'c', 'd']) await assertConverged(capture, again, table)
})
