// TIDEMARK_PLAN_…: why `tidemark plan` cannot say what a snapshot would cost.

import type {ErrorTexts} from './error-text.ts'

export const PLAN_CODES: ErrorTexts = {
  TIDEMARK_PLAN_INTERRUPTED: {
    cause: 'It was ended, by Ctrl-C for example, before every table was looked at.',
    cure: 'Run it again; it changes nothing. Name fewer tables where it takes too long.',
  },
  TIDEMARK_PLAN_UNKNOWN_TABLE: {
    cause: 'A name or pattern matches no captured table, or the filters match none that this account may see.',
    cure: 'Mend the name or table.include.list; the message lists what is captured.',
  },
  TIDEMARK_PLAN_USAGE: {
    cause: 'A pattern on the command line is no regular expression.',
    cure: 'Give `database.table`, or a pattern that matches whole names; quote it for the shell.',
  },
}
