// Every error code with its cause and cure. `tidemark explain` and docs/troubleshooting.md come from here; a test compares
// it with the codes that src throws.

import {BINLOG_CODES} from './binlog-codes.ts'
import type {ErrorText, ErrorTexts} from './error-text.ts'
import {KAFKA_CODES} from './kafka-codes.ts'
import {MYSQL_CODES} from './mysql-codes.ts'
import {PLAN_CODES} from './plan-codes.ts'
import {SNAPSHOT_CODES} from './snapshot-codes.ts'
import {TASK_CODES} from './task-codes.ts'
import {VALUE_CODES} from './value-codes.ts'
import {VERIFY_CODES} from './verify-codes.ts'

export interface ErrorArea {
  readonly title: string
  readonly codes: ErrorTexts
}

/** One entry for all codes that begin so. */
const INTERNAL_PREFIX = 'TIDEMARK_INTERNAL_'

export const ERROR_AREAS: readonly ErrorArea[] = [
  {title: 'Configuration, state, start', codes: TASK_CODES},
  {title: 'MySQL', codes: MYSQL_CODES},
  {title: 'Binlog', codes: BINLOG_CODES},
  {title: 'Kafka and other sinks', codes: KAFKA_CODES},
  {title: 'Snapshots and signals', codes: SNAPSHOT_CODES},
  {title: 'Values and transforms', codes: VALUE_CODES},
  {title: 'tidemark plan', codes: PLAN_CODES},
  {title: 'tidemark verify', codes: VERIFY_CODES},
  {
    title: 'Faults of Tidemark',
    codes: {
      [INTERNAL_PREFIX]: {
        cause: 'Tidemark has met a state that it should never be in. It stops rather than go on with it.',
        cure: 'Start again: it goes on from the stored state. Please report the message with the lines of the log before it.',
      },
    },
  },
]

/** Cause and cure of the code, or null for one that is not ours. */
export function explainCode(code: string): ErrorText | null {
  const name = code.startsWith(INTERNAL_PREFIX) ? INTERNAL_PREFIX : code
  for (const {codes} of ERROR_AREAS) if (Object.hasOwn(codes, name)) return codes[name]!
  return null
}

/** Every code that has an entry, by area; that of internal faults as `TIDEMARK_INTERNAL_`. */
export function explainedCodes(): string[] {
  return ERROR_AREAS.flatMap(({codes}) => Object.keys(codes))
}

/** For docs/troubleshooting.md. */
export function errorTableMarkdown(): string {
  const sections = ERROR_AREAS.map(({title, codes}) => {
    const rows = Object.entries(codes).map(([code, {cause, cure}]) => {
      const shown = code === INTERNAL_PREFIX ? `${code}…` : code
      return `| \`${shown}\` | ${cell(cause)} | ${cell(cure)} |`
    })
    return [`**${title}**`, '', '| code | cause | what to do |', '| --- | --- | --- |', ...rows].join('\n')
  })
  return sections.join('\n\n') + '\n'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
