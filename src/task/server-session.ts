// The source server at the start: reached, checked, compared with the stored state; and the connections that must all be
// to this one server.

import type {Settings} from '../config/settings.ts'
import {createTableFilter} from '../config/table-filter.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {Log} from '../core/log.ts'
import {assertSameServer} from '../mysql/same-server.ts'
import {TidemarkError, describeError} from '../core/tidemark-error.ts'
import {openConnection} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {assertPrerequisites, checkPrerequisites, prerequisiteText} from '../mysql/prerequisites.ts'
import {ReopeningConnection} from '../mysql/reopening-connection.ts'
import {
  readBinlogEnd,
  readBinlogFiles,
  readBinlogStart,
  readExecutedGtidSet,
  readPurgedGtidSet,
  readServerIdentity,
} from '../mysql/server-reader.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import {eventPrerequisites} from './event-prerequisites.ts'
import {backoffMs, delay} from '../core/backoff.ts'
import {isConnectionLoss} from './errors.ts'
import {MysqlCascadeSource} from './mysql-cascade-source.ts'
import {MysqlSchemaSource} from './mysql-schema-source.ts'
import {MysqlSourceServer} from './mysql-source-server.ts'
import type {SourceServer} from './source-server.ts'
import type {ServerState} from './start-decision.ts'

export interface PreparedServer {
  readonly state: ServerState
}

/** About a minute: a server that is started beside us is waited for. */
const FIRST_CONNECT_ATTEMPTS = 16
const VISIBLE_WITHIN_SECONDS = 10

export class ServerSession {
  readonly #settings: Settings
  readonly #log: Log
  readonly #signal: AbortSignal
  readonly #connections: ReopeningConnection[] = []
  #serverUuid = ''

  constructor(settings: Settings, log: Log, signal: AbortSignal) {
    this.#settings = settings
    this.#log = log
    this.#signal = signal
  }

  /** Connects, checks every prerequisite, and reads what the start depends on. Null where the task is stopped meanwhile. */
  async prepare(checkpoint: Checkpoint | null): Promise<PreparedServer | null> {
    const connection = await this.#firstConnection()
    if (connection === null) return null
    try {
      // First the prerequisites: without their grants the rest cannot even be read.
      await this.#check(connection)
      const state = await readServerState(connection, checkpoint)
      this.#serverUuid = state.serverUuid
      return {state}
    } finally {
      connection.destroy()
    }
  }

  /** The server as the engine asks it, after `prepare`. */
  server(): SourceServer {
    const stream = this.#connection('stream')
    return new MysqlSourceServer({
      settings: this.#settings,
      log: this.#log,
      schemas: new MysqlSchemaSource({
        database: this.#settings.database,
        connection: this.#connection('schemas'),
        serverUuid: () => this.#serverUuid,
        log: this.#log,
        signal: this.#signal,
      }),
      cascades: new MysqlCascadeSource({
        connection: stream,
        isCaptured: createTableFilter(this.#settings),
        log: this.#log,
        signal: this.#signal,
      }),
      connections: {
        planning: this.#connection('planning'),
        signals: this.#connection('signals'),
        stream,
        watermarks: this.#connection('watermarks'),
        throttle: this.#connection('throttle'),
      },
    })
  }

  /** The stream has moved to another server; from now on all connections must be to that one. */
  follow(serverUuid: string): void {
    this.#serverUuid = serverUuid
    for (const connection of this.#connections) connection.drop()
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  // Opened when needed and again after a loss, always to the server that was prepared.
  #connection(purpose: string): ReopeningConnection {
    const connection = new ReopeningConnection({
      open: () => openConnection(this.#settings.database, purpose),
      verify: async open => {
        await assertSameServer(open, this.#settings.database, this.#serverUuid)
      },
    })
    this.#connections.push(connection)
    return connection
  }

  // Whether the stored offset is still there is decided with snapshot.mode in mind, so it is not among these.
  async #check(connection: MysqlConnection): Promise<void> {
    const results = [
      ...(await checkPrerequisites(connection, this.#settings, {storedOffset: null})),
      ...(await eventPrerequisites(connection, this.#settings)),
    ]
    for (const result of results) {
      if (result.ok === 'warning') this.#log.warn({prerequisite: result.name}, prerequisiteText(result))
    }
    assertPrerequisites(results)
  }

  async #firstConnection(): Promise<MysqlConnection | null> {
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      try {
        return await openConnection(this.#settings.database, 'start')
      } catch (error) {
        if (!isConnectionLoss(error) || attempt + 1 >= FIRST_CONNECT_ATTEMPTS) throw error
        const retryInMs = backoffMs(attempt + 1)
        this.#log.warn({...describeError(error), retryInMs}, 'cannot connect to MySQL, will try again')
        await delay(retryInMs, this.#signal)
      }
    }
    return null
  }
}

async function readServerState(connection: MysqlConnection, checkpoint: Checkpoint | null): Promise<ServerState> {
  const identity = await readServerIdentity(connection)
  const gtidOn = identity.gtidMode === 'ON'
  const executed = gtidOn ? await readExecutedGtidSet(connection) : ''
  const end = await readBinlogEnd(connection)
  if (end === null) {
    throw new TidemarkError(
      'TIDEMARK_PREREQUISITE_LOG_BIN',
      'the server writes no binary log: log_bin is OFF, wanted ON; start mysqld with --log-bin (RDS and Aurora: binlog_format=ROW in the parameter group, and backups on)',
      {kind: 'prerequisite'},
    )
  }
  const start = await readBinlogStart(connection)
  const purged = gtidOn ? await readPurgedGtidSet(connection) : ''
  const server = {serverUuid: identity.serverUuid, gtidOn, executed, end, start, purged}
  if (checkpoint === null) return {...server, stored: null}
  const {offset} = checkpoint
  const stored =
    offset.gtidSet !== null && gtidOn
      ? await storedByGtid(connection, GtidSet.parse(offset.gtidSet), GtidSet.parse(purged))
      : await storedByPosition(connection, {offset, from: checkpoint.serverUuid, to: identity.serverUuid})
  return {...server, stored}
}

async function storedByGtid(
  connection: MysqlConnection,
  stored: GtidSet,
  purged: GtidSet,
): Promise<ServerState['stored']> {
  // What was streamed may not be visible yet (semi-sync), or not yet applied on a replica: give it a moment.
  const executed = async (): Promise<GtidSet> => GtidSet.parse(await readExecutedGtidSet(connection))
  let known = await executed()
  if (!known.contains(stored)) {
    await connection.query('DO WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [stored.toString(), VISIBLE_WITHIN_SECONDS])
    known = await executed()
  }
  if (!known.contains(stored)) {
    const lost = stored.subtract(known).toString()
    return {ok: false, reason: `this server lacks the transactions ${lost}, which the stream has already emitted`}
  }
  if (!stored.contains(purged)) {
    const missing = purged.subtract(stored).toString()
    return {ok: false, reason: `this server has purged the transactions ${missing}, which the stream has not seen`}
  }
  return {ok: true}
}

async function storedByPosition(
  connection: MysqlConnection,
  place: {offset: StoredOffset; from: string; to: string},
): Promise<ServerState['stored']> {
  if (place.from !== place.to) {
    return {ok: false, reason: `the state belongs to server ${place.from}, this one is ${place.to}, and GTIDs are off`}
  }
  const files = await readBinlogFiles(connection)
  const file = files.find(candidate => candidate.name === place.offset.file)
  if (file === undefined) return {ok: false, reason: `the server no longer has ${place.offset.file} (purged)`}
  if (file.sizeBytes < place.offset.pos) {
    return {
      ok: false,
      reason: `${place.offset.file} has only ${file.sizeBytes} bytes on this server (RESET BINARY LOGS, or restored)`,
    }
  }
  return {ok: true}
}
