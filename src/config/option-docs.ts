// The option table as people read it: Markdown for docs/options.md, plain text for `--help`.

import type {Option} from './option.ts'
import {OPTION_GROUPS} from './option-table.ts'

const HELP_WIDTH = 100

/** Tables of the supported keys, then what is refused and what is ignored. */
export function optionTableMarkdown(): string {
  const sections: string[] = []
  for (const {title, options} of OPTION_GROUPS) {
    const supported = options.filter(option => option.status === 'supported')
    if (supported.length === 0) continue
    const rows = supported.map(
      option => `| \`${option.key}\` | ${cell(describe(option))} | ${cell(defaultCell(option))} |`,
    )
    sections.push([`**${title}**`, '', '| key | meaning | default |', '| --- | --- | --- |', ...rows].join('\n'))
  }
  sections.push(`Not supported yet, refused at the start: ${keyList('refused')}.`)
  sections.push(`Accepted without meaning, logged once: ${keyList('ignored')}.`)
  return sections.join('\n\n') + '\n'
}

/** For `--help`: one key a line, with what it does below. */
export function optionHelp(): string {
  const lines: string[] = []
  for (const {title, options} of OPTION_GROUPS) {
    const supported = options.filter(option => option.status === 'supported')
    if (supported.length === 0) continue
    lines.push('', `${title}:`)
    for (const option of supported) {
      const byDefault = option.required === true ? 'required' : (option.defaultText ?? option.default)
      lines.push(`  ${option.key}${byDefault === null ? '' : ` (${String(byDefault)})`}`)
      lines.push(...wrapped(describe(option), '      '))
    }
  }
  return lines.join('\n') + '\n'
}

function describe(option: Option): string {
  const parts = [option.description]
  if (option.type === 'patterns') parts.push('Java regular expressions, comma-separated.')
  // Where only one value is left, the others are not supported yet.
  const values = option.values?.filter(value => option.values!.length > 1 || value !== option.default)
  if (values !== undefined && values.length > 0) {
    parts.push(`${option.type === 'list' ? 'Any' : 'One'} of: ${values.join(', ')}.`)
  }
  if (option.notYet !== undefined) parts.push(`Not yet: ${option.notYet.join(', ')}.`)
  return parts.join(' ')
}

function defaultCell(option: Option): string {
  if (option.required === true) return 'required'
  if (option.defaultText !== undefined) return option.defaultText
  return option.default === null ? '' : `\`${String(option.default)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function keyList(status: Option['status']): string {
  const keys = OPTION_GROUPS.flatMap(group => group.options).filter(option => option.status === status)
  return keys.map(option => `\`${option.key}\``).join(', ')
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.length + word.length > HELP_WIDTH && line !== indent) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += `${word} `
  }
  lines.push(line.trimEnd())
  return lines
}
