// What the transforms make of a record, one behind the other, as Kafka Connect applies them.

import {rewriteName} from '../../config/java-replacement.ts'
import type {
  Choice,
  ConditionFilter,
  EventRouter,
  LogicalTableRouter,
  Transform,
  Unwrap,
} from '../../config/transforms/transform.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import {adjustSchemaName} from '../name-adjustment.ts'
import type {RowSide} from './changed-row.ts'
import {conditionHolds, NoChangeEvent} from './evaluate-condition.ts'
import {missingColumn, transformError} from './transform-error.ts'
import {isNull, type RecordSubject, type RecordValue, type TransformedRecord} from './transformed-record.ts'

/** What Kafka takes. */
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/

/** A record, or what dropped it. */
export type Transformation =
  | {readonly type: 'record'; readonly record: TransformedRecord}
  /** `rejects`: an update of an outbox table, of which Debezium wants to tell. */
  | {readonly type: 'dropped'; readonly rejects: EventRouter | null}

const DROPPED: Transformation = {type: 'dropped', rejects: null}

/** Throws RowNeeded where it hangs on the row and `subject` has none; TIDEMARK_TRANSFORM_… for what cannot be done. */
export function applyTransforms(
  transforms: readonly Transform[],
  topic: string,
  subject: RecordSubject,
): Transformation {
  let record: TransformedRecord = {
    ...{topic, routedBy: '', schemaTopic: null, keyFields: []},
    ...{value: originalValue(subject), headers: [], outbox: null},
  }
  for (const transform of transforms) {
    if (!isChosen(transform.choice, record)) continue
    const next = applyTransform(transform, record, subject)
    if (next === null) {
      const isUpdate = transform.type === 'event-router' && subject.kind === 'u'
      return isUpdate && !isNull(record) ? {type: 'dropped', rejects: transform} : DROPPED
    }
    record = next.topic === record.topic ? next : {...next, routedBy: transform.name}
  }
  if (record.routedBy !== '' && !TOPIC_NAME.test(record.topic)) throw noTopicName(topic, record)
  return {type: 'record', record}
}

function originalValue({kind, schemaTopic}: RecordSubject): RecordValue {
  if (kind === 'other') return {type: 'other'}
  return kind === 'tombstone' ? {type: 'tombstone'} : {type: 'envelope', schemaTopic}
}

export function isChosen(choice: Choice | null, record: TransformedRecord): boolean {
  if (choice === null) return true
  const {predicate, negated} = choice
  const matches = predicate.type === 'topic-name-matches' ? predicate.pattern.test(record.topic) : isNull(record)
  return matches !== negated
}

function applyTransform(
  transform: Transform,
  record: TransformedRecord,
  subject: RecordSubject,
): TransformedRecord | null {
  switch (transform.type) {
    case 'regex-router':
      return {...record, topic: rewriteName(record.topic, transform.topic) ?? record.topic}
    case 'logical-table-router':
      return routeToLogicalTable(transform, record)
    case 'unwrap':
      return unwrapRecord(transform, record, subject)
    case 'condition-filter':
      return passes(transform, record, subject) ? record : null
    case 'predicate-filter':
      return null
    case 'event-router':
      return routeEvent(transform, record, subject)
  }
}

function routeToLogicalTable(
  {topic, schemaNames, keyField}: LogicalTableRouter,
  record: TransformedRecord,
): TransformedRecord {
  const routed = rewriteName(record.topic, topic)
  // As Debezium, which passes a record without a new name on as it is.
  if (routed === null || routed === '') return record
  const value = keyField === null || keyField.value === null ? null : rewriteName(record.topic, keyField.value)
  const schemaTopic = adjustSchemaName(routed, schemaNames)
  const added = keyField === null ? [] : [{name: keyField.name, value: value ?? record.topic}]
  return {
    ...record,
    topic: routed,
    schemaTopic,
    keyFields: [...record.keyFields, ...added],
    value: record.value.type === 'envelope' ? {type: 'envelope', schemaTopic} : record.value,
  }
}

function unwrapRecord(unwrap: Unwrap, record: TransformedRecord, subject: RecordSubject): TransformedRecord | null {
  const added = unwrap.headers.map(reference => ({name: reference.name, reference}))
  if (isNull(record)) {
    // In Debezium a tombstone and its delete have their headers in common: those of the delete are there, and once more
    // the only one that can be told of a null.
    const known = unwrap.headers.filter(({field}) => field === 'op').map(({name}) => ({name, text: 'd'}))
    return unwrap.keepsTombstones ? {...record, headers: [...record.headers, ...added, ...known]} : null
  }
  if (record.value.type !== 'envelope' || subject.kind === 't') return subject.kind === 't' ? null : record
  const isDelete = subject.kind === 'd'
  const value = unwrappedValue(unwrap, record.value.schemaTopic, isDelete)
  if (value === null) return null
  const topic = routeByField(unwrap, subject, isDelete ? 'before' : 'after')
  return {...record, value, headers: [...record.headers, ...added], topic: topic ?? record.topic}
}

function unwrappedValue(unwrap: Unwrap, schemaTopic: string, isDelete: boolean): RecordValue | null {
  const {deletes, fields} = unwrap
  if (!isDelete)
    return {type: 'row', side: 'after', schemaTopic, deleted: deletes === 'rewrite' ? 'false' : null, fields}
  switch (deletes) {
    case 'drop':
      return null
    case 'null':
      return {type: 'null', schemaTopic}
    case 'tombstone':
      return {type: 'tombstone'}
    case 'rewrite':
      return {type: 'row', side: 'before', schemaTopic, deleted: 'true', fields}
  }
}

/** Null: the record stays where it is. */
function routeByField({name, routeByField: column}: Unwrap, subject: RecordSubject, side: RowSide): string | null {
  if (column === null) return null
  const topic = textOf(column, name, subject, side)
  return topic === null || topic.trim() === '' ? null : topic
}

function passes(filter: ConditionFilter, record: TransformedRecord, subject: RecordSubject): boolean {
  if (filter.topics?.test(record.topic) === false) return true
  if (isNull(record) && filter.nulls !== 'evaluate') return filter.nulls === 'keep'
  try {
    return conditionHolds(filter, record, subject)
  } catch (error) {
    if (error instanceof NoChangeEvent) return true
    throw error
  }
}

function routeEvent(router: EventRouter, record: TransformedRecord, subject: RecordSubject): TransformedRecord | null {
  if (isNull(record)) return null
  if (record.value.type !== 'envelope') return record
  if (subject.kind !== 'c' && subject.kind !== 'r') return null
  const {table, columns, row} = subject
  const routedBy = textOf(router.routeByField, router.name, subject, 'after')
  if (routedBy === null) {
    throw transformError(router.name, table, `${router.routeByField} of a row is NULL, so its event has no topic`)
  }
  const payload = columns.get(router.payload)
  if (payload === undefined) throw missingColumn(router.name, table, router.payload)
  const isEmpty = router.tombstoneOnEmptyPayload && isEmptyJson(row.json('after', router.payload), payload)
  return {
    ...record,
    topic: rewriteName(routedBy, router.topic) ?? routedBy,
    value: isEmpty ? {type: 'tombstone'} : {type: 'payload'},
    outbox: {router, routedBy, schemaTopic: record.value.schemaTopic, partition: partitionOf(router, subject)},
  }
}

function isEmptyJson(json: string | null, type: string): boolean {
  if (json === null || json === 'null') return true
  return type === 'string' && (JSON.parse(json) as string).trim() === ''
}

function partitionOf(router: EventRouter, {columns, row, table}: RecordSubject): number | null {
  let partition: number | null = null
  for (const {column, placement} of router.additional) {
    if (placement !== 'partition') continue
    if (!columns.has(column) && router.ignoresMissing) continue
    if (columns.get(column) !== 'int32') {
      throw transformError(router.name, table, `${column} cannot be a partition; wanted an INT column`)
    }
    const json = row.json('after', column)
    partition = json === null || json === 'null' ? null : Number(json)
  }
  return partition
}

/** Null for NULL. */
function textOf(column: string, transform: string, {columns, table, row}: RecordSubject, side: RowSide): string | null {
  const type = columns.get(column)
  if (type === undefined) throw missingColumn(transform, table, column)
  if (type !== 'string') {
    throw transformError(
      transform,
      table,
      `${column} comes out as ${type}, and only a text names a topic; name another column`,
    )
  }
  const json = row.json(side, column)
  return json === null ? null : (JSON.parse(json) as string | null)
}

function noTopicName(physical: string, {topic, routedBy}: TransformedRecord): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_TRANSFORM_TOPIC',
    `the transforms send what belongs to the topic ${physical} to "${topic}", which is no topic's name: wanted 1 to 249 ` +
      `letters, digits, dots, underscores and hyphens; mend the replacement of transforms.${routedBy}`,
    {kind: 'configuration'},
  )
}
