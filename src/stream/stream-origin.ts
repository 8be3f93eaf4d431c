// What the events of a transaction say of where they come from.

import type {BinlogEvents} from '../binlog/binlog-events.ts'
import type {EventOrigin, OriginFields} from '../encode/envelope.ts'

/** What the stream knows beside the event at hand. */
export type StreamOrigin = Pick<OriginFields, 'tsUs' | 'sid' | 'gno' | 'threadId' | 'query' | 'order'>

export function setStreamOrigin(origin: EventOrigin, events: BinlogEvents, stream: StreamOrigin): void {
  origin.set({
    tsUs: stream.tsUs,
    snapshot: 'false',
    serverId: events.serverId,
    sid: stream.sid,
    gno: stream.gno,
    file: events.file,
    pos: events.startPos,
    threadId: stream.threadId ?? -1,
    nowUs: Math.round((performance.timeOrigin + performance.now()) * 1000),
    query: stream.query ?? '',
    order: stream.order ?? null,
  })
}
