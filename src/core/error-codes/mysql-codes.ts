// TIDEMARK_MYSQL_…, TIDEMARK_PREREQUISITE_… and TIDEMARK_GTID_…: the server, its connections, what it must have.

import type {ErrorTexts} from './error-text.ts'

export const MYSQL_CODES: ErrorTexts = {
  TIDEMARK_MYSQL_ACCESS_DENIED: {
    cause:
      'User or password is wrong, the account is locked or its password has expired, or it may not connect from this host.',
    cure: 'Check database.user and database.password, and the host part of the account (`SELECT user, host FROM mysql.user`).',
  },
  TIDEMARK_MYSQL_CLOSED: {
    cause: 'A connection was asked for while the task is stopping.',
    cure: 'Nothing: it belongs to the end of the process. Look for the message before it where the task was not stopped by you.',
  },
  TIDEMARK_MYSQL_COLUMN_TYPE: {
    cause: 'A captured table has a column of a type that is not supported. The message names both.',
    cure: 'Leave the table out with table.exclude.list, or change the column.',
  },
  TIDEMARK_MYSQL_COMPRESSED: {
    cause: 'The connection to MySQL uses the compressed protocol, whose bytes cannot be taken as rows.',
    cure: 'Connect without a proxy that switches compression on.',
  },
  TIDEMARK_MYSQL_CONNECTION_LOST: {
    cause: 'A connection to MySQL broke: the server was shut down, ended the session, or the network failed.',
    cure: 'Nothing: what it did is tried again on a new one. Where it repeats, look into the log of the server.',
  },
  TIDEMARK_MYSQL_ERROR: {
    cause: 'MySQL answered with an error that has no meaning of its own here. Its number and words are in the message.',
    cure: 'Look the number up with `perror NUMBER` or in MySQL’s error reference.',
  },
  TIDEMARK_MYSQL_INTERRUPTED: {
    cause: 'A query took longer than database.query.timeout.ms, or somebody killed it.',
    cure: 'It is tried again. Where it repeats, raise database.query.timeout.ms, lower incremental.snapshot.chunk.size, or see by EXPLAIN whether the condition of the signal uses an index.',
  },
  TIDEMARK_MYSQL_LOCKED: {
    cause: 'A lock was waited for too long, or the statement was the victim of a deadlock.',
    cure: 'It is tried again. Where it repeats, find the session that holds the lock: `SELECT * FROM sys.innodb_lock_waits`, or `performance_schema.metadata_locks`.',
  },
  TIDEMARK_MYSQL_MISSING_GRANT: {
    cause: 'The account may not do what the message names.',
    cure: '`tidemark check CONFIG` prints the GRANT that is missing, `tidemark init CONFIG` all of them.',
  },
  TIDEMARK_MYSQL_NO_BINLOG: {
    cause: 'The definition of a table was to be read together with its place in the binlog, and log_bin is OFF.',
    cure: 'Start mysqld with --log-bin; on RDS and Aurora set binlog_format=ROW in the parameter group and switch backups on.',
  },
  TIDEMARK_MYSQL_OTHER_SERVER: {
    cause:
      'A new connection came to another server than the one whose binlog is read. Marks and chunks of another server would prove nothing.',
    cure: 'It is tried again, so a failover passes by itself. Where it stays, let database.hostname stand for one server only.',
  },
  TIDEMARK_MYSQL_RESULT: {
    cause:
      'The answer to a SELECT for rows was not of the form that the protocol has, as behind some proxies. The connection was closed.',
    cure: 'Connect to the server without the proxy; please report it where there is none.',
  },
  TIDEMARK_MYSQL_ROW_MALFORMED: {
    cause: 'A row of a SELECT ended in the middle of a column. The chunk is read again.',
    cure: 'Nothing, unless it repeats: then look for a proxy between Tidemark and the server, and report it where there is none.',
  },
  TIDEMARK_MYSQL_SEAM: {
    cause: 'The library mysql2 is of a version whose insides are not those that are used here.',
    cure: 'Install the version that package.json names (`npm ci`).',
  },
  TIDEMARK_MYSQL_TLS: {
    cause:
      'No TLS connection to MySQL came about: the server has no TLS, its certificate is not trusted, or its name is another.',
    cure: 'Check database.ssl.mode and database.ssl.ca. verify_identity wants a certificate for the very name in database.hostname. On RDS use Amazon’s bundle of certificates as database.ssl.ca.',
  },
  TIDEMARK_MYSQL_TLS_FILE: {
    cause: 'A file that a database.ssl.* key names cannot be read.',
    cure: 'Name a PEM file that this user may read. Java key stores are not understood.',
  },
  TIDEMARK_MYSQL_TOO_MANY_CONNECTIONS: {
    cause: 'The server, or the account, has as many connections as it may have.',
    cure: 'It is tried again. Raise max_connections or MAX_USER_CONNECTIONS of the account, or end other sessions. A task needs about six, and one more for each of snapshot.max.threads.',
  },
  TIDEMARK_MYSQL_UNREACHABLE: {
    cause:
      'Nobody answers at database.hostname:database.port. While running this is waited for, without end; at the start it ends the process.',
    cure: 'Check the address, the firewall or security group, and that the server runs (`mysqladmin -h HOST ping`).',
  },
  TIDEMARK_PREREQUISITE_LOG_BIN: {
    cause: 'The server writes no binary log, so there is nothing to stream.',
    cure: 'Start mysqld with --log-bin; on RDS and Aurora set binlog_format=ROW in the parameter group, and switch backups on.',
  },
  TIDEMARK_PREREQUISITE_NOT_MET: {
    cause:
      'Something that the server, the account or the signal table must have is missing. Each stands above the last line, with its statement.',
    cure: 'Run the statements, and `tidemark check CONFIG` until it has no complaint. On RDS and Aurora variables are set in the parameter group, as the second line of each says.',
  },
  TIDEMARK_GTID_SET_MALFORMED: {
    cause:
      'A text that should be a GTID set is none: in the stored state, in an offset of Debezium’s, or as the server gave it.',
    cure: 'Mend the text in the file that was imported. A state that Tidemark wrote itself is damaged then: restore it, or move it away and copy the tables again.',
  },
  TIDEMARK_SCHEMA_TOO_MANY_STATEMENTS: {
    cause:
      'With binlog_row_metadata=MINIMAL the definition of a table was read at a place far ahead of the stream, and the binlog between holds more statements than are searched. So the definition is not certain for the rows between.',
    cure: '`SET PERSIST binlog_row_metadata = FULL`. Then go on as for TIDEMARK_BINLOG_METADATA_MINIMAL.',
  },
}
