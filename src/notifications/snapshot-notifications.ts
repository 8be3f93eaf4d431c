// What happens to snapshots as Debezium's sequence of notifications, with two differences: the id stays that of the
// snapshot's own signal, and each snapshot ends in exactly one of COMPLETED, ABORTED and FAILED.

import {tableIdText} from '../core/table-id.ts'
import {keyTextInFull} from '../snapshot/chunk-key.ts'
import type {SnapshotObserver} from '../snapshot/snapshot-observer.ts'
import {isToldAsInitial} from '../snapshot/snapshot-plan.ts'
import type {SnapshotPlan, TablePlan} from '../snapshot/snapshot-plan.ts'
import type {ChunkRun, TableRun} from '../snapshot/table-run.ts'
import type {Notification} from './notification.ts'

/** The values of Debezium's TableScanCompletionStatus that come up here. */
type ScanStatus = 'SUCCEEDED' | 'EMPTY' | 'NO_PRIMARY_KEY' | 'UNKNOWN_SCHEMA' | 'SQL_EXCEPTION'

export interface SnapshotNotificationsOptions {
  /** `connector_name` of every notification: topic.prefix. */
  readonly connectorName: string
  readonly notify: (notification: Notification) => void
}

export class SnapshotNotifications implements SnapshotObserver {
  readonly #options: SnapshotNotificationsOptions
  /** Tables of initial and blocking snapshots whose beginning has been told: a table may begin several times. */
  readonly #begun = new Set<TablePlan>()

  constructor(options: SnapshotNotificationsOptions) {
    this.#options = options
  }

  accepted(plan: SnapshotPlan): void {
    this.#notify(plan, 'STARTED', isToldAsInitial(plan) ? {} : {data_collections: names(plan.tables)})
  }

  tableStarted({plan, snapshot, text}: TableRun): void {
    if (!isToldAsInitial(snapshot) || this.#begun.has(plan)) return
    this.#begun.add(plan)
    this.#notify(snapshot, 'IN_PROGRESS', {
      data_collections: names(remaining(snapshot)),
      current_collection_in_progress: text,
    })
  }

  // Of an initial or blocking snapshot Debezium tells tables, of an incremental one chunks.
  chunkRead({run, range, chunk}: ChunkRun): void {
    const {snapshot, plan, text} = run
    if (isToldAsInitial(snapshot)) return
    const maximum = plan.ranges?.at(-1)?.upTo
    this.#notify(snapshot, 'IN_PROGRESS', {
      data_collections: names(remaining(snapshot)),
      current_collection_in_progress: text,
      maximum_key: maximum === undefined ? '<null>' : keyTextInFull(maximum),
      last_processed_key: keyTextInFull(chunk.end ?? range.plan.upTo),
    })
  }

  // As Debezium: the scan of a table that was stopped is not complete, and nothing is told of it here.
  tableEnded(run: TableRun): void {
    const {plan, snapshot, text} = run
    this.#begun.delete(plan)
    if (plan.state === 'stopped') return
    this.#notify(snapshot, 'TABLE_SCAN_COMPLETED', {
      data_collections: names(snapshot.tables.filter(table => table === plan || isUnderWay(table))),
      scanned_collection: text,
      total_rows_scanned: String(plan.rowsDone),
      status: scanStatus(run),
    })
  }

  paused(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) this.#notify(plan, 'PAUSED', {data_collections: names(remaining(plan))})
  }

  resumed(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) this.#notify(plan, 'RESUMED', {data_collections: names(remaining(plan))})
  }

  snapshotEnded(plan: SnapshotPlan): void {
    const {state, tables} = plan
    if (state === 'completed') this.#notify(plan, 'COMPLETED', {})
    else if (isToldAsInitial(plan)) this.#notify(plan, 'ABORTED', {})
    else {
      const wanted = state === 'failed' ? 'failed' : 'stopped'
      const data = {data_collections: names(tables.filter(table => table.state === wanted))}
      this.#notify(plan, state === 'failed' ? 'FAILED' : 'ABORTED', data)
    }
  }

  /** The stored state is given up, and with it what this snapshot had still to read. */
  abandoned(plan: SnapshotPlan): void {
    this.#notify(plan, 'ABORTED', isToldAsInitial(plan) ? {} : {data_collections: names(remaining(plan))})
  }

  #notify(plan: SnapshotPlan, type: string, data: Readonly<Record<string, string>>): void {
    const {connectorName, notify} = this.#options
    notify({
      id: plan.id,
      type,
      aggregate_type: isToldAsInitial(plan) ? INITIAL_SNAPSHOT : 'Incremental Snapshot',
      additional_data: {connector_name: connectorName, ...data},
      timestamp: Date.now(),
    })
  }
}

export const INITIAL_SNAPSHOT = 'Initial Snapshot'

function isUnderWay({state}: TablePlan): boolean {
  return state === 'waiting' || state === 'running'
}

function remaining(plan: SnapshotPlan): TablePlan[] {
  return plan.tables.filter(isUnderWay)
}

function names(tables: readonly TablePlan[]): string {
  return tables.map(({table}) => tableIdText(table)).join(',')
}

function scanStatus({plan, problemCode}: TableRun): ScanStatus {
  // An error of a table that is done: it was dropped meanwhile.
  if (plan.error !== null || plan.state === 'failed') {
    if (problemCode === 'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE') return 'UNKNOWN_SCHEMA'
    return problemCode === 'TIDEMARK_SNAPSHOT_NO_KEY' ? 'NO_PRIMARY_KEY' : 'SQL_EXCEPTION'
  }
  return plan.ranges?.length === 0 ? 'EMPTY' : 'SUCCEEDED'
}
