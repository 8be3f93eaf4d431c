// gh-ost and pt-online-schema-change swap a table that is written to and copied: the status says so, and after the snapshot
// that it asks for the topic folds to the table.

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {caughtUp, prepareCapture, snapshotEnded} from './capture.ts'
import {onCleanUp} from './clean-up.ts'
import {divergedTables, mendAll, verified} from './ddl-moments.ts'
import {randomFor} from './seeded-random.ts'
import {ORDERS, OrdersWriter, runGhOst, runPtOsc, type SchemaChangeTool} from './schema-change-tools.ts'

const KEYS = 400

export interface OnlineChange {
  readonly what: string
  readonly tool: (options: SchemaChangeTool) => Promise<void>
  /** The shadow table and the tool's other ones are captured, too. */
  readonly captures: boolean
  readonly truncates: boolean
  /** What the status says when the tool is done: table, and whether it is there. */
  readonly said: readonly (readonly [table: string, there: boolean])[]
}

export const ONLINE_CHANGES: readonly OnlineChange[] = [
  {what: 'gh-ost', tool: runGhOst, captures: false, truncates: false, said: [['orders', true]]},
  {
    what: 'gh-ost, with its tables captured',
    tool: runGhOst,
    captures: true,
    truncates: true,
    said: [
      ['_orders_del', false],
      ['_orders_ghc', false],
      ['_orders_gho', false],
      ['orders', true],
    ],
  },
  {what: 'pt-online-schema-change', tool: runPtOsc, captures: false, truncates: false, said: [['orders', true]]},
  {
    what: 'pt-online-schema-change, with its tables captured',
    tool: runPtOsc,
    captures: true,
    truncates: true,
    said: [
      ['_orders_new', false],
      ['_orders_old', false],
      ['orders', true],
    ],
  },
]

export async function changeOnline(t: TestContext, {tool, captures, truncates, said}: OnlineChange): Promise<void> {
  const config = {'incremental.snapshot.chunk.size': '20', ...(truncates ? {'skipped.operations': 'none'} : {})}
  const capture = await prepareCapture(t, {prefix: 'osc', config})
  const {connection, database} = capture
  await connection.query(`CREATE TABLE orders (${ORDERS})`)
  await connection.query(`INSERT INTO orders (id, note) WITH RECURSIVE n (i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${KEYS}) SELECT i, CONCAT('row ', i) FROM n`)
  const filter = captures ? {} : {'table.exclude.list': `${database.name}\\._orders_.*`}
  const tidemark = await capture.run(t, filter)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['orders']))
  const writer = new OrdersWriter(await database.connect(), randomFor(t), KEYS * 2)
  onCleanUp(t, async () => await writer.stop().catch(() => undefined))
  writer.start()
  const slow = {'data-collection': `${database.name}.orders`, filter: 'SLEEP(0.002) = 0'}
  let copying = await capture.snapshot(['orders'], {'additional-conditions': [slow]})
  // A snapshot runs at every step of the tool.
  const step = async (): Promise<void> => {
    await writer.written(3)
    const {snapshot} = await tidemark.status()
    if (snapshot.state === 'idle') copying = await capture.snapshot(['orders'], {'additional-conditions': [slow]})
  }
  const alter = "ADD COLUMN state VARCHAR(9) NOT NULL DEFAULT 'new', MODIFY note VARCHAR(80) NOT NULL"
  await tool({
    database: database.name,
    connect: async () => await database.connect(),
    writer,
    alter,
    chunk: 100,
    step,
  })
  await writer.written(20)
  await snapshotEnded(tidemark, copying)
  await caughtUp(tidemark, connection)
  const found = (await divergedTables(tidemark)).map(({table, remedy}) => [
    table.slice(database.name.length + 1),
    remedy.startsWith('snapshot again'),
  ])
  assert.deepEqual(found.sort(), said)
  await mendAll(tidemark, capture)
  await writer.stop()
  await caughtUp(tidemark, connection)
  const [orders] = (await verified(t, capture, filter)).filter(({table}) => table.endsWith('.orders'))
  assert.equal(orders!.equal, true, JSON.stringify(orders))
  const left = (await divergedTables(tidemark)).filter(({table}) => table.endsWith('.orders'))
  assert.deepEqual(
    left.map(({reason}) => reason),
    truncates ? [] : ['ghosts possible: RENAME TABLE removed rows without events'],
  )
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
}

export function nameOf({what, truncates}: OnlineChange): string {
  const ghosts = truncates ? 'a reset leaves no ghosts' : 'possible ghosts are named'
  return `${what} under a writer and a snapshot: one more snapshot mends the topic, and ${ghosts}`
}
