/**
 * The members of a JSON object by name, each as the text it has there. JSON.parse would lose what tests must see:
 * integers above 2^53, trailing zeros, the exact bytes.
 */
export function jsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let at = skipBlanks(text, 0)
  if (text[at] !== '{') throw new SyntaxError(`not a JSON object: ${text.slice(0, 80)}`)
  at = skipBlanks(text, at + 1)
  while (text[at] !== '}') {
    const nameEnd = valueEnd(text, at)
    const name = stringOf(text.slice(at, nameEnd))
    at = skipBlanks(text, nameEnd)
    if (text[at] !== ':') throw new SyntaxError(`no ":" after "${name}"`)
    at = skipBlanks(text, at + 1)
    const end = valueEnd(text, at)
    members.set(name, text.slice(at, end))
    at = skipBlanks(text, end)
    if (text[at] === ',') at = skipBlanks(text, at + 1)
    else if (text[at] !== '}') throw new SyntaxError(`no "," or "}" after the member "${name}"`)
  }
  return members
}

// Tests take hundreds of thousands of events apart: code units and the engine's own search, where JSON.parse or a string
// for each character would take most of their time.
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** What JSON.parse gives for a string. */
function stringOf(json: string): string {
  const isPlain = json.charCodeAt(0) === QUOTE && !json.includes('\\')
  return isPlain ? json.slice(1, -1) : (JSON.parse(json) as string)
}

/** Where the value that begins at `start` ends. */
function valueEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at) - 1
      if (depth === 0) return at + 1
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (code === COMMA || code === COLON || isBlank(code))) return at
  }
  throw new SyntaxError('the JSON text ends inside a value')
}

function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end + 1
  }
  throw new SyntaxError('the JSON text ends inside a string')
}

function skipBlanks(text: string, start: number): number {
  let at = start
  while (isBlank(text.charCodeAt(at))) at++
  return at
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
