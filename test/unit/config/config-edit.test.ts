// Changed keys in the text of a configuration file: what was not meant stays as it was written.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {changesBetween} from '../../../src/config/config-changes.ts'
import {editJson} from '../../../src/config/json-edit.ts'
import {editProperties, parseProperties} from '../../../src/config/properties-text.ts'

type Value = string | number | boolean

function changes(keys: Record<string, Value | null>): Map<string, Value | null> {
  return new Map(Object.entries(keys))
}

test('a value in JSON is replaced where it stands', () => {
  const text = '{\n  "name" : "shop",\n  "a": "x,\\"}",  "b": 2\n}\n'
  assert.equal(
    editJson(text, changes({a: 'shop\\.x', b: 3})),
    '{\n  "name" : "shop",\n  "a": "shop\\\\.x",  "b": 3\n}\n',
  )
})

test('a new key in JSON is written as the last one is, and keys that are gone leave no comma', () => {
  const text = '{\n\t"a":1,\n\t"b":2\n}'
  assert.equal(editJson(text, changes({c: true})), '{\n\t"a":1,\n\t"b":2,\n\t"c":true\n}')
  assert.equal(editJson(text, changes({a: null})), '{\n\t"b":2\n}')
  assert.equal(editJson(text, changes({b: null})), '{\n\t"a":1\n}')
  assert.equal(editJson(editJson('{"a":1}', changes({a: null})), changes({b: 'x'})), '{"b": "x"}')
})

test('of what one POSTs to Kafka Connect the inner object is changed', () => {
  const text = '{"name": "n", "config": {"a": "1", "nested": "{\\"b\\": 2}"}}'
  assert.equal(
    editJson(text, changes({b: 'x', a: null})),
    '{"name": "n", "config": {"nested": "{\\"b\\": 2}", "b": "x"}}',
  )
})

test('comments, order and references of a .properties file stay', () => {
  const text = '# first\na = 1\n  list: x,\\\n    y\n! second\npw=${file:/x:y}\n'
  assert.equal(
    editProperties(text, changes({list: 'shop\\.x', new: 'z'})),
    '# first\na = 1\n  list: shop\\\\.x\n! second\npw=${file:/x:y}\nnew=z\n',
  )
  assert.equal(editProperties(text, changes({list: null, a: null})), '# first\n! second\npw=${file:/x:y}\n')
})

test('lines end as they did, and a file whose last line is open is closed first', () => {
  assert.equal(editProperties('a=1\r\nb=2', changes({c: '3'})), 'a=1\r\nb=2\r\nc=3\r\n')
  assert.equal(editProperties('a=1\r\nb=2\r\n', changes({a: null})), 'b=2\r\n')
})

const key = fc.string({minLength: 1, maxLength: 6})
const value = fc.string({maxLength: 12}).map(text => text.trim())

test('whatever is set is read back, and nothing else changes', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.dictionary(key, fc.option(value)), (before, change) => {
      const wanted = new Map(Object.entries(before))
      for (const [name, text] of Object.entries(change)) {
        if (text === null) wanted.delete(name)
        else wanted.set(name, text)
      }
      const json = editJson(JSON.stringify(before, null, 2), changes(change))
      assert.deepEqual(new Map(Object.entries(JSON.parse(json) as Record<string, string>)), wanted)
      const properties = editProperties(editProperties('# all\n', changes(before)), changes(change))
      const read = new Map(parseProperties(properties).map(each => [each.key, each.value]))
      assert.deepEqual(changesBetween(read, wanted).size, 0)
      assert.ok(properties.startsWith('# all\n'))
    }),
  )
})
