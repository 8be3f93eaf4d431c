// The seam to zongji. It asks the server's version, negotiates checksums and sends the dump command (by GTID set or
// position); from there on the socket's bytes are ours, so neither its decoding nor mysql2's sees an event.

import ZongJi from '@vlasky/zongji'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {rawConnection, takeOverChunks, type RawConnection} from '../mysql/mysql2-internals.ts'
import type {StreamStart} from './binlog-events.ts'

export interface DumpRequest {
  /** The connection that becomes the dump's; it is good for nothing else afterwards. */
  readonly connection: MysqlConnection
  /** For zongji's questions; stays the caller's. */
  readonly control: MysqlConnection
  readonly serverId: number
  readonly start: StreamStart
  /** Run on the dump's connection right before the dump command. */
  readonly sessionSql: string
  readonly onChunk: (chunk: Buffer) => void
}

/** What is used of zongji beyond its documented interface. */
interface ZongJiInternals {
  connection: unknown
  ctrlConnection: unknown
  BinlogClass: DumpCommandClass
  stopped: boolean
  readonly isMariaDb: boolean
}
type DumpCommandClass = new (callback: unknown) => DumpCommand
interface DumpCommand {
  /** Sends the dump command and returns the method that takes the answer's packets. */
  start(packet: unknown, connection: RawConnection): unknown
}

/**
 * Resolves when the dump command is sent; chunks come from then on. Rejects with the client's or the server's error as
 * it came, or TIDEMARK_BINLOG_SEAM where this version of zongji works in another way.
 */
export async function startDump(request: DumpRequest): Promise<void> {
  const {connection, control, start} = request
  if (start.type === 'position' && start.pos > 0xffffffff) throw positionTooFar(start)
  const zongji = new ZongJi({})
  const internals = zongji as unknown as ZongJiInternals
  // It opens no connections where it has some; ours have the task's TLS and session settings.
  if (!('connection' in zongji) || !('ctrlConnection' in zongji)) throw seamError('it has no connection of its own')
  internals.connection = connection.connection
  internals.ctrlConnection = control.connection
  return new Promise((resolve, reject) => {
    const {stream} = rawConnection(connection)
    const onClose = (): void => reject(connectionLost())
    const settle = (): void => {
      stream.removeListener('close', onClose)
    }
    stream.once('close', onClose)
    zongji.once('error', error => {
      settle()
      reject(error)
      // Whatever follows belongs to the same failure.
      zongji.on('error', () => undefined)
    })
    zongji.once('ready', () => {
      try {
        prepare(internals, request, () => {
          settle()
          resolve()
        })
      } catch (error) {
        // It looks at this once more before it sends the dump command.
        internals.stopped = true
        reject(error instanceof Error ? error : new Error(String(error)))
        return
      }
      connection.connection.query(request.sessionSql, error => {
        if (error !== null) reject(error)
      })
    })
    zongji.start({
      serverId: request.serverId,
      ...(start.type === 'gtid' ? {gtidSet: start.executed} : {filename: start.file, position: start.pos}),
    })
  })
}

/** zongji emits `ready` right before it queues a new `BinlogClass`; ours sends the same command and takes the socket. */
function prepare(internals: ZongJiInternals, request: DumpRequest, onSent: () => void): void {
  if (internals.isMariaDb) {
    throw new TidemarkError(
      'TIDEMARK_BINLOG_MARIADB',
      'the server is MariaDB, whose binlog is not supported; name a MySQL server in database.hostname',
      {kind: 'prerequisite'},
    )
  }
  const Base = internals.BinlogClass
  if (typeof Base !== 'function' || typeof (Base.prototype as Partial<DumpCommand>).start !== 'function') {
    throw seamError('it has no BinlogClass with start')
  }
  internals.BinlogClass = class TakingDump extends Base {
    override start(packet: unknown, connection: RawConnection): unknown {
      takeOverChunks(connection, {execute: request.onChunk})
      const next = super.start(packet, connection)
      onSent()
      return next
    }
  }
}

function positionTooFar(start: {readonly file: string; readonly pos: number}): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_POSITION_TOO_FAR',
    `cannot start at ${start.file}:${start.pos}: the protocol takes positions up to 4294967295; ` +
      'run the server with gtid_mode=ON, or start at the beginning of the next file',
  )
}

function connectionLost(): Error {
  const error = new Error('Connection lost: The connection was closed before the dump began.')
  return Object.assign(error, {code: 'PROTOCOL_CONNECTION_LOST', fatal: true})
}

function seamError(what: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_SEAM',
    `this version of @vlasky/zongji cannot be used: ${what}; install the version that package.json names`,
  )
}
