// One dump: its two connections, the checks before it begins, the watch over its heartbeats, and its end.

import {TidemarkError} from '../core/tidemark-error.ts'
import type {DatabaseSettings} from '../config/settings.ts'
import {openConnection, queryRows, type MysqlConnection} from '../mysql/connections.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import {rawConnection} from '../mysql/mysql2-internals.ts'
import type {StreamStart} from './binlog-events.ts'
import {ChunkQueue} from './chunk-queue.ts'
import {Collations, COLLATIONS_QUERY} from './collations.ts'
import {explainDumpEnd} from './dump-end.ts'
import type {DumpEnd} from './event-decoder.ts'
import {startDump} from './zongji-connection.ts'

/** Share of connect.keep.alive.interval.ms after which an idle server sends a heartbeat, as Debezium's. */
const HEARTBEAT_SHARE = 0.8
const SHORTEST_HEARTBEAT_MS = 100
/** What the server takes at most is 4294967 s; nobody wants to learn of a dead server after more than an hour. */
const LONGEST_HEARTBEAT_MS = 1_200_000
/** Heartbeat periods without a byte after which the connection counts as dead. */
const SILENT_PERIODS = 3
const KILL_TIMEOUT_MS = 1_000

export interface DumpOptions {
  readonly settings: DatabaseSettings
  readonly start: StreamStart
  /** Names this reader to the server: a dump of the same name that is left over is ended by the server. */
  readonly replicaUuid: string
  /** How long a transaction that the stream has seen may take to become visible (semi-synchronous replication waits before it). */
  readonly visibleWithinSeconds: number
}

export class Dump {
  readonly chunks: ChunkQueue
  readonly collations: Collations
  readonly serverUuid: string
  readonly #options: DumpOptions
  readonly #connection: MysqlConnection
  readonly #control: MysqlConnection
  readonly #watch: HeartbeatWatch

  /** The two connections are closed again where it throws, which it also does when the signal aborts. */
  static async open(options: DumpOptions, signal: AbortSignal): Promise<Dump> {
    const {settings, start} = options
    const connection = await openConnection(settings, 'binlog')
    let control: MysqlConnection | null = null
    // Whatever is waited for below then rejects.
    const onAbort = (): void => {
      rawConnection(connection).stream.destroy()
      if (control !== null) rawConnection(control).stream.destroy()
    }
    signal.addEventListener('abort', onAbort, {once: true})
    try {
      control = await openConnection(settings, 'binlog-control')
      signal.throwIfAborted()
      const serverUuid = await sameServer(connection, control)
      if (start.type === 'gtid') await checkExecuted(control, start.executed, options.visibleWithinSeconds)
      const collations = new Collations(await queryRows(control, COLLATIONS_QUERY, [], 'read the collations'))
      const heartbeatMs = heartbeatPeriodMs(settings.keepAliveIntervalMs)
      const chunks = new ChunkQueue(rawConnection(connection).stream)
      const watch = new HeartbeatWatch(heartbeatMs, chunks)
      await startDump({
        connection,
        control,
        start,
        serverId: settings.serverId,
        sessionSql: sessionSql(options.replicaUuid, heartbeatMs),
        onChunk: chunk => {
          watch.reset()
          chunks.push(chunk)
        },
      }).catch((error: unknown) => {
        throw toMysqlError(error, `ask ${settings.hostname}:${settings.port} for its binlog`)
      })
      return new Dump({options, connection, control, serverUuid, collations, chunks, watch})
    } catch (error) {
      rawConnection(connection).stream.destroy()
      control?.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  constructor(parts: {
    readonly options: DumpOptions
    readonly connection: MysqlConnection
    readonly control: MysqlConnection
    readonly serverUuid: string
    readonly collations: Collations
    readonly chunks: ChunkQueue
    readonly watch: HeartbeatWatch
  }) {
    this.#options = parts.options
    this.#connection = parts.connection
    this.#control = parts.control
    this.#watch = parts.watch
    this.chunks = parts.chunks
    this.collations = parts.collations
    this.serverUuid = parts.serverUuid
    this.#connection.connection.on('error', this.#onLost)
    rawConnection(this.#connection).stream.once('close', this.#onLost)
    this.#watch.start()
  }

  /** The error to throw after the server ended the dump. */
  explain(end: DumpEnd): Promise<TidemarkError> {
    return explainDumpEnd(end, {start: this.#options.start, control: this.#control})
  }

  /** Ends the server's dump thread, which would else live on until it writes, and both connections. */
  async close(): Promise<void> {
    this.#watch.stop()
    this.#connection.connection.removeListener('error', this.#onLost)
    const {stream, threadId} = rawConnection(this.#connection)
    stream.removeListener('close', this.#onLost)
    if (threadId !== null && !stream.destroyed) await kill(this.#control, threadId)
    stream.destroy()
    this.#control.destroy()
  }

  readonly #onLost = (error?: unknown): void => {
    const {hostname, port} = this.#options.settings
    const cause =
      error instanceof Error ? error : Object.assign(new Error('closed'), {code: 'PROTOCOL_CONNECTION_LOST'})
    this.chunks.fail(
      new TidemarkError(
        'TIDEMARK_BINLOG_CONNECTION_LOST',
        `the connection that reads the binlog of ${hostname}:${port} is lost (${cause.message}); it is tried again`,
        {kind: 'retryable', cause},
      ),
    )
  }
}

/** Counts heartbeat periods in which nothing came. It rests while we do not read. */
class HeartbeatWatch {
  readonly #periodMs: number
  readonly #chunks: ChunkQueue
  #timer: NodeJS.Timeout | null = null
  #silentPeriods = 0

  constructor(periodMs: number, chunks: ChunkQueue) {
    this.#periodMs = periodMs
    this.#chunks = chunks
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#periodMs)
    this.#timer.unref()
  }

  reset(): void {
    this.#silentPeriods = 0
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  #tick(): void {
    this.#silentPeriods = this.#chunks.isPaused ? 0 : this.#silentPeriods + 1
    if (this.#silentPeriods < SILENT_PERIODS) return
    const seconds = (SILENT_PERIODS * this.#periodMs) / 1000
    this.#chunks.fail(
      new TidemarkError(
        'TIDEMARK_BINLOG_SILENT',
        `nothing came from the binlog for ${seconds} s, not even a heartbeat; connecting again`,
        {kind: 'retryable'},
      ),
    )
  }
}

function heartbeatPeriodMs(keepAliveIntervalMs: number): number {
  return Math.round(
    Math.min(Math.max(keepAliveIntervalMs * HEARTBEAT_SHARE, SHORTEST_HEARTBEAT_MS), LONGEST_HEARTBEAT_MS),
  )
}

/**
 * Names of either generation; the server takes the one that it knows. The period is in nanoseconds. Checksums: files are
 * sent as they were written. zongji says that it can read them only where the server writes them now, and a server that
 * does not any more would refuse its older files.
 */
function sessionSql(replicaUuid: string, heartbeatMs: number): string {
  const period = `${heartbeatMs}000000`
  return (
    `SET @source_heartbeat_period = ${period}, @master_heartbeat_period = ${period}, ` +
    `@replica_uuid = '${replicaUuid}', @slave_uuid = '${replicaUuid}', ` +
    "@source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32'"
  )
}

/** Behind a load balancer two connections may end at two servers. */
async function sameServer(connection: MysqlConnection, control: MysqlConnection): Promise<string> {
  const uuids = []
  for (const each of [connection, control]) {
    const [row] = await queryRows<{uuid: string}>(each, 'SELECT @@GLOBAL.server_uuid AS uuid', [], 'read server_uuid')
    uuids.push(row?.uuid ?? '')
  }
  const [ours, others] = uuids as [string, string]
  if (ours === others) return ours
  throw new TidemarkError(
    'TIDEMARK_BINLOG_SERVER_DIFFERS',
    `two connections came to two servers (server_uuid ${ours} and ${others}); ` +
      'name one server in database.hostname, not a load balancer over several',
    {kind: 'retryable'},
  )
}

/** The server must have what the stream has read: else commits were lost in a fail-over, and its GTIDs mean other rows. */
async function checkExecuted(control: MysqlConnection, executed: string, withinSeconds: number): Promise<void> {
  const [row] = await queryRows<{late: number | string}>(
    control,
    'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late',
    [executed, withinSeconds],
    'compare the stored GTID set with gtid_executed',
  )
  if (Number(row?.late) === 0) return
  const [missing] = await queryRows<{gtids: string}>(
    control,
    'SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS gtids',
    [executed],
    'compare the stored GTID set with gtid_executed',
  )
  throw new TidemarkError(
    'TIDEMARK_BINLOG_GTIDS_MISSING',
    `the server does not have the transactions ${missing?.gtids ?? ''}, which were captured already: it is another server, ` +
      'or lost commits in a fail-over; connect to the server that has them, or start again with a new snapshot',
  )
}

async function kill(control: MysqlConnection, threadId: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>(resolve => {
    timer = setTimeout(resolve, KILL_TIMEOUT_MS)
  })
  // It may be gone already, or the control connection with it; either way there is nothing left to end.
  const killed = control.query(`KILL ${threadId}`).then(
    () => undefined,
    () => undefined,
  )
  await Promise.race([killed, timeout])
  clearTimeout(timer)
}
