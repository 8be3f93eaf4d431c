// The single message transforms that there are, as data: fit for a message between threads.

import type {NameRewrite} from '../java-replacement.ts'
import type {NameAdjustment} from '../schema-settings.ts'
import type {Condition} from './condition.ts'

/** What every transform in Connect has: its name and the records that it takes. */
export interface TransformBase {
  readonly name: string
  /** Null: every record. */
  readonly choice: Choice | null
}

/** `predicate` and `negate`. */
export interface Choice {
  readonly predicate: Predicate
  readonly negated: boolean
}

export type Predicate =
  {readonly type: 'topic-name-matches'; readonly pattern: RegExp} | {readonly type: 'record-is-tombstone'}

/** org.apache.kafka.connect.transforms.RegexRouter: another topic, and nothing else. */
export interface RegexRouter extends TransformBase {
  readonly type: 'regex-router'
  readonly topic: NameRewrite
}

/** io.debezium.transforms.ByLogicalTableRouter: one topic for many tables, schemas named after it, keys that tell the tables apart. */
export interface LogicalTableRouter extends TransformBase {
  readonly type: 'logical-table-router'
  readonly topic: NameRewrite
  /** How the schemas' new names are adjusted. */
  readonly schemaNames: NameAdjustment
  /** The field that the key gains; its value is the former topic, or what `value` makes of that. Null: none. */
  readonly keyField: {readonly name: string; readonly value: NameRewrite | null} | null
}

/** A field of the change event that a record gains. */
export interface FieldReference {
  /** Null: of the event itself. */
  readonly struct: 'source' | 'transaction' | null
  readonly field: string
  /** As what it comes out. */
  readonly name: string
}

/** io.debezium.transforms.ExtractNewRecordState: the row alone instead of the change event. */
export interface Unwrap extends TransformBase {
  readonly type: 'unwrap'
  /** What becomes of a delete: nothing, a null with the row's schema, a tombstone, the row as it was with `__deleted`. */
  readonly deletes: 'drop' | 'null' | 'tombstone' | 'rewrite'
  /** Whether the tombstone behind a delete stays. */
  readonly keepsTombstones: boolean
  readonly headers: readonly FieldReference[]
  readonly fields: readonly FieldReference[]
  /** Of the row; its value is the topic. */
  readonly routeByField: string | null
}

/** io.debezium.transforms.Filter: what its condition does not hold for is dropped. */
export interface ConditionFilter extends TransformBase {
  readonly type: 'condition-filter'
  readonly condition: Condition
  /** Records of other topics pass. */
  readonly topics: RegExp | null
  readonly nulls: 'keep' | 'drop' | 'evaluate'
}

/** org.apache.kafka.connect.transforms.Filter: what its predicate chooses is dropped. */
export interface PredicateFilter extends TransformBase {
  readonly type: 'predicate-filter'
}

export interface AdditionalField {
  readonly column: string
  readonly placement: 'header' | 'envelope' | 'partition'
  readonly name: string
}

/** io.debezium.transforms.outbox.EventRouter: a row of an outbox table becomes the event that it holds. */
export interface EventRouter extends TransformBase {
  readonly type: 'event-router'
  readonly id: string
  readonly key: string
  readonly payload: string
  readonly schemaVersion: string | null
  readonly additional: readonly AdditionalField[]
  readonly ignoresMissing: boolean
  readonly expandsJson: boolean
  readonly keepsJsonNulls: boolean
  readonly routeByField: string
  readonly topic: NameRewrite
  readonly tombstoneOnEmptyPayload: boolean
  readonly onUpdate: 'warn' | 'error' | 'fatal'
}

export type Transform = RegexRouter | LogicalTableRouter | Unwrap | ConditionFilter | PredicateFilter | EventRouter
