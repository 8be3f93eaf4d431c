// Where a JSON text stops being JSON. JSON.parse says it in words that differ between versions and quote the text, which
// may hold a password.

const TOKEN =
  /[ \t\n\r]*("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:])/y

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing'

/** Line and column, both from 1, of the first token that cannot stand there. */
export function jsonErrorPlace(text: string): {line: number; column: number} {
  const offset = jsonErrorOffset(text)
  const before = text.slice(0, offset).split('\n')
  return {line: before.length, column: before[before.length - 1]!.length + 1}
}

function jsonErrorOffset(text: string): number {
  const open: string[] = []
  let expected: Expected = 'value'
  TOKEN.lastIndex = 0
  for (;;) {
    const start: number = TOKEN.lastIndex
    const token: string | undefined = TOKEN.exec(text)?.[1]
    if (token === undefined) return skipBlanks(text, start)
    const next = follow(expected, token, open)
    if (next === null) return TOKEN.lastIndex - token.length
    expected = next
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++
  return at
}

/** What may come after `token`, or null where `token` may not come; keeps `open` up to date. */
function follow(expected: Expected, token: string, open: string[]): Expected | null {
  const after = (): Expected => (open.length === 0 ? 'nothing' : 'comma-or-end')
  const closes = token === (open[open.length - 1] === '{' ? '}' : ']')
  if (token === '}' || token === ']') {
    if (!closes || open.length === 0 || !expected.endsWith('-or-end')) return null
    open.pop()
    return after()
  }
  if (token === ':') return expected === 'colon' ? 'value' : null
  if (token === ',') return expected !== 'comma-or-end' ? null : open[open.length - 1] === '{' ? 'key' : 'value'
  if (expected.startsWith('key')) return token.startsWith('"') ? 'colon' : null
  if (!expected.startsWith('value')) return null
  if (token === '{' || token === '[') {
    open.push(token)
    return token === '{' ? 'key-or-end' : 'value-or-end'
  }
  return after()
}
