// The filter changed while a branch is open, in each of its states: every table that stays included is whole in the end.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {sharedMysql} from '../support/integration-servers.ts'
import {numberedTable} from '../support/capture.ts'
import {
  assertCounted,
  assertFolds,
  atRest,
  copying,
  hurry,
  KEYED,
  KEYLESS,
  parallelScene,
  passed,
  patch,
  reached,
  type ParallelScene,
} from '../support/parallel-scene.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface OpenBranch extends ParallelScene {
  readonly tidemark: TidemarkProcess
  /** Lets the branch go on to its end. */
  readonly goOn: () => Promise<void>
}

/** Brings a branch into the state and holds it there. */
const STATES: Readonly<Record<string, (t: TestContext) => Promise<OpenBranch>>> = {
  waiting: async t => {
    const scene = await parallelScene(t)
    const {capture, table} = scene
    const tidemark = await begun(t, scene)
    const other = await capture.database.connect()
    await other.query(`BEGIN; DELETE FROM ${KEYLESS} WHERE FALSE; INSERT INTO ${KEYLESS} (n) VALUES (1000)`)
    await capture.snapshot([KEYLESS])
    await tidemark.waitForStatus(({snapshot}) =>
      snapshot.tables.some(each => each.table === table && /waits for a lock/.test(each.problem ?? '')),
    )
    const goOn = async (): Promise<void> => {
      await other.query('ROLLBACK')
      await hurry(tidemark)
    }
    return {...scene, tidemark, goOn}
  },
  copying: async t => {
    const scene = await parallelScene(t)
    const tidemark = await begun(t, scene)
    await copying(tidemark, scene)
    return {...scene, tidemark, goOn: () => hurry(tidemark)}
  },
  following: async t => {
    const proxy = await TcpProxy.start(t, await sharedMysql(), {protocol: 'mysql'})
    const scene = await parallelScene(t, {
      config: {
        'database.port': String(proxy.port),
        'database.ssl.mode': 'disabled',
      },
    })
    const tidemark = await begun(t, scene)
    proxy.holdSecondDump(true)
    await copying(tidemark, scene)
    // The branch has nothing to follow where nothing has happened since the lock.
    await write(scene)
    await passed(tidemark, scene.capture)
    await hurry(tidemark)
    await tidemark.waitForLog(reached('following'), 60_000)
    await eventually({what: 'the binlog of the branch to be held', timeoutMs: 30_000}, () =>
      Promise.resolve(proxy.held > 0 || undefined),
    )
    return {...scene, tidemark, goOn: async () => await Promise.resolve(proxy.holdSecondDump(false))}
  },
}

async function begun(t: TestContext, {capture}: ParallelScene): Promise<TidemarkProcess> {
  const {name} = capture.database
  await capture.connection.query(`${numberedTable('departs', 20)} ${numberedTable('added', 20)}`)
  const tidemark = await capture.run(t, {
    ...capture.config,
    'table.include.list': list(name, [KEYED, KEYLESS, 'departs']),
  })
  await tidemark.waitForStreaming()
  return tidemark
}

const list = (name: string, tables: readonly string[]): string => tables.map(table => `${name}.${table}`).join()

async function write({capture, writer}: ParallelScene): Promise<void> {
  for (let i = 0; i < 5; i++) await writer.transaction()
  await capture.connection.query(
    `INSERT INTO ${KEYED} (note) VALUES ('x'); UPDATE departs SET note = 'y' WHERE id < 5; DELETE FROM added WHERE id = 7`,
  )
}

for (const [state, open] of Object.entries(STATES)) {
  test(`${state}: another table leaves the filter and one is added, and the branch comes to its end`, async t => {
    const branch = await open(t)
    const {capture, tidemark, goOn} = branch
    const {name} = capture.database
    await write(branch)
    const gone = await patch(tidemark, {'table.include.list': list(name, [KEYED, KEYLESS])})
    assert.deepEqual(gone.tables.left, [`${name}.departs`])
    assert.equal((await tidemark.waitForStatus(({streaming}) => streaming)).snapshot.parallel?.table, branch.table)
    await write(branch)
    const more = await patch(tidemark, {'table.include.list': list(name, [KEYED, KEYLESS, 'added'])})
    assert.deepEqual(more.tables.added, [`${name}.added`])
    await tidemark.waitForStreaming()
    await write(branch)
    await goOn()
    await tidemark.waitForStatus(
      ({tables}) => tables.some(each => each.table === `${name}.added` && each.completeSince !== null),
      60_000,
    )
    await atRest(tidemark, branch)
    await write(branch)
    await atRest(tidemark, branch)
    await assertCounted(branch)
    for (const table of [KEYED, 'added']) await assertFolds(branch, table)
    const {tables, diverged} = await tidemark.status()
    assert.deepEqual(diverged, [])
    assert.deepEqual(
      tables.filter(({left}) => left !== null).map(({table}) => table),
      [`${name}.departs`],
    )
  })

  test(`${state}: the branch's own table leaves the filter, and is copied again when it comes back`, async t => {
    const branch = await open(t)
    const {capture, tidemark, goOn, table} = branch
    const {name} = capture.database
    await write(branch)
    const gone = await patch(tidemark, {'table.include.list': list(name, [KEYED, 'departs'])})
    assert.deepEqual(gone.tables.left, [table])
    await tidemark.waitForStreaming()
    const events = (await capture.tableEvents(KEYLESS)).length
    await goOn()
    await write(branch)
    await atRest(tidemark, branch)
    assert.equal((await capture.tableEvents(KEYLESS)).length, events, 'nothing of it comes any more')
    assert.deepEqual(
      (await tidemark.status()).tables.filter(({left}) => left !== null).map(each => each.table),
      [table],
    )
    await assertFolds(branch, KEYED)
    await hurry(tidemark)
    const back = await patch(tidemark, {
      'table.include.list': list(name, [KEYED, 'departs', KEYLESS]),
      'snapshot.max.rows.per.second': '0',
    })
    assert.deepEqual(back.tables.returned, [table])
    await tidemark.waitForStatus(
      ({tables}) => tables.some(each => each.table === table && each.completeSince !== null),
      60_000,
    )
    await write(branch)
    await atRest(tidemark, branch)
    await assertCounted(branch)
    assert.deepEqual((await tidemark.status()).diverged, [])
  })
}
