import assert from 'node:assert/strict'
import {test} from 'node:test'
import {splitCommaList} from '../../../src/config/comma-list.ts'

test('a list is split at commas that no backslash precedes', () => {
  assert.deepEqual(splitCommaList('a, b ,,c'), ['a', 'b', 'c'])
  assert.deepEqual(splitCommaList('a{1\\,3},b'), ['a{1,3}', 'b'])
  assert.deepEqual(splitCommaList('a\\\\,b'), ['a\\\\', 'b'])
  assert.deepEqual(splitCommaList('shop\\.a'), ['shop\\.a'])
  assert.deepEqual(splitCommaList('  '), [])
})
