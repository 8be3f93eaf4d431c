// TIDEMARK_VERIFY_…: why `tidemark verify` cannot say whether a topic equals its table. Differences are no errors.

import type {ErrorTexts} from './error-text.ts'

export const VERIFY_CODES: ErrorTexts = {
  TIDEMARK_VERIFY_CONDITION_REFUSED: {
    cause: 'MySQL refuses the condition of --where, with the words in the message.',
    cure: 'Try it as `SELECT 1 FROM TABLE WHERE CONDITION`.',
  },
  TIDEMARK_VERIFY_CONDITION_TABLES: {
    cause: '--where is a condition on the rows of one table, and several are to be compared.',
    cure: 'Name one table on the command line.',
  },
  TIDEMARK_VERIFY_EVENT_MALFORMED: {
    cause:
      'A record in the topic or file is not a change event as Tidemark writes it: another program writes there, too, or a file ends in the middle.',
    cure: 'Look at the place that the message names. Verify topics that Tidemark alone writes, with JSON as their format.',
  },
  TIDEMARK_VERIFY_FILE: {
    cause: 'The file with the events cannot be read.',
    cure: 'Run `tidemark run CONFIG` first, or name the file with --file.',
  },
  TIDEMARK_VERIFY_INTERRUPTED: {
    cause: 'It was ended, by Ctrl-C for example, before everything was compared.',
    cure: 'Run it again; it changes nothing.',
  },
  TIDEMARK_VERIFY_KAFKA: {
    cause: 'The brokers do not answer, after several tries.',
    cure: 'Check that they are up, bootstrap.servers, and the security of producer.*.',
  },
  TIDEMARK_VERIFY_KEY_NOT_UNIQUE: {
    cause:
      'Several rows of the table have one message key (message.key.columns, or the columns of a router), so a fold by key keeps only one of them.',
    cure: 'Name columns in message.key.columns that are unique together. Whoever folds this topic misses the others, too.',
  },
  TIDEMARK_VERIFY_NOT_REACHED: {
    cause:
      'The task has not stored the place at which the table was read: it does not run, is behind, or still streams the table beside the others.',
    cure: 'Start it, or let it catch up: --wait SECONDS.',
  },
  TIDEMARK_VERIFY_NO_EVENTS: {
    cause: 'The sink is standard output, which cannot be read again.',
    cure: 'Keep what it writes in a file, and name that with --file.',
  },
  TIDEMARK_VERIFY_NO_STATE: {
    cause: 'There is no stored state, so nobody knows how far the events go.',
    cure: 'Start the task, or run verify in its working directory.',
  },
  TIDEMARK_VERIFY_OTHER_SERVER: {
    cause:
      'The state belongs to another server than the one in database.hostname, and without GTIDs their places cannot be compared.',
    cure: 'Connect to the server that the task reads, or start the task on this one.',
  },
  TIDEMARK_VERIFY_SNAPSHOT_RUNS: {
    cause: 'A table is still being copied, so its topic cannot equal it yet.',
    cure: 'Verify again when the snapshot is done (--wait SECONDS), or name the other tables.',
  },
  TIDEMARK_VERIFY_SPILL: {
    cause: 'Rows that do not fit into memory are kept in the temporary folder, and that cannot be written.',
    cure: 'Free some space there, or set TMPDIR to a folder that has it: about the size of the largest table is needed.',
  },
  TIDEMARK_VERIFY_TABLE_CHANGED: {
    cause: 'The definition of a table was changed while it was read.',
    cure: 'Verify again.',
  },
  TIDEMARK_VERIFY_TRANSFORMED: {
    cause:
      'A transform unwraps, filters or routes rows as events of an outbox, so the records cannot be folded into rows.',
    cure: 'Verify topics that were written without it: a second task, with its own name, state and file sink, will do.',
  },
  TIDEMARK_VERIFY_UNKNOWN_TABLE: {
    cause: 'A table is not captured, does not exist for this account, or was dropped just now.',
    cure: 'Mend the name or table.include.list; the message lists what is captured.',
  },
}
