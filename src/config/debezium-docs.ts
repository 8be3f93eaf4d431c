// The option table as whoever comes from Debezium reads it: same, different, refused, ignored, new. Markdown.

import {DIFFERENCES, OWN_KEYS} from './debezium-differences.ts'
import type {Option} from './option.ts'
import {OPTIONS} from './option-table.ts'

export function debeziumOptionsMarkdown(): string {
  const theirs = OPTIONS.filter(({status, key}) => status === 'supported' && !OWN_KEYS.has(key))
  const same = theirs.filter(option => !Object.hasOwn(DIFFERENCES, option.key) && refusedValues(option) === '')
  return [
    '### Different',
    table(
      ['key', 'what is different'],
      theirs.filter(({key}) => Object.hasOwn(DIFFERENCES, key)).map(({key}) => [code(key), DIFFERENCES[key]!]),
    ),
    '### Values that are refused',
    'The start says so, with what to do. Other values of these keys do what they do in Debezium and Connect.',
    table(
      ['key', 'values', 'instead'],
      theirs
        .filter(option => refusedValues(option) !== '')
        .map(option => [code(option.key), refusedValues(option), option.instead ?? 'leave it out']),
    ),
    '### Keys that are refused',
    'They would change the events, or leave some out.',
    table(
      ['key', 'what it is', 'instead'],
      OPTIONS.filter(({status}) => status === 'refused').map(({key, description, instead}) => [
        code(key),
        description,
        instead ?? '',
      ]),
    ),
    '### Keys that are ignored',
    'They may stay in the file. The log names them once.',
    table(['why', 'keys'], ignoredByReason()),
    '### The same',
    `${same.map(({key}) => code(key)).join(', ')}.`,
    '### New',
    `Neither Debezium nor Connect has ${OPTIONS.filter(({key}) => OWN_KEYS.has(key))
      .map(({key}) => code(key))
      .join(', ')}.`,
  ].join('\n\n')
}

function ignoredByReason(): string[][] {
  const byReason = new Map<string, string[]>()
  for (const {status, key, description} of OPTIONS) {
    if (status !== 'ignored') continue
    byReason.set(description, [...(byReason.get(description) ?? []), code(key)])
  }
  return [...byReason].map(([why, keys]) => [why, keys.join(', ')])
}

function refusedValues({notYet}: Option): string {
  return (notYet ?? []).map(value => code(String(value))).join(', ')
}

function code(text: string): string {
  return `\`${text}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
