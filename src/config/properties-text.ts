// Java's .properties format: comments, continued lines, escapes.

export interface Property {
  readonly key: string
  readonly value: string
}

/** Key and value of each property, in the order of the text; a key may come twice. */
export function parseProperties(text: string): Property[] {
  return logicalLines(text).map(parseLine)
}

/** Lines without blanks before them and without comments; a line that ends in an odd number of backslashes goes on in the next. */
function logicalLines(text: string): string[] {
  const lines: string[] = []
  let pending: string | null = null
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line: string = natural.replace(/^[ \t\f]+/, '')
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const whole: string = (pending ?? '') + line
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(line)) {
      pending = whole.slice(0, -1)
    } else {
      lines.push(whole)
      pending = null
    }
  }
  if (pending !== null) lines.push(pending)
  return lines
}

function parseLine(line: string): Property {
  let end = 0
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))![0]
  return {key: unescape(line.slice(0, end)), value: unescape(line.slice(end + separator.length))}
}

const ESCAPED: Readonly<Record<string, string>> = {t: '\t', n: '\n', r: '\r', f: '\f'}

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, unicode: string | undefined, character: string) =>
    unicode === undefined ? (ESCAPED[character] ?? character) : String.fromCharCode(Number.parseInt(unicode, 16)),
  )
}
