// Finds byte ranges in JSON text without making values of it: a 64-bit integer or a decimal must stay the digits it is.
// Checks as much as it needs to know where things end, and throws on text that ends too early.

import {TidemarkError} from '../core/tidemark-error.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
const LETTER_N = 0x6e

/**
 * Called for each member: its name is `bytes[nameStart, nameEnd)` without quotes, escapes as they stand. Returns the
 * offset behind the value (`skipValue` finds it), so that nothing is walked twice; or -1 to end the walk.
 */
export type OnMember = (nameStart: number, nameEnd: number, valueStart: number) => number

/** Walks the members of the object that begins at `at`, in order, and returns the offset behind it, or -1. */
export function scanMembers(bytes: Uint8Array, at: number, end: number, onMember: OnMember): number {
  at = skipBlanks(bytes, at, end)
  if (bytes[at] !== BRACE_OPEN || at >= end) throw malformedJson('an object was expected')
  at = skipBlanks(bytes, at + 1, end)
  if (bytes[at] === BRACE_CLOSE && at < end) return at + 1
  for (;;) {
    if (bytes[at] !== QUOTE || at >= end) throw malformedJson('a member name was expected')
    const nameStart = at + 1
    at = skipString(bytes, at, end)
    const nameEnd = at - 1
    at = skipBlanks(bytes, at, end)
    if (bytes[at] !== COLON || at >= end) throw malformedJson('":" was expected')
    at = onMember(nameStart, nameEnd, skipBlanks(bytes, at + 1, end))
    if (at < 0) return -1
    at = skipBlanks(bytes, at, end)
    if (at >= end) throw malformedJson('it ends inside an object')
    if (bytes[at] === BRACE_CLOSE) return at + 1
    if (bytes[at] !== COMMA) throw malformedJson('"," or "}" was expected')
    at = skipBlanks(bytes, at + 1, end)
  }
}

/** The offset behind the value that begins at `at`. */
export function skipValue(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw malformedJson('it ends where a value was expected')
  const first = bytes[at]!
  if (first === QUOTE) return skipString(bytes, at, end)
  if (first === BRACE_OPEN || first === BRACKET_OPEN) return skipNested(bytes, at, end)
  const start = at
  while (at < end && !endsScalar(bytes[at]!)) at++
  if (at === start) throw malformedJson('a value was expected')
  return at
}

/** The offset behind the string whose opening quote is at `at`. */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  for (at++; at < end; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at++
  }
  throw malformedJson('it ends inside a string')
}

export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]!
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
    at++
  }
  return at
}

/** Whether the value that begins at `start` is null. */
export function isNull(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === LETTER_N
}

/** True where `bytes[start, end)` is this ASCII text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

export function malformedJson(what: string): TidemarkError {
  return new TidemarkError('TIDEMARK_VERIFY_EVENT_MALFORMED', `an event is not JSON as Tidemark writes it: ${what}`)
}

function skipNested(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0
  while (at < end) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = skipString(bytes, at, end)
      continue
    }
    at++
    if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth++
    else if ((byte === BRACE_CLOSE || byte === BRACKET_CLOSE) && --depth === 0) return at
  }
  throw malformedJson('it ends inside an object or array')
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === BRACE_CLOSE || byte === BRACKET_CLOSE || byte === COLON || byte <= 0x20
}
