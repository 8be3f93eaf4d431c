// Definitions of tables for events that do not name their columns: the book of them, put between stream and state.

import {invariant} from '../core/tidemark-error.ts'
import type {StreamTable} from '../binlog/binlog-events.ts'
import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {StoredSchema} from '../core/stored-schemas.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import type {DdlReading} from '../stream/ddl.ts'
import type {Dispatcher} from '../stream/dispatcher.ts'
import type {StreamPlace} from '../stream/offset-tracker.ts'
import {SchemaBook} from '../stream/schema-book.ts'
import type {SourceServer} from './source-server.ts'

/** What the engine is made of, as far as definitions hang on it. */
export interface SchemaSideParts {
  readonly server: Pick<SourceServer, 'schemas'>
  readonly serverUuid: string
  /** Null where the offset is one of this server's, read just now. */
  readonly checkpoint: Pick<Checkpoint, 'schemas' | 'serverUuid'> | null
  readonly offset: Pick<StoredOffset, 'gtidSet'>
}

export class SchemaSide {
  readonly #book: SchemaBook | null
  readonly #dispatcher: () => Dispatcher
  readonly #gtidsKnown: boolean

  constructor({server, serverUuid, checkpoint, offset}: SchemaSideParts, dispatcher: () => Dispatcher) {
    this.#dispatcher = dispatcher
    this.#gtidsKnown = offset.gtidSet !== null
    const stored = checkpoint?.schemas ?? []
    const places = (): {begin: StreamPlace; reached: {file: string; pos: number}} => ({
      begin: dispatcher().place,
      reached: dispatcher().reached,
    })
    const startsHere = checkpoint === null || checkpoint.serverUuid === serverUuid
    this.#book = server.schemas === null ? null : new SchemaBook({source: server.schemas, stored, startsHere, places})
  }

  /** Before the stream begins. Where the task is stopped meanwhile, nothing was read. */
  async begin(tables: readonly TableId[], signal: AbortSignal): Promise<void> {
    try {
      await this.#book?.begin(tables)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  shapeOf(table: StreamTable): TableShape | Promise<TableShape> {
    if (this.#book !== null) return this.#book.shapeOf(table)
    invariant(table.unnamed !== true, 'an event does not name its columns, and there is no server to ask')
    return table.shape
  }

  changed(reading: DdlReading, touches: (table: TableId) => boolean): void {
    const {occurrence, place, reached} = this.#dispatcher()
    const {gtid, file, pos} = occurrence
    this.#book?.changed({
      ...{reading, touches},
      id: gtid === '' ? `${file}:${pos}` : gtid,
      at: {file: reached.file, pos: reached.pos, gtidCount: place.gtidCount},
    })
  }

  batchDone(): void {
    this.#book?.reached()
  }

  serverChanged(): void {
    this.#book?.serverChanged()
  }

  /** For the state that is stored with the offset `safe`; empty where it needs none. */
  stored(safe: StreamPlace): {schemas?: readonly StoredSchema[]} {
    const schemas = this.#book?.collect(at =>
      this.#gtidsKnown ? safe.gtidCount > at.gtidCount : compareBinlogPositions(safe, at) > 0,
    )
    return schemas === undefined || schemas === null ? {} : {schemas}
  }
}
