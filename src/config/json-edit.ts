// Changes members of a JSON object in its text: whatever stands around them stays as it was written.

import type {ConfigChanges} from './config-changes.ts'
import type {OptionValue} from './option.ts'

interface Member {
  readonly key: string
  /** Of the key's quote. */
  readonly start: number
  readonly valueStart: number
  /** Behind the value. */
  readonly end: number
}

interface ObjectPlace {
  /** Behind the brace. */
  readonly start: number
  readonly members: readonly Member[]
}

/** `text` is JSON, an object; where it has an object "config", as one POSTs it to Kafka Connect, that one is changed. */
export function editJson(text: string, changes: ConfigChanges): string {
  let edited = text
  for (const [key, value] of changes) edited = value === null ? remove(edited, key) : set(edited, key, value)
  return edited
}

function set(text: string, key: string, value: OptionValue): string {
  const {start, members} = configObject(text)
  const known = members.findLast(member => member.key === key)
  if (known !== undefined) return splice(text, known.valueStart, known.end, JSON.stringify(value))
  const last = members.at(-1)
  if (last === undefined) return splice(text, start, start, `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  // As the last one is written: its blanks before, and those around its colon.
  const before = members.at(-2)?.end ?? start
  const blanks = /[ \t\r\n]*$/.exec(text.slice(before, last.start))![0]
  const colon = /[ \t\r\n]*:[ \t\r\n]*$/.exec(text.slice(last.start, last.valueStart))![0]
  return splice(text, last.end, last.end, `,${blanks}${JSON.stringify(key)}${colon}${JSON.stringify(value)}`)
}

function remove(text: string, key: string): string {
  const {members} = configObject(text)
  const at = members.findIndex(member => member.key === key)
  if (at < 0) return text
  const {start, end} = members[at]!
  const next = members[at + 1]
  const rest =
    at > 0
      ? splice(text, members[at - 1]!.end, end, '')
      : next === undefined
        ? splice(text, start, end, '')
        : splice(text, start, next.start, '')
  return remove(rest, key)
}

function splice(text: string, start: number, end: number, inserted: string): string {
  return text.slice(0, start) + inserted + text.slice(end)
}

function configObject(text: string): ObjectPlace {
  const root = objectAt(text, text.indexOf('{'))
  const inner = root.members.findLast(({key}) => key === 'config')
  return inner !== undefined && text[inner.valueStart] === '{' ? objectAt(text, inner.valueStart) : root
}

function objectAt(text: string, brace: number): ObjectPlace {
  const members: Member[] = []
  let at = skipBlanks(text, brace + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = valueEnd(text, at)
    const valueStart = skipBlanks(text, skipBlanks(text, keyEnd) + 1)
    const end = valueEnd(text, valueStart)
    members.push({key: JSON.parse(text.slice(start, keyEnd)) as string, start, valueStart, end})
    const comma = skipBlanks(text, end)
    at = text[comma] === ',' ? skipBlanks(text, comma + 1) : comma
  }
  return {start: brace + 1, members}
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++
  return at
}

function valueEnd(text: string, start: number): number {
  const tokens = /"(?:[^"\\]|\\[\s\S])*"|[{}[\]]|[^\s,:{}[\]"]+/y
  let depth = 0
  let at = start
  do {
    tokens.lastIndex = at
    const token = tokens.exec(text)?.[0]
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    // Commas, colons and blanks between.
    at = token === undefined ? at + 1 : tokens.lastIndex
  } while (depth > 0 && at < text.length)
  return at
}
