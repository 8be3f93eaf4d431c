// TIDEMARK_BINLOG_…: the binlog, and what stands in it.

import type {ErrorTexts} from './error-text.ts'

export const BINLOG_CODES: ErrorTexts = {
  TIDEMARK_BINLOG_CHARSET: {
    cause: 'A name or a statement in the binlog is in a character set of MySQL’s for which there is no decoder here.',
    cure: 'Convert the column or table to utf8mb4, or leave the table out with table.exclude.list.',
  },
  TIDEMARK_BINLOG_COLLATION: {
    cause:
      'A table map names a collation by its number, and information_schema.COLLATIONS of the server has no such number. That is so where a replica was built without a collation that its source has.',
    cure: 'Add the collation to the server that the binlog is read from.',
  },
  TIDEMARK_BINLOG_COMPRESSION_UNKNOWN: {
    cause: 'A transaction is compressed in a way other than zstd or none, which newer servers may have.',
    cure: 'Use a newer version of Tidemark, or `SET PERSIST binlog_transaction_compression = OFF`. What is in the binlog already cannot be read: begin anew behind it and copy the tables again.',
  },
  TIDEMARK_BINLOG_CONNECTION_LOST: {
    cause: 'The connection that reads the binlog broke: the server was restarted, killed it, or the network failed.',
    cure: 'Nothing: it is tried again from the same place. Where it repeats, look into the error log of the server for the reason.',
  },
  TIDEMARK_BINLOG_ENDED: {
    cause:
      'The server ended the binlog stream without an error, as it does at a shutdown, or when another replica logs in with the same database.server.id.',
    cure: 'Nothing: it is tried again. Where it repeats every few seconds, give database.server.id a number that nothing else uses.',
  },
  TIDEMARK_BINLOG_EVENT_UNKNOWN: {
    cause: 'An event of a type that is not known came, and it may hold changes, so it is not passed over.',
    cure: 'Use MySQL 8.0 to 9.x, or a newer version of Tidemark.',
  },
  TIDEMARK_BINLOG_GTIDS_MISSING: {
    cause:
      'The stored GTID set has transactions that this server never executed. It is another server, or a replica that was promoted before it had everything.',
    cure: 'Connect to a server that has them. Where they are lost for good, the topics show commits that do not exist: move the state away and copy the tables again. See “Failover” in docs/recipes.md.',
  },
  TIDEMARK_BINLOG_INCIDENT: {
    cause:
      'The server wrote an INCIDENT event: it says itself that changes are missing from its binlog, after a full disk for example.',
    cure: 'Look into the error log of the server, begin anew behind it and copy the tables again.',
  },
  TIDEMARK_BINLOG_LAYOUT_MISMATCH: {
    cause:
      'The types of the columns in the binlog are not those of the definition of the table. Either a temporal column has the format from before MySQL 5.6, or the table was changed unseen.',
    cure: '`ALTER TABLE … FORCE` rewrites the old format. Else restart, so that the definition is read again; inconsistent.schema.handling.mode=warn leaves such rows out and says so.',
  },
  TIDEMARK_BINLOG_MALFORMED: {
    cause:
      'An event of the binlog ends too early or contradicts itself. The first time it is read again on a new connection, since it may have been damaged on its way.',
    cure: 'Compare with `mysqlbinlog --read-from-remote-server` at the place that the message names. Where that reads the event, please report it; where it does not, the file on the server is damaged: begin anew behind it.',
  },
  TIDEMARK_BINLOG_MARIADB: {
    cause: 'The server is MariaDB, whose binlog and GTIDs have another format.',
    cure: 'Name a MySQL server in database.hostname. MariaDB is not supported.',
  },
  TIDEMARK_BINLOG_METADATA_MINIMAL: {
    cause:
      'The binlog does not hold the names of the columns (binlog_row_metadata=MINIMAL), and the table was changed twice, or dropped, before the stream came to these rows. Nobody knows the names that they had.',
    cure: '`SET PERSIST binlog_row_metadata = FULL`, so that it does not happen again. For what is in the binlog already: begin anew behind it and copy the tables again, or leave the rows out with inconsistent.schema.handling.mode=warn.',
  },
  TIDEMARK_BINLOG_METADATA_MISMATCH: {
    cause:
      'The binlog does not hold the names of the columns (binlog_row_metadata=MINIMAL), and the known definition does not fit the event. The table was changed by a statement that is not in the binlog, with sql_log_bin=0 for example.',
    cure: 'As for TIDEMARK_BINLOG_METADATA_MINIMAL. Let nobody change tables with sql_log_bin=0.',
  },
  TIDEMARK_BINLOG_OTHER_SERVER: {
    cause:
      'The address leads to another server than before, and without GTIDs a file and position means nothing there.',
    cure: 'Connect to the server of before, or set snapshot.mode=when_needed to begin at the present and copy all tables. With gtid_mode=ON the stream would have gone on by itself.',
  },
  TIDEMARK_BINLOG_PARTIAL_ROLLBACK: {
    cause:
      'A transaction over transactional and other tables was rolled back to a savepoint, so the binlog holds rows that were taken back.',
    cure: 'Keep tables of one engine in one transaction. For what is in the binlog already: begin anew behind it and copy the tables again.',
  },
  TIDEMARK_BINLOG_POSITION_TOO_FAR: {
    cause: 'The stored position lies beyond 4 GB in its binlog file, and the protocol has 32 bits for it.',
    cure: 'Run the server with gtid_mode=ON, so that no position is needed, or let the task reach the next file before it is stopped. Keep transactions below 4 GB.',
  },
  TIDEMARK_BINLOG_PURGED: {
    cause:
      'The server has deleted the binlog that the stream was at: the task stood still for longer than the binlog is kept.',
    cure: 'snapshot.mode=when_needed begins at the present and copies all tables again; see docs/recipes.md. Keep the binlog longer: binlog_expire_logs_seconds, on RDS and Aurora “binlog retention hours”.',
  },
  TIDEMARK_BINLOG_REFUSED: {
    cause:
      'The server answered that it cannot send its binlog, and it is not for want of old files. The message has its words.',
    cure: 'Look into the error log of the server: a binlog file that cannot be read, or that is damaged, is named there.',
  },
  TIDEMARK_BINLOG_ROW_INCOMPLETE: {
    cause: 'A row image lacks columns: the session that wrote it had binlog_row_image set to MINIMAL or NOBLOB.',
    cure: '`SET GLOBAL binlog_row_image = FULL`, and let every session begin anew. To go on behind such rows, event.processing.failure.handling.mode=warn leaves them out and reports the table as diverged.',
  },
  TIDEMARK_BINLOG_ROW_MALFORMED: {
    cause:
      'The bytes of a row cannot be those of its table: a value is cut short, or makes no sense for its type. The message names table and column.',
    cure: 'Compare with `mysqlbinlog -v` at that place, and report it where that shows the row. event.processing.failure.handling.mode=warn goes on behind it and reports the table as diverged.',
  },
  TIDEMARK_BINLOG_SEAM: {
    cause: 'The library @vlasky/zongji is of a version whose insides are not those that are used here.',
    cure: 'Install the version that package.json names (`npm ci`).',
  },
  TIDEMARK_BINLOG_SERVER_DIFFERS: {
    cause:
      'Two connections that were opened one after the other came to two servers: database.hostname stands for several.',
    cure: 'Name one server, not a load balancer or a name with several addresses. It is tried again meanwhile.',
  },
  TIDEMARK_BINLOG_SILENT: {
    cause:
      'Nothing came from the binlog for a while, not even the heartbeat that the server was asked for. The connection is dead.',
    cure: 'Nothing: it is opened again. Where it repeats, a firewall or a proxy drops idle connections; lower connect.keep.alive.interval.ms.',
  },
  TIDEMARK_BINLOG_STATEMENT_FORMAT: {
    cause:
      'A change is in the binlog as a statement instead of rows: binlog_format was STATEMENT or MIXED, for the server or for one session.',
    cure: '`SET PERSIST binlog_format = ROW`, and in sessions that set it. What was written so cannot be captured: begin anew behind it and copy the tables again.',
  },
  TIDEMARK_BINLOG_XA_LOST: {
    cause:
      'The rows of an XA transaction that is committed now cannot be found where it was prepared: that part of the binlog is gone.',
    cure: 'The stream goes on, and the status names the tables that have diverged: snapshot them again.',
  },
}
