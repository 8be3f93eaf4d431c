// `tidemark explain CODE`: cause and cure of an error code, as docs/troubleshooting.md has them.

import type {Command} from 'commander'
import {closest} from 'fastest-levenshtein'
import {explainCode, explainedCodes} from '../core/error-codes/error-codes.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {CommandContext} from './command-context.ts'

const WIDTH = 100
const PREFIX = 'TIDEMARK_'

export function registerExplain(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .description('what an error code means, and what to do')
    .argument('<code>', 'as it stands behind a message: TIDEMARK_BINLOG_PURGED, or BINLOG_PURGED')
    .action((code: string) => context.print(explanationText(code)))
}

/** Throws TIDEMARK_EXPLAIN_UNKNOWN, with the nearest code. */
export function explanationText(text: string): string {
  const upper = text.trim().toUpperCase()
  const code = upper.startsWith(PREFIX) ? upper : `${PREFIX}${upper}`
  const found = explainCode(code)
  if (found === null) {
    throw new TidemarkError(
      'TIDEMARK_EXPLAIN_UNKNOWN',
      `there is no error code ${code}; the nearest is ${closest(code, explainedCodes())}`,
      {kind: 'configuration'},
    )
  }
  return [code, '', ...labelled('Cause:', found.cause), '', ...labelled('What to do:', found.cure)].join('\n')
}

function labelled(label: string, text: string): string[] {
  const lines = [`  ${label}`]
  let line = '   '
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = '   '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
