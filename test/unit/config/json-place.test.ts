import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {jsonErrorPlace} from '../../../src/config/json-place.ts'

const PLACES: readonly (readonly [string, number, number])[] = [
  ['{"a": 1,}', 1, 9],
  ['{\n "a" 1}', 2, 6],
  ['{"a": tru}', 1, 7],
  ['{"a": 1', 1, 8],
  ['{"a": 1}}', 1, 9],
  ['{"a": [1 2]}', 1, 10],
  ["{'a': 1}", 1, 2],
  ['', 1, 1],
  ['{"a": "x\ny"}', 1, 7],
  ['{"a": 1} // comment', 1, 10],
]

test('the place of a JSON error is that of the token that cannot stand there', () => {
  for (const [text, line, column] of PLACES) assert.deepEqual(jsonErrorPlace(text), {line, column}, text)
})

test('a JSON text that lost its last character is wrong at its end', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), object => {
      const text = JSON.stringify(object).slice(0, -1)
      assert.deepEqual(jsonErrorPlace(text), {line: 1, column: text.length + 1})
    }),
  )
})
