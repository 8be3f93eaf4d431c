// Connections to MySQL with the session settings that decide what rows look like and when statements time out, so that
// no server default changes an event's bytes.

import {readFileSync} from 'node:fs'
import type {Connection as CoreConnection} from 'mysql2'
import {
  createConnection,
  type Connection as PromiseConnection,
  type ConnectionOptions,
  type SslOptions,
} from 'mysql2/promise'
import type {DatabaseSettings, TlsSettings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {toMysqlError} from './mysql-error.ts'

/** mysql2's promise connection; `connection` is the callback-style one below it, for commands of our own. */
export interface MysqlConnection extends PromiseConnection {
  readonly connection: CoreConnection
}

// One year, the most that the server takes on every platform's 32 bits is 31536000.
const LONGEST_TIMEOUT_SECONDS = 31_536_000

/**
 * Strict mode touches only what we write (a mark that does not fit its column must fail, not be cut); everything else in
 * sql_mode is off: PAD_CHAR_TO_FULL_LENGTH and NO_BACKSLASH_ESCAPES would change bytes, ANSI_QUOTES statements.
 */
const SESSION_SETTINGS: readonly string[] = [
  "sql_mode = 'STRICT_ALL_TABLES'",
  "time_zone = '+00:00'",
  "transaction_isolation = 'REPEATABLE-READ'",
  'autocommit = 1',
  'max_execution_time = 0',
  `net_write_timeout = ${LONGEST_TIMEOUT_SECONDS}`,
  `net_read_timeout = ${LONGEST_TIMEOUT_SECONDS}`,
  `wait_timeout = ${LONGEST_TIMEOUT_SECONDS}`,
  'sql_select_limit = DEFAULT',
]

// A generated invisible primary key stands in every row image, so information_schema must tell of it. Servers before
// 8.0.30 read this as a comment.
const SHOW_HIDDEN_KEY = '/*!80030 , SESSION show_gipk_in_create_table_and_information_schema = ON */'

const NO_TLS_ON_SERVER = 'HANDSHAKE_NO_SSL_SUPPORT'

/**
 * A new connection, session settings applied. `purpose` shows as `tidemark-<purpose>` in
 * performance_schema.session_connect_attrs. Throws a TidemarkError: `retryable` where the server cannot be reached,
 * `configuration` for a wrong password or TLS. The caller ends it.
 */
export async function openConnection(settings: DatabaseSettings, purpose: string): Promise<MysqlConnection> {
  const doing = `connect to MySQL at ${settings.hostname}:${settings.port} as ${settings.user}`
  let connection: MysqlConnection
  try {
    connection = await connect(settings, purpose)
  } catch (error) {
    throw toMysqlError(error, doing)
  }
  // A connection that dies while it is idle has nobody to tell; without a listener Node would end the process. The next
  // statement on it rejects, which is where the loss is dealt with.
  connection.connection.on('error', () => undefined)
  try {
    // mysql2 names its collation in the handshake; SET NAMES makes all three character_set variables ours whatever
    // the server's init_connect or skip_character_set_client_handshake did to it.
    await connection.query('SET NAMES utf8mb4')
    await connection.query(`SET ${SESSION_SETTINGS.map(setting => `SESSION ${setting}`).join(', ')} ${SHOW_HIDDEN_KEY}`)
    return connection
  } catch (error) {
    connection.destroy()
    throw toMysqlError(error, `prepare the session on MySQL at ${settings.hostname}:${settings.port}`)
  }
}

/** Rows of a statement as objects; placeholders are filled by the client. Throws a TidemarkError that names `doing`. */
export async function queryRows<T extends object>(
  connection: PromiseConnection,
  sql: string,
  values: readonly unknown[] = [],
  doing = 'query MySQL',
): Promise<T[]> {
  try {
    const [rows] = await connection.query(sql, [...values])
    return rows as unknown as T[]
  } catch (error) {
    throw toMysqlError(error, doing)
  }
}

async function connect(settings: DatabaseSettings, purpose: string): Promise<MysqlConnection> {
  const tls = tlsOptions(settings.tls)
  const options = connectionOptions(settings, purpose)
  try {
    return (await createConnection(tls === null ? options : {...options, ssl: tls})) as MysqlConnection
  } catch (error) {
    const refused = (error as {code?: unknown}).code === NO_TLS_ON_SERVER
    if (settings.tls.mode !== 'preferred' || !refused) throw error
    return (await createConnection(options)) as MysqlConnection
  }
}

function connectionOptions(settings: DatabaseSettings, purpose: string): ConnectionOptions {
  return {
    host: settings.hostname,
    port: settings.port,
    user: settings.user,
    password: settings.password,
    connectTimeout: settings.connectTimeoutMs,
    charset: 'UTF8MB4_GENERAL_CI',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    enableKeepAlive: true,
    // A connection whose network is gone is noticed within minutes instead of hours.
    keepAliveInitialDelay: 30_000,
    // Without LOCAL_FILES a hostile server cannot ask us for a file.
    flags: ['-LOCAL_FILES'],
    connectAttributes: {program_name: `tidemark-${purpose}`},
  }
}

function tlsOptions(tls: TlsSettings): SslOptions | null {
  if (tls.mode === 'disabled') return null
  const verify = tls.mode === 'verify_ca' || tls.mode === 'verify_identity'
  const files = {
    ...(tls.caFile === null ? {} : {ca: readPem(tls.caFile, 'database.ssl.ca')}),
    ...(tls.certFile === null ? {} : {cert: readPem(tls.certFile, 'database.ssl.cert')}),
    ...(tls.keyFile === null ? {} : {key: readPem(tls.keyFile, 'database.ssl.key')}),
  }
  return {...files, rejectUnauthorized: verify, verifyIdentity: tls.mode === 'verify_identity'}
}

function readPem(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new TidemarkError(
      'TIDEMARK_MYSQL_TLS_FILE',
      `cannot read ${path}, named in ${key}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}; ` +
        'name a readable PEM file',
      {kind: 'configuration', cause: error},
    )
  }
}
