// The one place at which table and topic are compared, without a lock and while both go on: which events the read view
// of the table certainly shows, which it may show, and which come behind it.
//
// A transaction enters the executed set only after it is visible, so whatever was executed before the read view opened is
// in it. It is in the binlog before it is visible, so whatever the view shows lies before the binlog's end read after the
// view was opened. What lies between the two may be seen or not, so a key changed there may show any of those states.

import {compareBinlogPositions, type BinlogPosition} from '../core/binlog-position.ts'
import type {GtidSet} from '../core/gtid-set.ts'

/** Certainly in the table's read view; perhaps; certainly not. */
export type Standing = 'shown' | 'open' | 'behind'

export interface VerifyPlace {
  /** The executed set before the read view; null where the server runs without GTIDs. */
  readonly executed: GtidSet | null
  /** The binlog's end before the read view opened, and after. */
  readonly from: BinlogPosition
  readonly to: BinlogPosition
}

/** The place that an event names. */
export interface EventPlace {
  readonly file: string
  readonly pos: number
  /** '' and 0 where it has no GTID. */
  readonly sid: string
  readonly gno: number
  /** A read event: its place is what the stream had reached, not where the event begins. */
  readonly isRead: boolean
}

export function standingOf(place: VerifyPlace, event: EventPlace): Standing {
  if (place.executed !== null && event.sid !== '') {
    if (place.executed.has(event.sid, event.gno)) return 'shown'
    return liesBefore(event, place.to) ? 'open' : 'behind'
  }
  if (liesBefore(event, place.from)) return 'shown'
  return liesBefore(event, place.to) ? 'open' : 'behind'
}

// A streamed event names its own start: one that starts at the end comes after it. A read event names the place reached.
function liesBefore(event: EventPlace, end: BinlogPosition): boolean {
  const order = compareBinlogPositions(event, end)
  return event.isRead ? order <= 0 : order < 0
}
