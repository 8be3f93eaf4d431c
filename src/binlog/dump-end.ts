// Why the server ended a dump, in words that say what to do.

import {GtidSet} from '../core/gtid-set.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {queryRows, type MysqlConnection} from '../mysql/connections.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import type {StreamStart} from './binlog-events.ts'
import type {DumpEnd} from './event-decoder.ts'

const PURGED = 'TIDEMARK_BINLOG_PURGED'

/** ER_SOURCE_FATAL_ERROR_READING_BINLOG: purged, a wrong position, a file that cannot be read, and more. */
const FATAL_READING_BINLOG = 1236

const START_AGAIN =
  'changes are lost to the stream: start again with a new snapshot (snapshot.mode=when_needed does it by itself, else ' +
  'remove the state file), and let the server keep its binlog for longer than this program may stand still ' +
  '(SET PERSIST binlog_expire_logs_seconds = …)'

/** The error to throw for the end of a dump that began at `start`. Asks the server where its binlog begins. */
export async function explainDumpEnd(
  end: DumpEnd,
  {start, control}: {readonly start: StreamStart; readonly control: MysqlConnection},
): Promise<TidemarkError> {
  if (end.length < 3) {
    return new TidemarkError('TIDEMARK_BINLOG_ENDED', 'the server ended the binlog stream; it is tried again', {
      kind: 'retryable',
    })
  }
  const cause = serverError(end)
  if (cause.errno !== FATAL_READING_BINLOG) return toMysqlError(cause, 'read the binlog')
  try {
    const missing =
      start.type === 'gtid' ? await missingGtids(start.executed, control) : await missingPlace(start, control)
    if (missing !== null) {
      return new TidemarkError(
        PURGED,
        `cannot read the binlog from where the stream stopped: ${missing}; ${START_AGAIN}`,
        {cause},
      )
    }
  } catch (error) {
    return toMysqlError(error, 'find out why the server refuses its binlog')
  }
  return new TidemarkError(
    'TIDEMARK_BINLOG_REFUSED',
    `the server cannot send its binlog: ${cause.message} (error ${cause.errno}); look into its error log`,
    {cause},
  )
}

/** True where the binlog from the wanted place on is gone for good. */
export function isPurged(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === PURGED
}

interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
}

/** An error packet: 0xff, number, `#` and five characters of state, text. */
function serverError(packet: Buffer): ServerError {
  const hasState = packet[3] === 0x23
  const sqlState = hasState ? packet.toString('latin1', 4, 9) : ''
  return Object.assign(new Error(packet.toString('utf8', hasState ? 9 : 3)), {errno: packet.readUInt16LE(1), sqlState})
}

async function missingGtids(executed: string, control: MysqlConnection): Promise<string | null> {
  const [row] = await queryRows<{purged: string}>(control, 'SELECT @@GLOBAL.gtid_purged AS purged')
  const missing = GtidSet.parse(row?.purged ?? '').subtract(GtidSet.parse(executed))
  return missing.isEmpty ? null : `the transactions ${missing.toString()} are purged from the server's binlog`
}

async function missingPlace(
  {file, pos}: {readonly file: string; readonly pos: number},
  control: MysqlConnection,
): Promise<string | null> {
  const files = await queryRows<{Log_name: string; File_size: number | string}>(control, 'SHOW BINARY LOGS')
  const found = files.find(({Log_name}) => Log_name === file)
  if (found === undefined) {
    return `${file} is not among the server's binlogs (${files[0]?.Log_name ?? 'none'} to ${files.at(-1)?.Log_name ?? 'none'})`
  }
  return Number(found.File_size) < pos ? `${file} ends at ${found.File_size}, before ${pos}` : null
}
