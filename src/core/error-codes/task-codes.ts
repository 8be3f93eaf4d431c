// TIDEMARK_CONFIG_…, TIDEMARK_STATE_…, TIDEMARK_START_…, TIDEMARK_TASK_… and what the commands say of a running task.

import type {ErrorTexts} from './error-text.ts'

export const TASK_CODES: ErrorTexts = {
  TIDEMARK_CONFIG_INVALID: {
    cause:
      'The configuration has problems. Each is listed above the last line, with its key, what was found and what would be right.',
    cure: 'Mend them all at once; docs/options.md has every key. `tidemark check CONFIG` tries it without starting.',
  },
  TIDEMARK_CONFIG_NOT_JSON: {
    cause: 'The file ends in .json, or begins like JSON, and is none. The message has line and column.',
    cure: 'Mend it there: a comma too many behind the last key is the usual reason. Or write a .properties file.',
  },
  TIDEMARK_CONFIG_REFUSED: {
    cause:
      'A change of the running configuration (PUT or PATCH /config, SIGHUP, `tidemark tables`) cannot be made. Nothing was changed.',
    cure: 'Each reason stands below, with what to do instead; what cannot change while it runs wants a restart.',
  },
  TIDEMARK_CONFIG_UNREADABLE: {
    cause: 'The configuration file is not there, or this user may not read it.',
    cure: 'Name a readable JSON or .properties file.',
  },
  TIDEMARK_CONFIG_UNWRITABLE: {
    cause:
      'A change of the running configuration is to be written back to its file, and that cannot be written. Nothing was changed.',
    cure: 'Let the process write to the file and its directory, or change the file yourself and send SIGHUP.',
  },
  TIDEMARK_EXPLAIN_UNKNOWN: {
    cause: '`tidemark explain` was given what is no code of this version.',
    cure: 'Copy the code from the end of the message; docs/troubleshooting.md has all of them.',
  },
  TIDEMARK_HTTP_LISTEN: {
    cause:
      'The address of http.listen cannot be listened on: another task, or this very one that runs already, has the port, or it is not an address of this machine.',
    cure: 'Set http.listen to a free address, or to `off`.',
  },
  TIDEMARK_LIBRARY_NOT_JSON: {
    cause: 'A program that uses the library asked for what an event says, and its bytes are no JSON.',
    cure: 'Take the bytes as they are: event.key and event.value.',
  },
  TIDEMARK_LIBRARY_SIGNAL: {
    cause: 'A signal was sent with stream.signal() while the task begins, ends, or cannot store its state.',
    cure: 'Send it again when stream.status().state is running; the message says what is the matter.',
  },
  TIDEMARK_LIBRARY_TASK: {
    cause:
      'The task inside of a program ended for a reason without a code of its own, such as a store of the program that failed.',
    cure: 'Mend what the message says, and call capture() again: it goes on behind what was acknowledged.',
  },
  TIDEMARK_START_OFFSET_LOST: {
    cause:
      'The stored offset cannot be resumed on this server: the binlog from there on is purged, or it is another server. The state is kept.',
    cure: 'snapshot.mode=when_needed begins at the present and copies all tables again; see docs/recipes.md. Where the address was wrong, connect to the right server.',
  },
  TIDEMARK_STATE_DEBEZIUM_KEY: {
    cause:
      'The offset of Debezium’s holds the last key of a running incremental snapshot in a form that cannot be read.',
    cure: 'Stop that snapshot in Debezium (`stop-snapshot`) before the import, and ask Tidemark for it afterwards.',
  },
  TIDEMARK_STATE_DEBEZIUM_OFFSET: {
    cause:
      'It is no offset of Debezium’s MySQL connector, or going on from it would lose something. The message has the reason.',
    cure: 'Stop the connector first, and take the offset of the right one (`GET /connectors/NAME/offsets`). Where its binlog is purged, begin with snapshot.mode=initial instead.',
  },
  TIDEMARK_STATE_EXISTS: {
    cause: 'There is a state already where one is to be imported.',
    cure: '`tidemark state export` it first, then import with --replace.',
  },
  TIDEMARK_STATE_FORMAT: {
    cause: 'What is stored is not a state of Tidemark’s, or is damaged at the place that the message names.',
    cure: 'Name the right file or topic; restore the state from a copy, or move it away and copy the tables again.',
  },
  TIDEMARK_STATE_IMPORT: {
    cause: '`tidemark state import` was given no file and no --debezium-offset, both, or a file that cannot be read.',
    cure: 'Give one of the two; `tidemark state import --help` has the forms.',
  },
  TIDEMARK_STATE_IN_USE: {
    cause:
      'Another process works on the same state: the message names it. With the state in a topic, another one has taken it over.',
    cure: 'Run one process of each name. Two tasks need two names, two states and two server ids. A lock that a dead process has left is taken over by itself.',
  },
  TIDEMARK_STATE_NEWER: {
    cause: 'The state was written by a newer version of Tidemark, in a format that this one does not know.',
    cure: 'Run the newer version. The way back leads over another state and new copies.',
  },
  TIDEMARK_STATE_NONE: {
    cause: 'There is nothing to export where the configuration keeps its state.',
    cure: 'Use the configuration of the task, in its working directory: the name of the file depends on `name`.',
  },
  TIDEMARK_STATE_TOPIC_NOT_COMPACTED: {
    cause: 'The topic of the state is not compacted, so the brokers would delete the state with time.',
    cure: 'Run the kafka-configs command of the message.',
  },
  TIDEMARK_STATE_UNWRITABLE: {
    cause: 'The state file or its directory cannot be written: no right, no space, a read-only file system.',
    cure: 'Mend what the message names, or set offset.storage.file.filename. Nothing is captured without a state.',
  },
  TIDEMARK_STATUS_NO_ADDRESS: {
    cause: 'The command wants to ask the running task, and http.listen is off or leaves the port open.',
    cure: 'Set http.listen to host:port, and start the task again.',
  },
  TIDEMARK_STATUS_REFUSED: {
    cause:
      'Something answers at http.listen, but not as a task that trusts us: a wrong http.token, or another program.',
    cure: 'Use the configuration of the task, with its http.token; the message says what was answered.',
  },
  TIDEMARK_STATUS_UNREACHABLE: {
    cause: 'No task answers at http.listen.',
    cure: 'Start it with `tidemark run CONFIG`, or use the configuration that it runs on.',
  },
  TIDEMARK_STREAM_SHARED_TOPIC: {
    cause: 'Two captured tables would have one topic, since characters that no topic’s name has become underscores.',
    cure: 'Leave one of them out with table.exclude.list, rename it, or set another topic.delimiter.',
  },
  TIDEMARK_TABLES_REFUSED: {
    cause:
      '`tidemark tables add` or `remove` cannot do what is wanted by a list of tables: the database is filtered out, or a pattern means other tables, too. Nothing was changed.',
    cure: 'Each reason stands below; edit the filters in the file by hand, and send SIGHUP.',
  },
  TIDEMARK_TABLES_USAGE: {
    cause: 'A name given to `tidemark tables` is not `database.table`.',
    cure: 'Write it so: `tidemark tables add shop.json shop.invoices`.',
  },
  TIDEMARK_TASK_STOPPING: {
    cause: 'Something was asked of a task that is stopping.',
    cure: 'Nothing: ask again when it runs.',
  },
}
