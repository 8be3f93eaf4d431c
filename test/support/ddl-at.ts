// The moments of a snapshot at which statements come. They are forced by locks, so that each comes about on a machine of
// any speed.

import {HELD, untilBlocked, type Moment} from './ddl-moments.ts'

/** Between two snapshots. */
const between: Moment = async ({change}) => await change()

/** Signalled, and waiting for the first mark behind which the tables may be looked at. */
const waiting: Moment = async ({capture, tidemark, begin, change, hurry}) => {
  await hurry()
  const holder = await capture.database.connect()
  await holder.query('LOCK TABLES debezium_signal WRITE')
  // Who holds the lock can signal; nobody else can write a mark.
  const id = await begin(holder)
  await tidemark.waitForLog(({msg, fields}) => msg === 'snapshot accepted' && fields['snapshot'] === id)
  await change()
  await holder.query('UNLOCK TABLES')
}

/** The planner waits for a lock on the first table; all others are being prepared behind it. */
const beingPrepared: Moment = async ({capture, begin, change, hurry}) => {
  await hurry()
  const holder = await capture.database.connect()
  await holder.query(`LOCK TABLES ${HELD} WRITE`)
  await begin()
  await untilBlocked(capture.connection, HELD)
  await change()
  await holder.query('UNLOCK TABLES')
}

/** Each while its own SELECT runs. */
const reading: Moment = async ({capture, tidemark, kinds, begin, change, hurry}) => {
  await begin()
  for (const kind of kinds) {
    const text = `${capture.database.name}.${kind.name}`
    await tidemark.waitForStatus(({snapshot}) =>
      snapshot.tables.some(({table, state}) => table === text && (state === 'running' || state === 'done')),
    )
    await change(kind)
    await hurry(kind.name)
  }
}

/** Rows of all tables are read, and their windows wait for a mark. */
const windowsWaiting: Moment = async ({capture, tidemark, kinds, begin, change, hurry}) => {
  const holder = await capture.database.connect()
  await begin()
  const first = `${capture.database.name}.${kinds[0]!.name}`
  await tidemark.waitForStatus(({snapshot}) =>
    snapshot.tables.some(({table, state}) => table === first && state === 'running'),
  )
  await holder.query('LOCK TABLES debezium_signal WRITE')
  await hurry()
  await tidemark.waitForStatus(({snapshot}) => snapshot.windowsWaiting >= kinds.length)
  await change()
  await holder.query('UNLOCK TABLES')
}

export const MOMENTS: Readonly<Record<string, Moment>> = {
  'between two snapshots': between,
  'while the table waits': waiting,
  'while the table is being prepared': beingPrepared,
  'while its SELECT runs': reading,
  'while windows wait': windowsWaiting,
}
