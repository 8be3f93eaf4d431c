// Writes what transforms have made of a table's events, and says beforehand what they drop. Only for tables whose events
// they change; all others take the short way of the row-event writer.

import type {RowsView} from '../binlog/binlog-events.ts'
import type {EventRouter} from '../config/transforms/transform.ts'
import {ByteWriter} from '../core/byte-writer.ts'
import type {Log} from '../core/log.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {ChangedRow} from '../encode/transforms/changed-row.ts'
import type {EventFacts} from '../encode/transforms/event-meta.ts'
import {unexpectedUpdate} from '../encode/transforms/outbox-template.ts'
import type {TableRecordKind, TableRecords} from '../encode/transforms/table-records.ts'
import type {CapturedTable} from './captured-table.ts'
import type {Emitter} from './emitter.ts'
import type {TopicDirectory} from './topic-lanes.ts'

export interface TransformedEventsOptions {
  readonly emitter: Emitter
  readonly topics: TopicDirectory
  readonly log: Log
}

/** After the first one, one in so many is told. */
const TOLD_ONE_IN = 1000
const ABSENT = [-1, -1] as const

export class TransformedEvents {
  readonly #options: TransformedEventsOptions
  readonly #scratch = new ByteWriter(64 * 1024)
  readonly #row = new ChangedRow()
  #rejected = 0

  constructor(options: TransformedEventsOptions) {
    this.#options = options
  }

  emit(records: TableRecords, kind: TableRecordKind, row: ChangedRow, facts: EventFacts): void {
    const {template, rejects} = records.plan(kind, row)
    if (rejects !== null) this.#reject(rejects)
    if (template === null) return
    const {emitter, topics} = this.#options
    const opened = topics.opened(template.topic)
    invariant(opened !== undefined, `the topic ${template.topic} is not open`)
    const key = template.key(row)
    const {lanes} = opened
    const partition = key.partition ?? partitionOf(key.bytes ?? row.bytes, key, lanes.length)
    const lane = lanes[partition]
    if (lane === undefined) throw noPartition(template.topic, partition, lanes.length)
    template.append(emitter.batch(lane), key, row, facts)
    emitter.appended(lane)
  }

  /** Opens the topics that rows of these events name, so that they can be written without waiting. */
  async openTopics({encoder, target}: CapturedTable, view: RowsView): Promise<void> {
    const records = target?.records ?? null
    if (records === null) return
    const present = view.full ? null : view.presentBefore
    const wanted = new Set<string>()
    const scratch = this.#scratch
    const note = (kind: TableRecordKind): void => {
      const topic = records.plan(kind, this.#row).template?.topic
      if (topic !== undefined && this.#options.topics.opened(topic) === undefined) wanted.add(topic)
    }
    for (let at = view.start; at < view.end;) {
      scratch.clear()
      at = encoder.encodeImage(view.buffer, at, view.end, present, scratch)
      const first = [0, scratch.length] as const
      if (view.operation !== 'u') {
        const isCreate = view.operation === 'c'
        this.#row.set(scratch.bytes, isCreate ? ABSENT : first, isCreate ? first : ABSENT)
        note(view.operation)
        if (!isCreate) note('tombstone')
        continue
      }
      at = encoder.encodeImage(view.buffer, at, view.end, view.full ? null : view.presentAfter, scratch)
      this.#row.set(scratch.bytes, first, [first[1], scratch.length])
      // With another key it is a delete and a create.
      note('u')
      note('d')
      note('tombstone')
      note('c')
    }
    await this.#options.topics.openAll([...wanted])
  }

  #reject(router: EventRouter): void {
    if (router.onUpdate === 'fatal') {
      throw new TidemarkError(
        'TIDEMARK_TRANSFORM_UPDATE',
        `${unexpectedUpdate(router)}; set table.op.invalid.behavior to warn to pass it over`,
      )
    }
    const rejected = this.#rejected++
    if (rejected % TOLD_ONE_IN !== 0) return
    this.#options.log[router.onUpdate]({transform: router.name, ignored: rejected + 1}, unexpectedUpdate(router))
  }
}

export function partitionOf(bytes: Buffer, key: {start: number; end: number}, count: number): number {
  return count === 1 ? 0 : partitionFor(bytes, key.start, key.end, count)
}

export function noPartition(topic: string, partition: number, count: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_TRANSFORM_PARTITION',
    `a row of an outbox table names the partition ${partition} of ${topic}, which has ${count}; add partitions to the ` +
      'topic, or mend the rows',
  )
}
