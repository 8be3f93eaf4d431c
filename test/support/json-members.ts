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
    const name = JSON.parse(text.slice(at, nameEnd)) as string
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

/** Where the value that begins at `start` ends. */
function valueEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      at = stringEnd(text, at) - 1
      if (depth === 0) return at + 1
    } else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (char === ',' || char === ':' || isBlank(char))) return at
  }
  throw new SyntaxError('the JSON text ends inside a value')
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  throw new SyntaxError('the JSON text ends inside a string')
}

function skipBlanks(text: string, start: number): number {
  let at = start
  while (isBlank(text[at])) at++
  return at
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t'
}
