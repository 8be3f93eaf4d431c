// MySQL's cascading foreign keys, with the place of the binlog up to which that holds.

import type {Log} from '../core/log.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {readCascadingKeys} from '../mysql/cascading-keys.ts'
import type {ReopeningConnection} from '../mysql/reopening-connection.ts'
import {readBinlogEnd} from '../mysql/server-reader.ts'
import type {CascadeReading, CascadeSource} from '../stream/cascade-book.ts'
import {untilAnswered} from './until-answered.ts'

export interface MysqlCascadeSourceOptions {
  readonly connection: ReopeningConnection
  readonly isCaptured: (table: TableId) => boolean
  readonly log: Log
  /** The task stops. */
  readonly signal: AbortSignal
}

export class MysqlCascadeSource implements CascadeSource {
  readonly #options: MysqlCascadeSourceOptions

  constructor(options: MysqlCascadeSourceOptions) {
    this.#options = options
  }

  async read(): Promise<CascadeReading | null> {
    const {connection, isCaptured, log, signal} = this.#options
    const ask = async (): Promise<{reading: CascadeReading | null}> => ({
      reading: await connection.use('look for cascading foreign keys', async open => {
        const keys = await readCascadingKeys(open, isCaptured)
        if (keys === null) return null
        // Behind them: what a statement has taken away stands before this place.
        const {file, pos} = (await readBinlogEnd(open)) ?? {file: '', pos: 0}
        return {place: {file, pos}, keys}
      }),
    })
    const answer = await untilAnswered(ask, {signal, log})
    if (answer === null) throw new TidemarkError('TIDEMARK_TASK_STOPPING', 'the task is stopping', {kind: 'retryable'})
    return answer.reading
  }
}
