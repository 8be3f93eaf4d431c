// One point that must be so before a task starts, and what its check is made of.

import type {Connection} from 'mysql2/promise'
import type {Settings} from '../config/settings.ts'

export interface PrerequisiteResult {
  readonly name: string
  readonly ok: 'ok' | 'warning' | 'failed'
  readonly found: string
  readonly wanted: string
  /** What mends it: a statement, or a sentence where no statement can. '' where nothing is to be mended. */
  readonly statement: string
  /** Where it is done in another way on Amazon RDS and Aurora. */
  readonly rds?: string
}

export interface PrerequisiteScope {
  readonly connection: Connection
  readonly settings: Settings
  /** The server's global variables by name, those that it has. */
  readonly variables: ReadonlyMap<string, string>
  /** 'user'@'host' of our account, quoted for GRANT. */
  readonly account: string
  readonly storedOffset: StoredOffset | null
}

/** Where a task would go on. */
export interface StoredOffset {
  readonly file: string
  readonly pos: number
  /** Null where the server had no GTIDs. */
  readonly gtidSet: string | null
}

export function passed(name: string, found: string): PrerequisiteResult {
  return {name, ok: 'ok', found, wanted: found, statement: ''}
}
