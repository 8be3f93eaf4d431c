import assert from 'node:assert/strict'
import {test} from 'node:test'
import {expandJson} from '../../../../src/encode/transforms/expand-json.ts'

function expanded(text: string, keepsNulls = false): unknown {
  const found = expandJson(text, {name: 'payload', keepsNulls})
  return found === null ? null : found.json
}

test('an object comes out without blanks, with its numbers as Java has them', () => {
  assert.equal(
    expanded('{ "a" : 1, "b": 12345678901, "c": 1.50, "d": 1e3, "t": "x  \\u00e9", "y": true }'),
    '{"a":1,"b":12345678901,"c":1.5,"d":1000.0,"t":"x  é","y":true}',
  )
})

test('what has no schema is left out, unless nulls are kept', () => {
  const text = '{"a": null, "b": [], "c": {"d": null}}'
  assert.equal(expanded(text), '{"c":{}}')
  assert.equal(expanded(text, true), '{"a":null,"c":{"d":null}}')
})

test('objects of an array have all fields of all of them', () => {
  assert.equal(expanded('{"r": [{"a": 1}, {"b": "x"}]}'), '{"r":[{"a":1,"b":null},{"a":null,"b":"x"}]}')
})

test('what fits no schema stays a text', () => {
  for (const text of [
    '[1]',
    'plain',
    '{"a": [1, "x"]}',
    '{"a": [1, 12345678901]}',
    '{"a": 99999999999999999999}',
    '{"a"',
  ]) {
    assert.equal(expanded(text), null, text)
  }
})

test('the schema names nested structs by their path', () => {
  const {schema} = expandJson('{"a": {"b": [1]}}', {name: 'payload', keepsNulls: false})!
  assert.equal(
    schema,
    '{"type":"struct","fields":[{"type":"struct","fields":[{"type":"array","items":{"type":"int32","optional":true},' +
      '"optional":true,"field":"b"}],"optional":true,"name":"payload.a","field":"a"}],"optional":true,"name":"payload"}',
  )
})
