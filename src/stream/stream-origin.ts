// What the events of a transaction say of where they come from.

import type {BinlogEvents} from '../binlog/binlog-events.ts'
import type {EventOrigin, OriginFields} from '../encode/envelope.ts'

/** What the stream knows beside the event at hand. */
export type StreamOrigin = Pick<OriginFields, 'tsUs' | 'sid' | 'gno' | 'threadId' | 'query' | 'order'>

/** Field by field: nothing is allocated for it. */
export function setStreamOrigin(origin: EventOrigin, events: BinlogEvents, stream: StreamOrigin): void {
  origin.version++
  origin.tsUs = stream.tsUs
  origin.snapshot = 'false'
  origin.serverId = events.serverId
  origin.sid = stream.sid
  origin.gno = stream.gno
  origin.file = events.file
  origin.pos = events.startPos
  origin.threadId = stream.threadId ?? -1
  origin.nowUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
  origin.query = stream.query ?? ''
  origin.order = stream.order ?? null
}
