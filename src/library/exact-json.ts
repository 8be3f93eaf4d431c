// JSON whose whole numbers keep all their digits: those that a double cannot hold (BIGINT, nanoseconds) become a bigint.

export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject
export interface JsonObject {
  [name: string]: JsonValue
}

/** A whole number of so many digits may not fit into a double. */
const LONG_NUMBER = /\d{16}/
const WHOLE = /^-?\d+$/

/** Throws a SyntaxError where it is no JSON. */
export function parseExactJson(text: string): JsonValue {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as JsonValue
  // A long number is passed through JSON.parse as a text with a mark that no text of this document begins with.
  let mark = 'bigint:'
  while (text.includes(`"${mark}`)) mark = `~${mark}`
  const marked = markLongNumbers(text, mark)
  return marked === text ? (JSON.parse(text) as JsonValue) : unmarked(JSON.parse(marked) as JsonValue, mark)
}

// Texts are stepped over by hand: an expression for a whole text runs out of stack in one of some megabytes.
function markLongNumbers(text: string, mark: string): string {
  const next = /"|-?\d[\d.eE+-]{15,}/g
  let marked = ''
  let taken = 0
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    const [token] = found
    if (token === '"') {
      next.lastIndex = endOfText(text, found.index)
    } else if (WHOLE.test(token) && !Number.isSafeInteger(Number(token))) {
      marked += `${text.slice(taken, found.index)}"${mark}${token}"`
      taken = next.lastIndex
    }
  }
  return taken === 0 ? text : marked + text.slice(taken)
}

/** Behind the closing quote. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end + 1
  }
  return text.length
}

function unmarked(value: JsonValue, mark: string): JsonValue {
  if (typeof value === 'string') return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => unmarked(item, mark))
  for (const [name, member] of Object.entries(value)) {
    const exact = unmarked(member, mark)
    if (exact !== member) Object.defineProperty(value, name, {value: exact})
  }
  return value
}
