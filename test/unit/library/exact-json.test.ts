import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {parseExactJson} from '../../../src/library/exact-json.ts'

test('a whole number that a double cannot hold becomes a bigint, any other stays a number', () => {
  const text =
    '{"id":18446744073709551615,"low":-9223372036854775808,"safe":9007199254740991,"f":1.2345678901234567,"e":1e300}'
  assert.deepEqual(parseExactJson(text), {
    id: 18446744073709551615n,
    low: -9223372036854775808n,
    safe: 9007199254740991,
    f: 1.2345678901234567,
    e: 1e300,
  })
})

test('digits inside of a text stay a text, whatever stands around them', () => {
  const value = {
    a: '1234567890123456789',
    b: '\\":1234567890123456789,"',
    c: 'bigint:12',
    d: '~bigint:1',
    '1234567890123456789': [],
  }
  assert.deepEqual(parseExactJson(JSON.stringify([value, 1]).replace(',1]', ',1234567890123456789]')), [
    value,
    1234567890123456789n,
  ])
})

test('a member named __proto__ is a member', () => {
  const parsed = parseExactJson('{"__proto__":1234567890123456789,"a":1}') as object
  assert.deepEqual(Object.entries(parsed), [
    ['__proto__', 1234567890123456789n],
    ['a', 1],
  ])
})

test('a text of many megabytes with quotes in it is read', () => {
  const long = 'a"\\'.repeat(3_000_000)
  const parsed = parseExactJson(JSON.stringify({long, n: 0}).replace('"n":0', '"n":1234567890123456789'))
  assert.deepEqual(parsed, {long, n: 1234567890123456789n})
})

test('what is no JSON is refused', () => {
  for (const text of ['', '{', '{"a":1234567890123456789', '"1234567890123456789']) {
    assert.throws(() => parseExactJson(text), SyntaxError)
  }
})

test('whatever is written as JSON comes back, with bigints as they were', () => {
  const leaf = fc.oneof(
    fc.bigInt({min: -(2n ** 70n), max: 2n ** 70n}),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
  )
  const tree = fc.letrec(tie => ({
    node: fc.oneof({maxDepth: 3}, leaf, fc.array(tie('node')), fc.dictionary(fc.string(), tie('node'))),
  })).node
  const write = (value: unknown): string => {
    if (typeof value === 'bigint') return value.toString()
    if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    return `{${Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`)
      .join(',')}}`
  }
  // A bigint that a double holds comes back as a number.
  const read = (value: unknown): unknown => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
    if (Array.isArray(value)) return value.map(read)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, read(member)]))
  }
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    return new Map(Object.entries(value).map(([name, member]) => [name, plain(member)]))
  }
  fc.assert(
    fc.property(tree, value => {
      assert.deepEqual(plain(parseExactJson(write(value))), plain(read(value)))
    }),
  )
})
