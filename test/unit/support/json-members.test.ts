import assert from 'node:assert/strict'
import {test} from 'node:test'
import {jsonMembers} from '../../support/json-members.ts'

test('members keep the text that JSON.parse would change', () => {
  const members = jsonMembers('{"id":18446744073709551615, "price" : "1.50" ,"f":1.0,"n":null}')
  assert.deepEqual(
    [...members],
    [
      ['id', '18446744073709551615'],
      ['price', '"1.50"'],
      ['f', '1.0'],
      ['n', 'null'],
    ],
  )
})

test('quotes, braces and commas inside strings end nothing', () => {
  const members = jsonMembers('{"a":{"b":"}\\",{"},"c\\"d":["]",[1]],"e":"x,y"}')
  assert.deepEqual(
    [...members],
    [
      ['a', '{"b":"}\\",{"}'],
      ['c"d', '["]",[1]]'],
      ['e', '"x,y"'],
    ],
  )
})

test('a backslash before a quote ends nothing, two of them do', () => {
  const members = jsonMembers(String.raw`{"a\\":"b\\","c":"\"","d":"\\\"e"}`)
  assert.deepEqual(
    [...members],
    [
      ['a\\', String.raw`"b\\"`],
      ['c', String.raw`"\""`],
      ['d', String.raw`"\\\"e"`],
    ],
  )
})

test('an empty object has no members', () => {
  assert.equal(jsonMembers(' { } ').size, 0)
})

test('text that is cut off or no object is refused', () => {
  for (const text of ['', '[]', '{"a":1', '{"a":"1', '{"a" 1}', '{"a":{"b":1}']) {
    assert.throws(() => jsonMembers(text), SyntaxError, text)
  }
})
