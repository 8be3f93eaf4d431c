import assert from 'node:assert/strict'
import {test} from 'node:test'
import {parseProperties} from '../../../src/config/properties-text.ts'

function pairs(text: string): string[][] {
  return parseProperties(text).map(({key, value}) => [key, value])
}

test('keys end at an equals sign, a colon or a blank', () => {
  assert.deepEqual(pairs('a=1\nb : 2\nc 3\nd\n  e = f=g'), [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', ''],
    ['e', 'f=g'],
  ])
})

test('comments and empty lines are passed over, a comment’s backslash continues nothing', () => {
  assert.deepEqual(pairs('# x \\\n! y\n\n   \na=1\r\nb=2'), [
    ['a', '1'],
    ['b', '2'],
  ])
})

test('an odd number of backslashes at the end continues the line, an even one does not', () => {
  assert.deepEqual(pairs('a=1,\\\n    2\nb=x\\\\\nc=3'), [
    ['a', '1,2'],
    ['b', 'x\\'],
    ['c', '3'],
  ])
})

test('escapes stand for their characters, unknown ones for themselves', () => {
  assert.deepEqual(pairs('a\\=b=\\u00e9\\t\\:\\q'), [['a=b', 'é\t:q']])
})
