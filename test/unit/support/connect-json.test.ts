import assert from 'node:assert/strict'
import {test} from 'node:test'
import {frameProblems} from '../../support/connect-json.ts'

const ID = {type: 'int32', optional: false, default: 0, field: 'id'}
const NAME = {
  type: 'string',
  optional: true,
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: {allowed: 'a,b'},
  field: 'v',
}
const ROW = {type: 'struct', fields: [ID, NAME], optional: false, name: 'p.Value'}

function problems(schema: object, payload: unknown): string {
  return frameProblems(JSON.stringify({schema, payload})).join('; ')
}

test('a right frame has no problems', () => {
  assert.equal(problems(ROW, {id: 1, v: 'a'}), '')
  assert.equal(problems(ROW, {id: 1, v: null}), '')
})

const withId = (id: object): object => ({...ROW, fields: [id, NAME]})

for (const [what, schema, payload, wanted] of [
  ['an unknown type', withId({...ID, type: 'int31'}), {id: 1, v: null}, /type is "int31"/],
  ['a missing optional', {type: 'struct', fields: [ID], name: 'p'}, {id: 1}, /optional is no boolean/],
  [
    'members in another order',
    withId({optional: false, type: 'int32', field: 'id'}),
    {id: 1, v: null},
    /has the members/,
  ],
  [
    'a parameter that is no text',
    withId({...ID, default: undefined, parameters: {a: 1}}),
    {id: 1, v: null},
    /members|no text/,
  ],
  [
    'a version without a name',
    withId({type: 'int32', optional: false, version: 1, field: 'id'}),
    {id: 1, v: null},
    /without a name/,
  ],
  ['a version that is text', {...ROW, version: '1'}, {id: 1, v: null}, /version is no whole number/],
  ['a default of another type', withId({...ID, default: 'x'}), {id: 1, v: null}, /default: "x" is no int32/],
  ['a default that is null', withId({...ID, default: null}), {id: 1, v: null}, /default is null/],
  ['two fields of one name', {...ROW, fields: [ID, ID]}, {id: 1}, /two fields id/],
  ['a field without a name', {...ROW, fields: [{type: 'int32', optional: false}]}, {}, /without a name/],
  ['a struct without fields', {type: 'struct', optional: false}, {}, /has no parts, wanted fields/],
  [
    'a semantic name of another type',
    withId({type: 'int32', optional: false, name: 'io.debezium.time.MicroTime', field: 'id'}),
    {id: 1, v: null},
    /wanted int64/,
  ],
  [
    'a Decimal without a scale',
    {type: 'bytes', optional: false, name: 'org.apache.kafka.connect.data.Decimal'},
    'AA==',
    /without a scale/,
  ],
  ['a missing field', ROW, {id: 1}, /has the fields id, wanted id,v/],
  ['a field too many', ROW, {id: 1, v: null, w: 1}, /has the fields/],
  ['a null that may not be', ROW, {id: null, v: null}, /null in what is not optional/],
  ['a number beyond its type', ROW, {id: 2147483648, v: null}, /is no int32/],
  ['a fraction in an integer', ROW, {id: 1.5, v: null}, /is no int32/],
  ['text for a number', ROW, {id: '1', v: null}, /is no int32/],
  ['a label that is not allowed', ROW, {id: 1, v: 'c'}, /c is not allowed/],
  ['bytes that are no base64', {type: 'bytes', optional: false}, '*', /is no bytes/],
] as const) {
  test(`found: ${what}`, () => {
    assert.match(problems(schema, payload), wanted)
  })
}

test('int64 is judged by all its digits', () => {
  const frame = (digits: string): string => `{"schema":{"type":"int64","optional":false},"payload":${digits}}`
  assert.deepEqual(frameProblems(frame('9223372036854775807')), [])
  assert.equal(frameProblems(frame('9223372036854775808')).length, 1)
})

test('a member that is there twice is no JSON here', () => {
  assert.throws(
    () => frameProblems('{"schema":{"type":"string","type":"string","optional":true},"payload":null}'),
    /twice/,
  )
})
