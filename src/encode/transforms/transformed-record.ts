// What is known of a record between two transforms: enough to go on with the next one, and in the end to write it. Its
// bytes are made once, behind the last transform.

import type {EventRouter, FieldReference} from '../../config/transforms/transform.ts'
import type {TableId} from '../../core/table-id.ts'
import type {KeyField} from '../key-fields.ts'
import type {RowAccess, RowSide} from './changed-row.ts'

/** The record as the stream makes it: a change, the tombstone behind a delete, or what is no change event at all. */
export type RecordKind = 'c' | 'r' | 'u' | 'd' | 't' | 'tombstone' | 'other'

export type RecordValue =
  /** Schemas are named after `schemaTopic`. */
  | {readonly type: 'envelope'; readonly schemaTopic: string}
  | {
      readonly type: 'row'
      readonly side: RowSide
      readonly schemaTopic: string
      /** `__deleted`; null: there is none. */
      readonly deleted: 'true' | 'false' | null
      readonly fields: readonly FieldReference[]
    }
  /** A null that still has the schema of a row, which the JsonConverter writes as `null`. */
  | {readonly type: 'null'; readonly schemaTopic: string}
  | {readonly type: 'tombstone'}
  /** Heartbeats, notifications and the like: passed on as they are. */
  | {readonly type: 'other'}
  /** What a row of an outbox table holds. */
  | {readonly type: 'payload'}

/** A header of a field of the event, or of a text that is known. */
export type AddedHeader =
  {readonly name: string; readonly reference: FieldReference} | {readonly name: string; readonly text: string}

/** Key and headers come from the columns of an outbox table. */
export interface OutboxOrigin {
  readonly router: EventRouter
  /** Value of its `route.by.field`. */
  readonly routedBy: string
  readonly schemaTopic: string
  readonly partition: number | null
}

export interface TransformedRecord {
  readonly topic: string
  /** The transform that chose the topic; '' for none. */
  readonly routedBy: string
  /** Of the key; null: as without transforms. */
  readonly schemaTopic: string | null
  readonly keyFields: readonly KeyField[]
  readonly value: RecordValue
  readonly headers: readonly AddedHeader[]
  readonly outbox: OutboxOrigin | null
}

/** What transforms are told beside the record. */
export interface RecordSubject {
  readonly kind: RecordKind
  /** Schemas are named after it, as long as no transform says otherwise. */
  readonly schemaTopic: string
  /** Null for what is of no table. */
  readonly table: TableId | null
  /** topic.prefix */
  readonly source: string
  readonly row: RowAccess
  /** Types of the columns in Connect's words, by name. */
  readonly columns: ReadonlyMap<string, string>
}

export function isNull({value}: TransformedRecord): boolean {
  return value.type === 'tombstone' || value.type === 'null'
}
