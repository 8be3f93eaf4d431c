// What an error of the MySQL client means: who must act, and what they should do. Recognised by code and number only.

import {TidemarkError, type ErrorKind} from '../core/tidemark-error.ts'

interface ErrorMeaning {
  readonly code: string
  readonly kind: ErrorKind
  readonly advice: string
}

const UNREACHABLE: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_UNREACHABLE',
  kind: 'retryable',
  advice: 'check database.hostname and database.port, and that the server runs and accepts connections from here',
}
const CONNECTION_LOST: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_CONNECTION_LOST',
  kind: 'retryable',
  advice: 'it is tried again on a new connection; look into the server log if it repeats',
}
const ACCESS_DENIED: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_ACCESS_DENIED',
  kind: 'configuration',
  advice: 'check database.user and database.password, and that the account may connect from this host',
}
const OVERLOADED: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_TOO_MANY_CONNECTIONS',
  kind: 'retryable',
  advice: 'raise max_connections (or MAX_USER_CONNECTIONS of the account), or end other sessions',
}
const MISSING_GRANT: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_MISSING_GRANT',
  kind: 'fatal',
  advice: 'run `tidemark check` to see the GRANT that is missing',
}
const TLS: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_TLS',
  kind: 'configuration',
  advice:
    'check database.ssl.mode, database.ssl.ca and the certificate of the server ' +
    '(verify_identity wants a certificate for the name in database.hostname)',
}
const INTERRUPTED: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_INTERRUPTED',
  kind: 'retryable',
  advice: 'it is tried again; if it repeats, raise database.query.timeout.ms or lower incremental.snapshot.chunk.size',
}
const LOCKED: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_LOCKED',
  kind: 'retryable',
  advice: 'it is tried again; another session holds the lock that was waited for',
}
const UNKNOWN: ErrorMeaning = {
  code: 'TIDEMARK_MYSQL_ERROR',
  kind: 'fatal',
  advice: "look the number up in MySQL's error reference",
}

/** Codes of Node's sockets and of mysql2 itself. */
const BY_CODE: Readonly<Record<string, ErrorMeaning>> = {
  ECONNREFUSED: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ECONNRESET: CONNECTION_LOST,
  EPIPE: CONNECTION_LOST,
  PROTOCOL_CONNECTION_LOST: CONNECTION_LOST,
  PROTOCOL_SEQUENCE_TIMEOUT: INTERRUPTED,
  HANDSHAKE_SSL_ERROR: TLS,
  HANDSHAKE_NO_SSL_SUPPORT: TLS,
}

const BY_NUMBER: ReadonlyMap<number, ErrorMeaning> = new Map([
  [1045, ACCESS_DENIED], // ER_ACCESS_DENIED_ERROR
  [1698, ACCESS_DENIED], // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  [1130, ACCESS_DENIED], // ER_HOST_NOT_PRIVILEGED
  [1129, ACCESS_DENIED], // ER_HOST_IS_BLOCKED
  [1862, ACCESS_DENIED], // ER_MUST_CHANGE_PASSWORD_LOGIN
  [3118, ACCESS_DENIED], // ER_ACCOUNT_HAS_BEEN_LOCKED
  [3159, TLS], // ER_SECURE_TRANSPORT_REQUIRED
  [1040, OVERLOADED], // ER_CON_COUNT_ERROR
  [1203, OVERLOADED], // ER_TOO_MANY_USER_CONNECTIONS
  [1226, OVERLOADED], // ER_USER_LIMIT_REACHED
  [1053, CONNECTION_LOST], // ER_SERVER_SHUTDOWN
  [1152, CONNECTION_LOST], // ER_ABORTING_CONNECTION
  [1158, CONNECTION_LOST], // ER_NET_READ_ERROR
  [1159, CONNECTION_LOST], // ER_NET_READ_INTERRUPTED
  [1160, CONNECTION_LOST], // ER_NET_ERROR_ON_WRITE
  [1161, CONNECTION_LOST], // ER_NET_WRITE_INTERRUPTED
  [4031, CONNECTION_LOST], // ER_CLIENT_INTERACTION_TIMEOUT
  [1044, MISSING_GRANT], // ER_DBACCESS_DENIED_ERROR
  [1142, MISSING_GRANT], // ER_TABLEACCESS_DENIED_ERROR
  [1143, MISSING_GRANT], // ER_COLUMNACCESS_DENIED_ERROR
  [1227, MISSING_GRANT], // ER_SPECIFIC_ACCESS_DENIED_ERROR
  [1317, INTERRUPTED], // ER_QUERY_INTERRUPTED
  [3024, INTERRUPTED], // ER_QUERY_TIMEOUT
  [1205, LOCKED], // ER_LOCK_WAIT_TIMEOUT
  [1213, LOCKED], // ER_LOCK_DEADLOCK
])

/** MySQL's error number of anything that was thrown, or null. Looks through TidemarkError's causes. */
export function mysqlErrorNumber(error: unknown): number | null {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const {errno} = e as {errno?: unknown}
    if (typeof errno === 'number' && errno > 0) return errno
  }
  return null
}

/**
 * `doing` fills "cannot …: ". The server's own text is kept where the server spoke (it names accounts and objects, never
 * a password); callers whose statement holds row data pass `quoteServer: false`.
 */
export function toMysqlError(error: unknown, doing: string, {quoteServer = true} = {}): TidemarkError {
  if (error instanceof TidemarkError) return error
  const {code, errno, fatal} = (error ?? {}) as {code?: unknown; errno?: unknown; fatal?: unknown}
  const number = typeof errno === 'number' && errno > 0 ? errno : null
  const name = typeof code === 'string' ? code : 'no code'
  const meaning =
    (isBrokenOff(error, name) ? CONNECTION_LOST : undefined) ??
    (number === null ? undefined : BY_NUMBER.get(number)) ??
    (typeof code === 'string' ? BY_CODE[code] : undefined) ??
    (fatal === true && number === null ? CONNECTION_LOST : UNKNOWN)
  const found = number === null ? name : `${name}, error ${number}`
  const text = quoteServer && error instanceof Error ? ` ${error.message}` : ''
  return new TidemarkError(meaning.code, `cannot ${doing}:${text} (${found}); ${meaning.advice}`, {
    kind: meaning.kind,
    cause: error,
  })
}

/**
 * mysql2 gives every failure of a TLS handshake one code. A connection that ends in the middle of it, or an error packet
 * of the server in plain bytes instead of its half, says nothing of certificates.
 */
function isBrokenOff(error: unknown, code: string): boolean {
  if (code !== 'HANDSHAKE_SSL_ERROR' || !(error instanceof Error)) return false
  return /ECONNRESET|EPIPE|disconnected before secure|wrong version number/.test(error.message)
}
