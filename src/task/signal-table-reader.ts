// Rows of the signal table in the stream: our own marks, and signals.

import {binlogPositionText} from '../core/binlog-position.ts'
import type {SignalRecord} from '../signals/signal.ts'
import type {SignalProcessor} from '../signals/signal-processor.ts'
import type {SignalTableMarks} from '../snapshot/signal-table-marks.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {Dispatcher} from '../stream/dispatcher.ts'

export interface SignalTableReaderOwner {
  /** Null where watermarks are not rows of this table. */
  readonly tableMarks: Pick<SignalTableMarks, 'markOf'> | null
  readonly coordinator: SnapshotCoordinator | null
  readonly signals: SignalProcessor
  readonly dispatcher: Dispatcher
}

const WINDOW_TYPES = new Set(['snapshot-window-open', 'snapshot-window-close'])

export class SignalTableReader {
  readonly #owner: SignalTableReaderOwner
  readonly #takesSignals: boolean

  constructor(owner: SignalTableReaderOwner, enabledChannels: readonly string[]) {
    this.#owner = owner
    this.#takesSignals = enabledChannels.includes('source')
  }

  /** A row that was inserted or deleted, as JSON; `row` is its number within the transaction. */
  row(operation: 'c' | 'd', json: string, row: number): void {
    const {tableMarks, coordinator, signals, dispatcher} = this.#owner
    // By position, as Debezium reads them: id, type, data.
    const [id, type, data] = Object.values(JSON.parse(json) as Record<string, unknown>)
    const mark = tableMarks?.markOf(operation, String(id)) ?? null
    if (mark !== null) {
      coordinator?.markSeen(mark)
      return
    }
    // Marks of earlier runs, and those of a Debezium that uses the same table, are none of ours.
    if (operation === 'd' || WINDOW_TYPES.has(String(type))) return
    const {gtid, file, pos} = dispatcher.occurrence
    const record: SignalRecord = {
      id: String(id),
      type: String(type),
      data: typeof data === 'string' ? data : null,
      channel: 'source',
      occurrence: `${gtid === '' ? binlogPositionText({file, pos}) : gtid}#${row}`,
    }
    if (this.#takesSignals) signals.receive(record, {file, pos})
    else signals.refuse(record)
  }
}
