// A statement of the stream, on its way from the dispatcher to whoever knows what it comes to.

import type {TableId} from '../core/table-id.ts'
import type {EventOrigin} from '../encode/envelope.ts'
import type {DdlReading} from './ddl.ts'

/** `origin` is that of the events that the statement itself becomes. */
export type DdlEffect = (origin: EventOrigin) => void

export interface DdlChange {
  readonly sql: string
  /** The session's. */
  readonly database: string
  readonly reading: DdlReading
  /** Decides for one table; true where that is not certain. */
  readonly touches: (table: TableId) => boolean
  /** Rows behind it were emitted before a restart, so it was, too. */
  readonly isRepeated: boolean
}
