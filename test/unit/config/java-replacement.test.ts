import assert from 'node:assert/strict'
import {test} from 'node:test'
import {nameRewrite, rewriteName} from '../../../src/config/java-replacement.ts'

function rewritten(name: string, regex: string, replacement: string): string | null {
  return rewriteName(name, nameRewrite(regex, replacement))
}

test('a name that matches in full is rewritten with the groups of the match', () => {
  assert.equal(rewritten('db.shop.orders_12', '(.*)orders_(\\d+)', '$1orders-$2'), 'db.shop.orders-12')
  assert.equal(rewritten('a.b', '(?<first>\\w)\\.(?<second>\\w)', '${second}.${first}'), 'b.a')
  assert.equal(rewritten('ab', '(a)(x)?b', '[$2]$0'), '[]ab')
})

test('a name that does not match in full, or only in another case, is left alone', () => {
  assert.equal(rewritten('db.shop.orders_12', 'orders_\\d+', 'all'), null)
  assert.equal(rewritten('db.shop.orders_12', 'db\\.shop', 'all'), null)
  assert.equal(rewritten('Orders', 'orders', 'all'), null)
  assert.equal(rewritten('Orders', '(?i)orders', 'all'), 'all')
})

test('as in Java the first match is replaced, which may be shorter than the name', () => {
  assert.equal(rewritten('orders_12', '(.*)_\\d+?', '$1'), 'orders2')
  assert.equal(rewritten('ab', 'a|ab', 'X'), 'Xb')
})

test('a number goes on as long as there is such a group', () => {
  assert.equal(rewritten('ab', '(a)(b)', '$12'), 'a2')
  const eleven = 'abcdefghijk'
  assert.equal(rewritten(eleven, [...eleven].map(letter => `(${letter})`).join(''), '$11$1'), 'ka')
})

test('a backslash makes a character stand for itself', () => {
  assert.equal(rewritten('a', '(a)', '\\$1\\\\$1'), '$1\\a')
})

for (const [replacement, problem] of [
  ['$3', /no group 3/],
  ['${name}', /no group named name/],
  ['$', /write \\\$/],
  ['$x', /write \\\$/],
  ['a\\', /ends in a backslash/],
] as const) {
  test(`the replacement ${replacement} is refused before a name is rewritten`, () => {
    assert.throws(() => nameRewrite('(a)(b)', replacement), problem)
  })
}
