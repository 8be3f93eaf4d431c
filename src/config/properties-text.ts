// Java's .properties format: comments, continued lines, escapes.

import type {ConfigChanges} from './config-changes.ts'

export interface Property {
  readonly key: string
  readonly value: string
}

/** A property where it stands; a value that goes on in further lines belongs to it with them. */
interface PropertyPlace extends Property {
  readonly start: number
  /** Of the value, where that begins in the property's first line; else of the property. */
  readonly valueStart: number | null
  /** Behind the value, before the line's end. */
  readonly end: number
}

/** Key and value of each property, in the order of the text; a key may come twice. */
export function parseProperties(text: string): Property[] {
  return propertyPlaces(text).map(({key, value}) => ({key, value}))
}

/** The text with other values for some keys; comments, order and the spelling of everything else stay. */
export function editProperties(text: string, changes: ConfigChanges): string {
  let edited = text
  for (const [key, value] of changes) {
    // From the last to the first, so that places stay true.
    const places = propertyPlaces(edited).filter(place => place.key === key)
    const kept = value === null ? undefined : places.pop()
    if (kept !== undefined) {
      const written = kept.valueStart === null ? propertyText(key, String(value)) : escapedValue(String(value))
      edited = edited.slice(0, kept.valueStart ?? kept.start) + written + edited.slice(kept.end)
    }
    for (const {start, end} of places.reverse()) edited = withoutLine(edited, start, end)
    if (value !== null && kept === undefined) edited = appended(edited, propertyText(key, String(value)))
  }
  return edited
}

function withoutLine(text: string, start: number, end: number): string {
  const lineStart = Math.max(text.lastIndexOf('\n', start - 1), text.lastIndexOf('\r', start - 1)) + 1
  const lineEnd = /^(?:\r\n|\n|\r)?/.exec(text.slice(end))![0].length
  return text.slice(0, lineStart) + text.slice(end + lineEnd)
}

function appended(text: string, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const isOpen = text !== '' && !/[\r\n]$/.test(text)
  return `${text}${isOpen ? newline : ''}${line}${newline}`
}

function propertyText(key: string, value: string): string {
  return `${key.replace(/[=:\s#!\\]/g, '\\$&')}=${escapedValue(value)}`
}

const ESCAPES: Readonly<Record<string, string>> = {'\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f', '\\': '\\\\'}

function escapedValue(value: string): string {
  return value.replace(/[\t\n\r\f\\]/g, character => ESCAPES[character]!).replace(/^ /, '\\ ')
}

interface NaturalLine {
  readonly start: number
  readonly end: number
}

function* naturalLines(text: string): Iterable<NaturalLine> {
  let start = 0
  for (const newline of text.matchAll(/\r\n|\n|\r/g)) {
    yield {start, end: newline.index}
    start = newline.index + newline[0].length
  }
  yield {start, end: text.length}
}

/** Lines without blanks before them and without comments; a line that ends in an odd number of backslashes goes on in the next. */
function propertyPlaces(text: string): PropertyPlace[] {
  const places: PropertyPlace[] = []
  let pending: {readonly whole: string; readonly start: number; readonly first: NaturalLine} | null = null
  let last: NaturalLine = {start: 0, end: 0}
  for (const natural of naturalLines(text)) {
    last = natural
    const written = text.slice(natural.start, natural.end)
    const line: string = written.replace(/^[ \t\f]+/, '')
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const whole: string = (pending?.whole ?? '') + line
    const begun: {start: number; first: NaturalLine} = pending ?? {
      start: natural.start + written.length - line.length,
      first: natural,
    }
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(line)) {
      pending = {...begun, whole: whole.slice(0, -1)}
    } else {
      places.push(placed(whole, begun, natural.end))
      pending = null
    }
  }
  if (pending !== null) places.push(placed(pending.whole, pending, last.end))
  return places
}

function placed(whole: string, {start, first}: {start: number; first: NaturalLine}, end: number): PropertyPlace {
  const {key, value, valueAt} = parseLine(whole)
  const valueStart = start + valueAt
  return {key, value, start, valueStart: valueStart <= first.end ? valueStart : null, end}
}

function parseLine(line: string): Property & {readonly valueAt: number} {
  let end = 0
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))![0]
  const valueAt = end + separator.length
  return {key: unescape(line.slice(0, end)), value: unescape(line.slice(valueAt)), valueAt}
}

const ESCAPED: Readonly<Record<string, string>> = {t: '\t', n: '\n', r: '\r', f: '\f'}

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, unicode: string | undefined, character: string) =>
    unicode === undefined ? (ESCAPED[character] ?? character) : String.fromCharCode(Number.parseInt(unicode, 16)),
  )
}
