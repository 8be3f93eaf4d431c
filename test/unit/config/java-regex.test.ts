import assert from 'node:assert/strict'
import {test} from 'node:test'
import {javaRegex} from '../../../src/config/java-regex.ts'

test('a pattern matches the whole name, in any case unless told', () => {
  assert.ok(javaRegex('shop.orders').test('Shop.ORDERS'))
  assert.ok(!javaRegex('shop.orders').test('shop.orders_old'))
  assert.ok(!javaRegex('a|b').test('ab'))
  assert.ok(!javaRegex('shop', {caseSensitive: true}).test('Shop'))
  assert.ok(javaRegex('(?i)shop', {caseSensitive: true}).test('Shop'))
})

const TRANSLATED: readonly (readonly [string, string, string])[] = [
  ['\\Qa.b\\E.*', 'a.bc', 'axbc'],
  ['\\Qa.b', 'a.b', 'axb'],
  ['\\p{Alpha}+', 'abc', 'a1'],
  ['[\\p{Digit}_]+', '1_2', 'a'],
  ['\\P{Digit}', 'a', '1'],
  ['\\Aa\\z', 'a', 'b'],
  ['[]a]+', ']a', 'b'],
  ['a{1,2}', 'aa', 'aaa'],
  ['(?<x>a)\\k<x>', 'aa', 'ab'],
  ['a(?!b).*', 'ac', 'ab'],
  ['a+?b*?', 'aab', 'c'],
  ['shop\\.(?:a|b)', 'shop.b', 'shopxb'],
  ['a\\-b', 'a-b', 'ab'],
]

test('what Java spells in another way means the same', () => {
  for (const [pattern, match, mismatch] of TRANSLATED) {
    assert.ok(javaRegex(pattern).test(match), `${pattern} should match ${match}`)
    assert.ok(!javaRegex(pattern).test(mismatch), `${pattern} should not match ${mismatch}`)
  }
})

test('what JavaScript cannot do is refused, never matched in another way', () => {
  const refused = [
    'a*+',
    'a++',
    'a?+',
    '(?>a)',
    '(?x)a',
    '[a&&b]',
    '[a[b]]',
    '\\p{L}',
    '\\G',
    '\\R',
    '\\x{41}',
    '\\07',
    'a{x',
    '\\',
    '[a',
    '(a',
    '\\y',
  ]
  for (const pattern of refused) assert.throws(() => javaRegex(pattern), SyntaxError, pattern)
})
