// Kill -9 of a process that copies a table without a key, at random instants or in a state of the readers. A state that
// would be over before it is stored is made to last by what makes it last elsewhere: a lock on the table, a connection
// that is slow, a long transaction.

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import type {RowDataPacket} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import {BULK, isOfReaders, TABLE, type KeylessRun} from './keyless-scenario.ts'
import type {TidemarkProcess} from './tidemark-process.ts'

/** In each state of the readers. */
export const KILLS = ['waiting for the lock', 'copying', 'following', 'adopted'] as const
export type KillName = (typeof KILLS)[number] | 'at random'

const COPIES = 'copying a table by a read view'
/** At random: so long after the process began, or after its readers got into another state. */
const MOST_MS = 1_500
/** In a state: so long after it was seen at most. */
const MOMENT_MS = 60

/** Gives a process that is to be killed now, or a moment later. `behind`: to be done then. */
type Ready = (scenario: KeylessRun, behind: (() => void)[]) => Promise<TidemarkProcess>

const READY: Readonly<Record<KillName, Ready>> = {
  'waiting for the lock': async (scenario, behind) => {
    const blocker = await scenario.capture.database.connect()
    behind.push(() => blocker.destroy())
    // As long as the transaction is open no lock that keeps writers out is granted; the writer goes on.
    await blocker.query(`START TRANSACTION; SELECT * FROM ${TABLE} LIMIT 0 FOR UPDATE`)
    const tidemark = await scenario.run()
    await tidemark.waitForStatus(
      ({snapshot}) => snapshot.parallel?.waitsFor?.startsWith('the lock of') === true,
      60_000,
    )
    return tidemark
  },
  copying: async scenario => {
    const tidemark = await scenario.run()
    await tidemark.waitForLog(COPIES, 90_000)
    return tidemark
  },
  following: async scenario => {
    const tidemark = await scenario.run()
    await tidemark.waitForLog(COPIES, 90_000)
    // That of the branch's stream, which the main one is ahead of by then.
    scenario.proxy.stallNew()
    await untilStored(scenario, tidemark, 'following')
    return tidemark
  },
  adopted: async scenario => {
    const tidemark = await scenario.run()
    await tidemark.waitForLog(COPIES, 90_000)
    // The main stream stays within a long transaction, which the branch passes on a connection of its own. That waits
    // until the transaction is there, whatever else the machine is busy with: from the same moment on, as a copy is short.
    scenario.proxy.stallNew()
    const dumps = await dumpPorts(scenario)
    await scenario.writer.weigh(`INSERT INTO ${BULK} SELECT REPEAT('x', 1000000) FROM (${numbers(4)}) AS n`, () =>
      scenario.proxy.stall(dumps, 1_000_000),
    )
    scenario.proxy.releaseNew()
    await untilStored(scenario, tidemark, 'adopted')
    return tidemark
  },
  'at random': async scenario => {
    const tidemark = await scenario.run()
    if (scenario.random.chance(0.7)) await tidemark.waitForLog(({msg}) => isOfReaders(msg), 90_000)
    await delay(scenario.random.integer(0, MOST_MS))
    return tidemark
  },
}

/** Tells which state was stored when the process was killed. */
async function killed(scenario: KeylessRun, name: KillName): Promise<string> {
  const behind: (() => void)[] = [() => scenario.proxy.release()]
  const tidemark = await READY[name](scenario, behind)
  await delay(scenario.random.pick([0, scenario.random.integer(1, MOMENT_MS)]))
  const end = await tidemark.kill()
  for (const each of behind) each()
  assert.equal(end.signal, 'SIGKILL', `the process ended by itself: ${tidemark.stderr}`)
  // What was told before the kill is committed, though a broker may need a moment to let it be read.
  if (isOfAState(name)) await untilStored(scenario, tidemark, name)
  return await storedState(scenario)
}

function isOfAState(name: KillName): boolean {
  return name !== 'waiting for the lock' && name !== 'at random'
}

async function storedState(scenario: KeylessRun): Promise<string> {
  return (await scenario.checkpoint())?.parallel?.state ?? 'none'
}

/** One after the other; those in a state must have found it stored. */
export async function killedEach(t: TestContext, scenario: KeylessRun, kills: readonly KillName[]): Promise<void> {
  const seen: string[] = []
  for (const name of kills) {
    const stored = await killed(scenario, name)
    seen.push(`${name}: ${stored}`)
    if (isOfAState(name)) assert.equal(stored, name, 'stored at the kill')
  }
  t.diagnostic(`${kills.length} kills, the state that was stored: ${seen.join(', ')}`)
}

async function untilStored(scenario: KeylessRun, tidemark: TidemarkProcess, state: string): Promise<void> {
  let last = ''
  const what = `the readers to be ${state}`
  await eventually({what, timeoutMs: 60_000}, async () => {
    last = await storedState(scenario)
    return last === state ? true : undefined
  }).catch((error: unknown) => {
    throw new Error(`stored was ${last}: ${tidemark.stderr}`, {cause: error})
  })
}

/** The process's own dumps, as the proxy knows them. */
async function dumpPorts({capture}: KeylessRun): Promise<ReadonlySet<number>> {
  const [rows] = await capture.connection.query<RowDataPacket[]>(
    "SELECT HOST AS host FROM performance_schema.processlist WHERE COMMAND LIKE 'Binlog Dump%'",
  )
  return new Set(rows.map(row => Number(/\d+$/.exec(String(row['host']))?.[0])))
}

function numbers(count: number): string {
  return Array.from({length: count}, (_, n) => `SELECT ${n}`).join(' UNION ALL ')
}
