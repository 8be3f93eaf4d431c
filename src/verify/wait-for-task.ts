// Waits until the task has stored that it is done with everything the table's read view can show. Only the stored state
// counts: what it does not cover may not be in the topics yet, or may be lost and repeated after a crash.

import {binlogPositionText, compareBinlogPositions, type BinlogPosition} from '../core/binlog-position.ts'
import {GtidSet} from '../core/gtid-set.ts'
import {TidemarkError} from '../core/tidemark-error.ts'

/** What verify reads of the stored state. */
export interface TaskState {
  readonly serverUuid: string
  readonly offset: BinlogPosition & {readonly gtidSet: string | null}
  readonly snapshots: readonly {
    readonly id: string
    readonly state: string
    readonly tables: readonly {
      readonly table: {readonly database: string; readonly table: string}
      readonly state: string
      readonly rowsDone: number
    }[]
  }[]
  readonly diverged: readonly {readonly table: string; readonly since: string; readonly reason: string}[]
  /** The table that has a stream of its own beside the main one, whose place is not the offset. */
  readonly parallel?: {
    readonly state: string
    readonly table: {readonly database: string; readonly table: string}
  }
}

export interface TaskWait {
  /** The state as it is stored now; null where there is none. */
  readonly readState: () => Promise<TaskState | null>
  /** Where it is stored, for messages. */
  readonly statePath: string
  /** performance.now() at which to give up, and the seconds that makes, for messages. */
  readonly deadline: number
  readonly waitSeconds: number
  readonly signal: AbortSignal
  /** Waits; tests give their own. */
  readonly delay: (ms: number) => Promise<void>
  readonly now: () => number
  /** Called when the waiting takes long, with what is waited for. */
  readonly onWaiting: (what: string) => void
}

const POLL_MS = 200
/** A task stores its state as soon as it has started: one that is not there for so long will not come. */
const NO_STATE_MS = 5_000
/** A wait that is shorter is not worth a word. */
const QUIET_MS = 2_000
/** A stored position that GTIDs do not confirm must hold through a few checkpoints. */
const SETTLED_MS = 2_000

/** Resolves once none of the tables is being copied. Throws TIDEMARK_VERIFY_NO_STATE and TIDEMARK_VERIFY_SNAPSHOT_RUNS. */
export async function waitForSnapshots(wait: TaskWait, tables: ReadonlySet<string>): Promise<TaskState> {
  return await poll(wait, state => {
    const running = copying(state, tables)
    if (running === null) return null
    return {
      code: 'TIDEMARK_VERIFY_SNAPSHOT_RUNS',
      waitingFor: `${running} to be copied`,
      message: `${running} is still being copied; verify again when the snapshot is done, or leave the table out`,
    }
  })
}

/** Every transaction that the read view may show: it lies before `to`, and was executed by `executed`. */
export interface StreamGoal {
  readonly serverUuid: string
  readonly to: BinlogPosition
  /** Null where the server runs without GTIDs. Without what is purged: that never comes through a stream. */
  readonly executed: GtidSet | null
  /** `database.table` of those that are compared. */
  readonly tables: ReadonlySet<string>
}

/** Resolves once the stored offset has reached the goal. Throws TIDEMARK_VERIFY_NOT_REACHED, naming both places. */
export async function waitForStream(wait: TaskWait, goal: StreamGoal): Promise<TaskState> {
  let reachedAt: number | null = null
  return await poll(wait, state => {
    assertSameServer(state, goal.serverUuid, wait.statePath)
    const {offset} = state
    const beside = besideStream(state, goal.tables)
    if (beside !== null) {
      return {
        code: 'TIDEMARK_VERIFY_NOT_REACHED',
        waitingFor: `${beside} to go on in the main stream`,
        message: `${beside} is still streamed beside the other tables; verify again when its stream has caught up (--wait SECONDS)`,
      }
    }
    if (goal.executed !== null && offset.gtidSet !== null) {
      if (GtidSet.parse(offset.gtidSet).contains(goal.executed)) return null
    }
    // A dump that begins by GTID names an older place for a moment, so with GTIDs a position must last.
    const reached = compareBinlogPositions(offset, goal.to) >= 0
    if (!reached) reachedAt = null
    else if (goal.executed === null || wait.now() - (reachedAt ??= wait.now()) >= SETTLED_MS) return null
    return {
      code: 'TIDEMARK_VERIFY_NOT_REACHED',
      waitingFor: `the task to reach ${binlogPositionText(goal.to)}; it has stored ${binlogPositionText(offset)}`,
      message:
        `the task has stored ${binlogPositionText(offset)}, and the table was read at ${binlogPositionText(goal.to)}; ` +
        'start it with `tidemark run`, or let it catch up (--wait SECONDS)',
    }
  })
}

interface Unmet {
  readonly code: string
  readonly waitingFor: string
  readonly message: string
}

async function poll(wait: TaskWait, unmetBy: (state: TaskState) => Unmet | null): Promise<TaskState> {
  const began = wait.now()
  let told = false
  for (;;) {
    wait.signal.throwIfAborted()
    const state = await wait.readState()
    const unmet = state === null ? noState(wait.statePath) : unmetBy(state)
    if (unmet === null) return state!
    const now = wait.now()
    if (now >= wait.deadline) throw new TidemarkError(unmet.code, `waited ${wait.waitSeconds} s: ${unmet.message}`)
    if (state === null && now - began >= NO_STATE_MS) throw new TidemarkError(unmet.code, unmet.message)
    if (!told && now - began >= QUIET_MS) {
      told = true
      wait.onWaiting(unmet.waitingFor)
    }
    await wait.delay(POLL_MS)
  }
}

function noState(path: string): Unmet {
  return {
    code: 'TIDEMARK_VERIFY_NO_STATE',
    waitingFor: `the state ${path}, which is not there yet`,
    message:
      `there is no state in ${path}, so nobody knows how far the events go; start the task with \`tidemark run\`, ` +
      'or run verify in the same directory (offset.storage.file.filename)',
  }
}

function copying(state: TaskState, tables: ReadonlySet<string>): string | null {
  for (const snapshot of state.snapshots) {
    if (snapshot.state !== 'queued' && snapshot.state !== 'running') continue
    for (const {table, state: tableState, rowsDone} of snapshot.tables) {
      const name = `${table.database}.${table.table}`
      if (!tables.has(name) || (tableState !== 'waiting' && tableState !== 'running')) continue
      return `${name} (snapshot ${snapshot.id}, ${rowsDone} rows so far)`
    }
  }
  return null
}

/** A table of these whose events the offset does not speak for. */
function besideStream({parallel}: TaskState, tables: ReadonlySet<string>): string | null {
  if (parallel === undefined || parallel.state === 'adopted') return null
  const name = `${parallel.table.database}.${parallel.table.table}`
  return tables.has(name) ? name : null
}

function assertSameServer(state: TaskState, serverUuid: string, path: string): void {
  if (state.serverUuid === serverUuid) return
  throw new TidemarkError(
    'TIDEMARK_VERIFY_OTHER_SERVER',
    `the state ${path} belongs to server ${state.serverUuid}, and the tables are on ${serverUuid}: their places cannot be ` +
      'compared; connect to the server that the task reads (database.hostname), or start the task on this one',
    {kind: 'configuration'},
  )
}
