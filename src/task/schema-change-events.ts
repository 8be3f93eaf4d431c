// Schema change events: what a statement in the stream, or the tables at the start, become in the topic that is named by
// topic.prefix. They are emitted like any other event, so that no statement is lost or told twice by a restart.

import type {Settings} from '../config/settings.ts'
import {createDatabaseFilter, createTableFilter} from '../config/table-filter.ts'
import type {TableDefinition} from '../core/table-definition.ts'
import type {TableId} from '../core/table-id.ts'
import {EventOrigin, type SnapshotMarker} from '../encode/envelope.ts'
import {schemaChangeKey, schemaChangeValue, type SchemaChange} from '../encode/schema-change-event.ts'
import {routeTopic, type TopicRoute} from '../encode/topic-routing.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {DdlStatement} from '../stream/ddl-statement.ts'
import type {ReachedPlace} from '../stream/dispatcher.ts'
import type {Emitter, Lane} from '../stream/emitter.ts'
import {initialChanges, plannedChanges, type InitialSchema, type PlannedChange} from '../stream/schema-changes.ts'
import type {SchemaChangeScope} from '../stream/schema-changes.ts'
import type {TopicDirectory} from '../stream/topic-lanes.ts'

/** The server, for what a statement does not say. */
export interface DefinitionSource {
  /** As it is now; null where there is no such table. */
  definition(table: TableId): Promise<TableDefinition | null>
  /** Of these tables; those that are gone are left out. */
  initialSchema(tables: readonly TableId[]): Promise<InitialSchema>
}

export interface SchemaChangeEventsOptions {
  readonly settings: Settings
  readonly version: string
  readonly server: DefinitionSource
  readonly topics: TopicDirectory
  readonly emitter: Emitter
  readonly headers: EventHeaders | null
}

/** Known in full, to be emitted in one go. */
export interface PreparedChanges {
  readonly lane: Lane
  readonly changes: readonly SchemaChange[]
}

export class SchemaChangeEvents {
  readonly #options: SchemaChangeEventsOptions
  readonly #route: TopicRoute
  readonly #scope: SchemaChangeScope

  /** Null where they are not wanted. Throws TIDEMARK_TRANSFORM_… where transforms leave them without a topic or a key. */
  static create(options: SchemaChangeEventsOptions): SchemaChangeEvents | null {
    return options.settings.schemaChanges === null ? null : new SchemaChangeEvents(options)
  }

  private constructor(options: SchemaChangeEventsOptions) {
    const {settings} = options
    this.#options = options
    this.#route = routeTopic(settings.events.topicPrefix, settings.events.transforms)
    // A key that cannot be made is refused before the first statement comes.
    schemaChangeKey('', settings.events, this.#route)
    this.#scope = {
      onlyCapturedTables: settings.schemaChanges?.onlyCapturedTables === true,
      onlyCapturedDatabases: settings.schemaChanges?.onlyCapturedDatabases === true,
      isCaptured: createTableFilter(settings),
      isCapturedDatabase: createDatabaseFilter(settings),
    }
  }

  /** Null where the statement becomes no event. Rejects (retryable) where the server is away. */
  prepare(statement: DdlStatement, database: string): Promise<PreparedChanges> | null {
    const planned = plannedChanges(statement, database, this.#scope)
    return planned.length === 0 ? null : this.#prepare(planned)
  }

  emit({lane, changes}: PreparedChanges, origin: EventOrigin): void {
    const {settings, emitter, headers, version} = this.#options
    const options = {settings: settings.events, version, comments: settings.schemaChanges?.comments === true}
    for (const change of changes) {
      const key = schemaChangeKey(change.database, settings.events, this.#route)
      const value = schemaChangeValue(change, origin, options)
      const batch = emitter.batch(lane)
      batch.begin(key, 0, key.length, value.length, headers)
      batch.writer.write(value)
      batch.end()
      emitter.appended(lane)
    }
  }

  /** Emits the definitions with which the task begins. The caller waits until they are acknowledged. */
  async emitInitial(captured: readonly TableId[], place: ReachedPlace, signal: AbortSignal): Promise<void> {
    const {server, settings, emitter} = this.#options
    const planned = initialChanges(await server.initialSchema(captured))
    const copiesRows = settings.snapshot.mode !== 'no_data'
    for (const [i, change] of planned.entries()) {
      const prepared = await this.#prepare([change])
      if (signal.aborted) return
      this.emit(prepared, initialOrigin(i === planned.length - 1 && !copiesRows ? 'last' : 'true', place))
      const room = emitter.room()
      if (room === null) continue
      emitter.flush()
      await room
    }
  }

  async #prepare(planned: readonly PlannedChange[]): Promise<PreparedChanges> {
    const changes: SchemaChange[] = []
    for (const change of planned) changes.push({...change, changes: await this.#described(change)})
    const {lanes} = await this.#options.topics.open(this.#route.topic)
    // Always partition 0, as Debezium's: the statements have one order.
    return {lane: lanes[0]!, changes}
  }

  /** Without those of tables that the server no longer has under this name: later statements have dropped or renamed them. */
  async #described({changes}: PlannedChange): Promise<SchemaChange['changes']> {
    const described: SchemaChange['changes'][number][] = []
    for (const {type, id} of changes) {
      const table = type === 'DROP' ? null : await this.#options.server.definition(id)
      if (type === 'DROP' || table !== null) described.push({type, id, table})
    }
    return described
  }
}

function initialOrigin(snapshot: SnapshotMarker, {file, pos}: ReachedPlace): EventOrigin {
  const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
  const origin = new EventOrigin()
  origin.set({tsUs: nowUs, snapshot, serverId: 0, sid: '', gno: 0, file, pos, threadId: null, nowUs})
  return origin
}
