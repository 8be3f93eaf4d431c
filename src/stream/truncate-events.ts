// TRUNCATE TABLE as an event (`op: t`), where skipped.operations lets it through: without a key, and therefore in every
// partition of the table's topic, since each is folded by itself and keys of the table are in all of them.

import type {EventOrigin} from '../encode/envelope.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {EventTarget} from './captured-table.ts'
import type {Emitter} from './emitter.ts'

const NULL_ROW_BYTES = 4

/** One event for each partition of the topic, at the place that the stream has reached. */
export function emitTruncate(
  target: EventTarget,
  origin: EventOrigin,
  {emitter, headers}: {readonly emitter: Emitter; readonly headers: EventHeaders | null},
): void {
  const {template, lanes} = target
  const length = template.valueLength('d', NULL_ROW_BYTES, 0, origin, 0)
  for (const lane of lanes.lanes) {
    const batch = emitter.batch(lane)
    batch.begin(null, 0, 0, length, headers)
    template.writeTruncate(origin, batch.writer)
    batch.end()
    emitter.appended(lane)
  }
}

/**
 * The same before a copy, behind whatever is open for the lanes. Resolves when it is acknowledged in every partition; null
 * where the table's truncates go nowhere.
 */
export function sendReset(
  {template, lanes}: EventTarget,
  origin: EventOrigin,
  {emitter, headers}: {readonly emitter: Emitter; readonly headers: EventHeaders | null},
): Promise<unknown> | null {
  if (lanes.lanes.length === 0) return null
  const length = template.valueLength('d', NULL_ROW_BYTES, 0, origin, 0)
  const sent = lanes.lanes.map(lane => {
    const batch = lane.topic.newBatch(lane.partition)
    batch.begin(null, 0, 0, length, headers)
    template.writeTruncate(origin, batch.writer)
    batch.end()
    return emitter.sendRead(lane, batch)
  })
  return Promise.all(sent)
}
