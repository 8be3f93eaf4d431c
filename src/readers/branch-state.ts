// What is stored of a branch: the one table that a stream of its own reads beside the main one. Pure: states, what happens
// to them, and which transactions are whose.
//
//   none -> copying -> following -> adopted -> none
//                          |-----------------> none
//
// - `copying`: the table was locked for a moment at P, and its rows are read by a read view of P. Cut off, it is locked again.
// - `following`: the branch streams the table until it and the main stream are at the same place. Where the binlog that it
//   needs was purged, it is given up.
// - `adopted`: the table is the main stream's, except what the branch has emitted already.

import type {PreparedTransaction} from '../core/prepared-transaction.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import type {StoredSchema} from '../core/stored-schemas.ts'
import type {ExtentText} from '../core/stream-extent.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {TableId} from '../core/table-id.ts'

export interface Copying {
  readonly state: 'copying'
  readonly table: TableId
  readonly copyId: string
  /** Where the branch's stream goes on: at first the place of the lock, later what it has emitted towards a later lock. */
  readonly from: StoredOffset
  /** What the main stream still emits of the table; null: nothing, since it had never captured it. */
  readonly mainUntil: ExtentText | null
  /** An earlier copy was cut off, so that a part of it may be in the topic. */
  readonly isAgain: boolean
  /** XA transactions as they stood at `from`; absent where there were none. */
  readonly prepared?: readonly PreparedTransaction[]
  /** The table's definitions from `from` on; absent where events name their columns. */
  readonly schemas?: readonly StoredSchema[]
}

export interface Following {
  readonly state: 'following'
  readonly table: TableId
  /** Everything of the table before it is in the topic. */
  readonly from: StoredOffset
  /** Its copy was stopped: what the main stream still emits of the table, before the branch emits anything. Absent: nothing. */
  readonly mainUntil?: ExtentText
  readonly prepared?: readonly PreparedTransaction[]
  readonly schemas?: readonly StoredSchema[]
}

export interface Adopted {
  readonly state: 'adopted'
  readonly table: TableId
  /** What the branch has emitted. */
  readonly until: ExtentText
}

export type BranchState = Copying | Following | Adopted
export type BranchStateName = BranchState['state'] | 'none'

/** What the branch has emitted and the sink has acknowledged. */
export interface BranchPlace {
  readonly from: StoredOffset
  readonly prepared: readonly PreparedTransaction[]
  readonly schemas?: readonly StoredSchema[]
}

export type BranchEvent =
  /** The table was locked at `place`; `isCaptured`: events of it may be in the topic. */
  | {
      readonly type: 'locked'
      readonly table: TableId
      readonly place: StoredOffset
      readonly copyId: string
      readonly isCaptured: boolean
      readonly schemas?: readonly StoredSchema[]
    }
  /** The branch's stream has got on. */
  | {readonly type: 'advanced'; readonly at: BranchPlace}
  /** All rows are acknowledged; the stream goes on at the place of the lock. */
  | {readonly type: 'copied'; readonly place: StoredOffset; readonly schemas?: readonly StoredSchema[]}
  /** Nobody wants the rest of the copy: the stream goes on where it is. */
  | {readonly type: 'abandoned'}
  /** The stretch before the new lock cannot be read any more: the stream goes on at that lock. */
  | {readonly type: 'skipped'; readonly to: StoredOffset; readonly schemas?: readonly StoredSchema[]}
  /** What the branch was to stream cannot be read any more: the main stream has the table from where it is. */
  | {readonly type: 'lost'}
  /** Everything that the branch has emitted is acknowledged, and the main stream has come no further. */
  | {readonly type: 'reconciled'; readonly until: ExtentText}
  /** The main stream would be resumed behind everything that the branch has emitted. */
  | {readonly type: 'covered'}

export type BranchEventType = BranchEvent['type']

const NEVER: Readonly<Record<BranchEventType, null>> = {
  locked: null,
  advanced: null,
  skipped: null,
  copied: null,
  abandoned: null,
  reconciled: null,
  covered: null,
  lost: null,
}

/** Which events may come in which state, and what they lead to; what is not named is an error of ours. */
export const TRANSITIONS: Readonly<Record<BranchStateName, Readonly<Record<BranchEventType, BranchStateName | null>>>> =
  {
    none: {...NEVER, locked: 'copying'},
    copying: {
      ...NEVER,
      locked: 'copying',
      advanced: 'copying',
      skipped: 'copying',
      copied: 'following',
      abandoned: 'following',
    },
    following: {...NEVER, advanced: 'following', reconciled: 'adopted', lost: 'none'},
    adopted: {...NEVER, covered: 'none'},
  }

/** Throws TIDEMARK_INTERNAL_INVARIANT where the event cannot come in this state. */
export function branchAfter(state: BranchState | null, event: BranchEvent): BranchState | null {
  const before = state?.state ?? 'none'
  const next = TRANSITIONS[before][event.type]
  invariant(next !== null, `a branch that is ${before} was ${event.type}`)
  switch (event.type) {
    case 'locked':
      return locked(state, event)
    case 'advanced': {
      const {schemas: _, ...before} = state as Copying | Following
      const {from, prepared} = event.at
      return {...before, from, prepared, ...known(event.at)}
    }
    case 'skipped':
      return skipped(state as Copying, event)
    case 'copied':
      return {state: 'following', table: state!.table, from: event.place, ...known(event)}
    case 'abandoned': {
      const {table, from, mainUntil, prepared = [], schemas} = state as Copying
      const share = mainUntil === null ? {} : {mainUntil}
      return {state: 'following', table, from, prepared, ...share, ...known({schemas})}
    }
    case 'reconciled':
      return {state: 'adopted', table: state!.table, until: event.until}
    case 'covered':
    case 'lost':
      return null
  }
}

/** What was prepared before the lock cannot have changed the table: it would have held the lock up. */
function skipped({prepared: _, schemas: __, ...copying}: Copying, event: BranchEvent & {type: 'skipped'}): Copying {
  return {...copying, from: event.to, ...known(event)}
}

/** Of what the branch has emitted up to a later lock nothing comes again, whatever the main stream had emitted before the first. */
function locked(state: BranchState | null, event: BranchEvent & {type: 'locked'}): Copying {
  const {table, place, copyId, isCaptured} = event
  if (state === null) {
    const {file, pos, gtidSet} = place
    return {
      ...{state: 'copying', table, copyId, from: place, isAgain: false},
      mainUntil: isCaptured ? {file, pos, gtidSet} : null,
      ...known(event),
    }
  }
  const copying = state as Copying
  invariant(
    copying.table.table === table.table && copying.table.database === table.database,
    'one table has the branch at a time',
  )
  return {...copying, copyId, isAgain: true}
}

function known({schemas}: {readonly schemas?: readonly StoredSchema[] | undefined}): Pick<Following, 'schemas'> {
  return schemas === undefined || schemas.length === 0 ? {} : {schemas}
}
