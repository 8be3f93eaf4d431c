// Where the parts of a JSON text lie, so that values can be taken over byte by byte, with digits and escapes as they are.
// Only for texts that were written here or by JSON.stringify: no blanks between tokens, and nothing is checked.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d

export interface JsonSlice {
  readonly start: number
  readonly end: number
}

/** The members of the object that begins at `start`, in their order. */
export function jsonMembers(bytes: Buffer, start: number): Map<string, JsonSlice> {
  const members = new Map<string, JsonSlice>()
  let at = start + 1
  while (bytes[at] !== BRACE_CLOSE) {
    const nameEnd = stringEnd(bytes, at)
    const name = JSON.parse(bytes.toString('utf8', at, nameEnd)) as string
    const end = valueEnd(bytes, nameEnd + 1)
    members.set(name, {start: nameEnd + 1, end})
    at = bytes[end] === COMMA ? end + 1 : end
  }
  return members
}

/** The elements of the array that begins at `start`. */
export function jsonElements(bytes: Buffer, start: number): JsonSlice[] {
  const elements: JsonSlice[] = []
  let at = start + 1
  while (bytes[at] !== BRACKET_CLOSE) {
    const end = valueEnd(bytes, at)
    elements.push({start: at, end})
    at = bytes[end] === COMMA ? end + 1 : end
  }
  return elements
}

function valueEnd(bytes: Buffer, start: number): number {
  const first = bytes[start]!
  if (first === QUOTE) return stringEnd(bytes, start)
  if (first === BRACE_OPEN || first === BRACKET_OPEN) return nestedEnd(bytes, start)
  let at = start
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== BRACE_CLOSE && bytes[at] !== BRACKET_CLOSE) at++
  return at
}

function nestedEnd(bytes: Buffer, start: number): number {
  let depth = 0
  let at = start
  do {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = stringEnd(bytes, at)
      continue
    }
    if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth++
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) depth--
    at++
  } while (depth > 0 && at < bytes.length)
  return at
}

function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}
