// What the transforms make of the events of one table and definition. What follows from the kind of an event is compiled
// once; where the chain asks for values of the row, it runs for each row, and its outcomes are compiled as they come.

import type {EventSettings} from '../../config/settings.ts'
import type {EventRouter} from '../../config/transforms/transform.ts'
import type {TableId} from '../../core/table-id.ts'
import type {TableShape} from '../../core/table-shape.ts'
import {EnvelopeTemplate} from '../envelope.ts'
import {adjustSchemaName} from '../name-adjustment.ts'
import {envelopeSchemaText} from '../schemas/schema-frame.ts'
import {topicName} from '../topic-name.ts'
import {applyTransforms, type Transformation} from './apply-transforms.ts'
import {NO_ROW, RowNeeded, type RowAccess} from './changed-row.ts'
import {OutboxTemplate} from './outbox-template.ts'
import {recordTemplate, type RecordTemplate, type TemplateSource} from './record-template.ts'
import {RowSchemas} from './row-schemas.ts'
import type {RecordKind, TransformedRecord} from './transformed-record.ts'

/** Kinds of records that a table has. */
export type TableRecordKind = Exclude<RecordKind, 'other' | 't'>

/** A template, or that the record is dropped. */
export interface RecordPlan {
  readonly template: RecordTemplate | null
  /** Null: nothing to tell. */
  readonly rejects: EventRouter | null
}

export interface TableRecordsSource {
  readonly id: TableId
  readonly settings: EventSettings
  readonly shape: TableShape
  /** `source.version`. */
  readonly version: string
}

const KINDS: readonly TableRecordKind[] = ['c', 'r', 'u', 'd', 'tombstone']
/** Outcomes that are kept; topics of rows may be many. */
const MOST_TEMPLATES = 1000

/** Null where the transforms leave the events of the table as they are, but for topics and keys that are the same for all. */
export function tableRecords(
  source: TableRecordsSource,
  route: {topic: string; schemaTopic: string},
): TableRecords | null {
  const {transforms} = source.settings
  if (transforms.length === 0) return null
  const records = new TableRecords(source)
  return records.isPlain(route) ? null : records
}

export class TableRecords {
  readonly #source: TableRecordsSource
  readonly #physical: string
  readonly #schemaTopic: string
  readonly #columns: ReadonlyMap<string, string>
  readonly #templates = new Map<string, RecordTemplate>()
  readonly #envelopes = new Map<string, EnvelopeTemplate>()
  readonly #schemas = new Map<string, RowSchemas>()
  /** Undefined: it hangs on the row. */
  readonly #outcomes = new Map<TableRecordKind, Transformation | undefined>()
  readonly #plans = new Map<TableRecordKind, RecordPlan>()

  constructor(source: TableRecordsSource) {
    this.#source = source
    this.#physical = topicName(source.settings, source.id)
    this.#schemaTopic = adjustSchemaName(this.#physical, source.settings.schemas.schemaNames)
    const columns = [...this.#rowSchemas(this.#schemaTopic).columns]
    this.#columns = new Map(columns.map(([name, {type}]) => [name, type]))
    for (const kind of KINDS) this.#outcomes.set(kind, this.#outcome(kind))
  }

  /** Compiles what needs no row, so that what is wrong is told before there is one. */
  compile(): void {
    for (const [kind, outcome] of this.#outcomes) if (outcome !== undefined) this.plan(kind, NO_ROW)
  }

  /** Whether rows decide of records. */
  get isDynamic(): boolean {
    return [...this.#outcomes.values()].includes(undefined)
  }

  /** The topics that are known without a row. */
  get topics(): string[] {
    const found = [...this.#outcomes.values()].flatMap(outcome =>
      outcome?.type === 'record' ? [outcome.record.topic] : [],
    )
    return [...new Set(found)]
  }

  /** Where a truncate goes; null: it is dropped. It has no row to decide by. */
  get truncateTopic(): string | null {
    const outcome = this.#transform('t', NO_ROW)
    return outcome.type === 'record' ? outcome.record.topic : null
  }

  isPlain({topic, schemaTopic}: {topic: string; schemaTopic: string}): boolean {
    if (this.truncateTopic !== topic) return false
    return [...this.#outcomes].every(([kind, outcome]) => {
      if (outcome?.type !== 'record') return false
      const {record} = outcome
      if (record.topic !== topic || record.headers.length > 0) return false
      const {value} = record
      return kind === 'tombstone'
        ? value.type === 'tombstone'
        : value.type === 'envelope' && value.schemaTopic === schemaTopic
    })
  }

  /** What becomes of a record of this kind. */
  plan(kind: TableRecordKind, row: RowAccess): RecordPlan {
    const known = this.#plans.get(kind)
    if (known !== undefined) return known
    const outcome = this.#outcomes.get(kind)
    if (outcome === undefined) return this.#planOf(this.#transform(kind, row))
    const plan = this.#planOf(outcome)
    this.#plans.set(kind, plan)
    return plan
  }

  #outcome(kind: TableRecordKind): Transformation | undefined {
    try {
      return this.#transform(kind, NO_ROW)
    } catch (error) {
      if (error instanceof RowNeeded) return undefined
      throw error
    }
  }

  #transform(kind: TableRecordKind | 't', row: RowAccess): Transformation {
    const {id, settings} = this.#source
    const subject = {
      kind,
      schemaTopic: this.#schemaTopic,
      table: id,
      source: settings.topicPrefix,
      row,
      columns: this.#columns,
    }
    return applyTransforms(settings.transforms, this.#physical, subject)
  }

  #planOf(outcome: Transformation): RecordPlan {
    if (outcome.type === 'dropped') return {template: null, rejects: outcome.rejects}
    return {template: this.#template(outcome.record), rejects: null}
  }

  #template(record: TransformedRecord): RecordTemplate {
    const {outbox, ...rest} = record
    const of = outbox === null ? null : {...outbox, router: outbox.router.name}
    const key = JSON.stringify({...rest, of})
    let template = this.#templates.get(key)
    if (template === undefined) {
      const source = this.#templateSource()
      template = outbox === null ? recordTemplate(record, source) : new OutboxTemplate(record, outbox, source)
      if (this.#templates.size >= MOST_TEMPLATES) this.#templates.clear()
      this.#templates.set(key, template)
    }
    return template
  }

  #templateSource(): TemplateSource {
    const {id, settings} = this.#source
    return {
      id,
      settings,
      envelope: schemaTopic => this.#envelope(schemaTopic),
      schemas: schemaTopic => this.#rowSchemas(schemaTopic),
    }
  }

  #envelope(schemaTopic: string): EnvelopeTemplate {
    let template = this.#envelopes.get(schemaTopic)
    if (template === undefined) {
      template = new EnvelopeTemplate({...this.#source, topic: schemaTopic})
      this.#envelopes.set(schemaTopic, template)
    }
    return template
  }

  #rowSchemas(schemaTopic: string): RowSchemas {
    let schemas = this.#schemas.get(schemaTopic)
    if (schemas === undefined) {
      const {shape, settings} = this.#source
      const text = envelopeSchemaText(shape, schemaTopic, settings)
      schemas = new RowSchemas(text)
      this.#schemas.set(schemaTopic, schemas)
    }
    return schemas
  }
}
