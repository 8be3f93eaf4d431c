// TIDEMARK_SNAPSHOT_…, TIDEMARK_READER_… and TIDEMARK_SIGNAL_…: copies, and the signals that ask for them.

import type {ErrorTexts} from './error-text.ts'

export const SNAPSHOT_CODES: ErrorTexts = {
  TIDEMARK_READER_BUSY: {
    cause: 'The parallel reader copies one table at a time, and the stream has not yet taken over the last one.',
    cure: 'Nothing: the next table begins by itself. `snapshot.parallel` in the status says what is waited for.',
  },
  TIDEMARK_READER_LOCK_PASSED: {
    cause: 'The stream was already beyond the place at which the table was locked for its copy.',
    cure: 'Nothing: the table is locked again.',
  },
  TIDEMARK_SIGNAL_CHANNEL: {
    cause:
      '`tidemark signal` has no channel to send through, or --channel names one that is not in signal.enabled.channels.',
    cure: 'Set signal.data.collection (`tidemark init` prints its SQL), enable kafka or file in signal.enabled.channels, or set http.listen, and start the task again.',
  },
  TIDEMARK_SIGNAL_ID_TAKEN: {
    cause: 'The signal table has a row with that id already.',
    cure: 'Give another --id, or none: a new UUID is made then.',
  },
  TIDEMARK_SIGNAL_IGNORED: {
    cause:
      'The task took the signal for one that it had before: the same occurrence, or an id that is still queued or running.',
    cure: 'Send it again under another id when the first one has ended. The message has the reason.',
  },
  TIDEMARK_SIGNAL_NO_ANSWER: {
    cause:
      'The signal was sent, but no answer came in time, or nobody could be asked for it: the task does not run, is behind, or http.listen is off.',
    cure: 'Nothing is lost: it is acted on when the stream reaches it. Wait longer with --timeout, look at `tidemark status`, or start the task.',
  },
  TIDEMARK_SIGNAL_NOT_SENT: {
    cause:
      'The signal did not reach its channel: the task does not answer at http.listen, or the brokers of the signal topic do not.',
    cure: 'Start the task or the brokers, or choose another --channel.',
  },
  TIDEMARK_SIGNAL_REJECTED: {
    cause:
      'The task refuses the signal. The message has the reason: a name that no table matches, a filter that MySQL refuses, a missing key.',
    cure: 'Mend the signal and send it again.',
  },
  TIDEMARK_SIGNAL_USAGE: {
    cause: 'The words of `tidemark signal` make no signal, for example options of their own beside --data.',
    cure: '`tidemark signal --help` has the forms.',
  },
  TIDEMARK_SNAPSHOT_COPY_CUT_OFF: {
    cause:
      'A copy by a read view ended before its last row: the connection was lost, or the task stops. A read view cannot be taken up again.',
    cure: 'Nothing: the copy begins again, with a truncate event and a new copy id.',
  },
  TIDEMARK_SNAPSHOT_COPY_YIELDED: {
    cause:
      'A statement waited for the table that is copied by a read view (an ALTER TABLE, say), and writers would have queued behind it.',
    cure: 'Nothing: the copy begins again behind the statement. Copy large tables without a key when nobody alters them.',
  },
  TIDEMARK_SNAPSHOT_FAILED: {
    cause: 'snapshot.mode=initial_only, and a table could not be copied. The message has the reason for each.',
    cure: 'Mend the reason and start again: it goes on behind the last confirmed chunk.',
  },
  TIDEMARK_SNAPSHOT_FILTER_REFUSED: {
    cause: 'MySQL refuses the condition of the signal (`additional-conditions`), with the words in the message.',
    cure: 'Try it as `SELECT 1 FROM TABLE WHERE CONDITION`, and send the signal again. Quotes within JSON within SQL are doubled.',
  },
  TIDEMARK_SNAPSHOT_KEYLESS_CONDITION: {
    cause:
      'A part of a table without a key was asked for. Nothing says which rows of the topic that part stands for, so only a whole copy is possible.',
    cure: 'Leave the condition out, add a key, or name unique NOT NULL columns in `surrogate-key`.',
  },
  TIDEMARK_SNAPSHOT_KEY_TYPE: {
    cause: 'A column of the key is of a type that has no order to read chunks by (JSON, spatial types).',
    cure: 'Name another unique NOT NULL key in the `surrogate-key` of the signal, or set snapshot.new.tables=parallel or the type `blocking` to have it copied as a whole.',
  },
  TIDEMARK_SNAPSHOT_LOCK_GRANT: {
    cause: 'A copy by a read view locks the table for a moment, and the account may not.',
    cure: 'Run the GRANT LOCK TABLES of the message: the lock is tried again by itself. Where the table is `failed` already, send `resume-snapshot`, too.',
  },
  TIDEMARK_SNAPSHOT_NO_KEY: {
    cause:
      'The table has neither a primary key nor a unique key on NOT NULL columns, so it cannot be read in chunks. As a whole it is copied by a read view.',
    cure: 'Leave the condition out of the signal, add a key, or name unique NOT NULL columns in `surrogate-key`.',
  },
  TIDEMARK_SNAPSHOT_NO_WATERMARKS: {
    cause: 'There is neither a signal table for marks nor gtid_mode=ON, so a copy could not be placed in the stream.',
    cure: 'Set signal.data.collection (`tidemark init` prints its SQL), or gtid_mode=ON on the server.',
  },
  TIDEMARK_SNAPSHOT_SURROGATE_KEY: {
    cause: 'The columns of `surrogate-key` may be NULL or are not unique, so chunks by them could leave rows out.',
    cure: 'Name unique NOT NULL columns, or leave `surrogate-key` out.',
  },
  TIDEMARK_SNAPSHOT_THROTTLE_QUERY: {
    cause: 'snapshot.throttle.query is a statement that gives no rows, an UPDATE or SET for example.',
    cure: 'Write a SELECT that gives 1 to have snapshots wait and 0 to let them go on.',
  },
  TIDEMARK_SNAPSHOT_UNKNOWN_COLUMN: {
    cause: 'A key names a column that the table does not have: in `surrogate-key`, or in message.key.columns.',
    cure: 'The message lists the columns; mend the name.',
  },
  TIDEMARK_SNAPSHOT_UNKNOWN_TABLE: {
    cause: 'The server has no such table for this account: it was dropped or renamed, or SELECT is not granted.',
    cure: 'Mend the name, or grant SELECT and send `resume-snapshot`. A table that was dropped meanwhile needs nothing.',
  },
}
