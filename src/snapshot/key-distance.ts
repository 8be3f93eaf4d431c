// How far a key is from another one, as a number, for the share of a table that lies behind it. Only ever an estimate: order
// is MySQL's alone (DESIGN), and nothing but the time that is shown hangs on it. Pure.

/** From `low` to `high`, literals of one leading key column; null where no distance can be told. */
export function keyDistance(low: string, high: string): number | null {
  const [from, to] = [numberOf(low), numberOf(high)]
  if (from !== null && to !== null) return Math.max(0, to - from)
  const [text, other] = [bytesOf(low), bytesOf(high)]
  return text === null || other === null ? null : Math.max(0, fraction(other) - fraction(text))
}

function numberOf(literal: string): number | null {
  const isQuoted = literal.startsWith("'")
  if (!isQuoted && !/^-?\d/.test(literal)) return null
  const text = isQuoted ? literal.slice(1, -1) : literal
  const value = isQuoted ? Date.parse(text.length === 10 ? text : `${text.replace(' ', 'T')}Z`) : Number(text)
  return Number.isNaN(value) ? null : value
}

/** What counts in order: hexadecimal digits of a UUID as digits, other bytes as they are. */
function bytesOf(literal: string): {readonly digits: readonly number[]; readonly base: number} | null {
  const hex = /X'([0-9a-f]*)'$/.exec(literal)?.[1]
  if (hex === undefined) return null
  const bytes = Buffer.from(hex, 'hex')
  if (!literal.startsWith('_')) return {digits: [...bytes.subarray(0, 6)], base: 256}
  const text = bytes.toString('latin1').replaceAll('-', '')
  if (!/^[0-9a-f]{12,}$/i.test(text)) return null
  return {digits: [...text.slice(0, 12)].map(digit => Number.parseInt(digit, 16)), base: 16}
}

function fraction({digits, base}: {readonly digits: readonly number[]; readonly base: number}): number {
  return digits.reduceRight((sum, digit) => (sum + digit) / base, 0)
}
