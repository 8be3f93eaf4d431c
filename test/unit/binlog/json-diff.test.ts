import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {applyJsonDiffs} from '../../../src/binlog/json-diff.ts'
import {ByteWriter} from '../../../src/core/byte-writer.ts'
import {writeJsonDocument} from '../../../src/encode/values/json-document.ts'
import {written} from '../../support/encode-value.ts'
import {jsonBinary, type JsonValue} from '../../support/json-binary.ts'
import {jsonDiff} from '../../support/json-diff.ts'

const malformed = (what: string): Error => Object.assign(new Error(what), {code: 'MALFORMED'})
const members = (entries: Record<string, JsonValue>): JsonValue => ({members: new Map(Object.entries(entries))})

function apply(before: Buffer, diffs: Buffer): string {
  const out = new ByteWriter(16)
  applyJsonDiffs(
    {bytes: Buffer.concat([Buffer.from('before'), before]), start: 6, end: 6 + before.length},
    {bytes: Buffer.concat([Buffer.from('diffs'), diffs, Buffer.from('behind')]), start: 5, end: 5 + diffs.length},
    out,
    malformed,
  )
  return written(text => writeJsonDocument(out.bytes, 0, out.length, text))
}

const DOCUMENT = members({a: 1, b: members({x: [1, 70_000, 'three']}), cc: 'text', ddd: {double: 1.5}})

const cases: readonly (readonly [name: string, before: JsonValue, diffs: Buffer[], wanted: string])[] = [
  ['nothing', DOCUMENT, [], '{"a": 1, "b": {"x": [1, 70000, "three"]}, "cc": "text", "ddd": 1.5}'],
  ['a member that is replaced', members({a: 1, b: 2}), [jsonDiff('replace', '$.a', 'one')], '{"a": "one", "b": 2}'],
  ['a member at its place by length and bytes', members({b: 1, aa: 2}), [jsonDiff('insert', '$.c', 3)], '{"b": 1, "c": 3, "aa": 2}'],
  ['a member that is removed', members({a: 1, b: 2}), [jsonDiff('remove', '$.a')], '{"b": 2}'],
  ['a cell deep inside', DOCUMENT, [jsonDiff('replace', '$.b.x[1]', null)], '{"a": 1, "b": {"x": [1, null, "three"]}, "cc": "text", "ddd": 1.5}'],
  ['a cell between others', [1, 2], [jsonDiff('insert', '$[1]', 70_000)], '[1, 70000, 2]'],
  ['a cell behind the end', [1, 2], [jsonDiff('insert', '$[7]', 3)], '[1, 2, 3]'],
  ['a cell that is removed', [1, [2, 3]], [jsonDiff('remove', '$[1][0]')], '[1, [3]]'],
  ['the last cell', [1, 2, 3], [jsonDiff('replace', '$[last]', 9)], '[1, 2, 9]'],
  ['a cell counted from the end', [1, 2, 3], [jsonDiff('remove', '$[last-2]')], '[2, 3]'],
  ['a cell before the beginning', [1], [jsonDiff('insert', '$[last-5]', 0)], '[0, 1]'],
  ['a quoted name', members({'a."b': 1}), [jsonDiff('replace', '$."a.\\"b"', 2)], '{"a.\\"b": 2}'],
  ['a name that is not ASCII', members({é: 1}), [jsonDiff('replace', '$.é', 2), jsonDiff('insert', '$."😀"', 3)], '{"é": 2, "😀": 3}'],
  ['what an earlier difference made', members({a: members({})}), [
    jsonDiff('insert', '$.a.b', members({c: []})), jsonDiff('insert', '$.a.b.c[0]', true), jsonDiff('remove', '$.a.b.c[0]'), jsonDiff('replace', '$.a.b', [])], '{"a": {"b": []}}'],
] // prettier-ignore

for (const large of [false, true]) {
  for (const [name, before, diffs, wanted] of cases) {
    test(`${name}, in a ${large ? 'large' : 'small'} document`, () => {
      assert.equal(apply(jsonBinary(before, large), Buffer.concat(diffs)), wanted)
    })
  }
}

test('a document grows beyond what the small form can hold', () => {
  const long = 'x'.repeat(40_000)
  const found = apply(
    jsonBinary([long]),
    Buffer.concat([jsonDiff('insert', '$[1]', long), jsonDiff('insert', '$[2]', -1)]),
  )
  assert.equal(found, JSON.stringify([long, long, -1]).replaceAll(',', ', '))
})

const refused: readonly (readonly [name: string, diff: Buffer])[] = [
  ['replaces a member that is not there', jsonDiff('replace', '$.z', 1)],
  ['inserts a member that is there', jsonDiff('insert', '$.a', 1)],
  ['removes a member that is not there', jsonDiff('remove', '$.z')],
  ['removes a cell behind the end', jsonDiff('remove', '$.b.x[3]')],
  ['removes a cell before the beginning', jsonDiff('remove', '$.b.x[last-3]')],
  ['takes an object for an array', jsonDiff('insert', '$.b[0]', 1)],
  ['takes a scalar for an array', jsonDiff('replace', '$.a[0]', 1)],
  ['goes through what is not there', jsonDiff('insert', '$.z.y', 1)],
  ['replaces the whole document', jsonDiff('replace', '$', 1)],
  ['has a path without its dollar', jsonDiff('replace', '.a', 1)],
  ['has a path with a wildcard', jsonDiff('replace', '$.b.x[*]', 1)],
  ['has a path with an empty name', jsonDiff('replace', '$.', 1)],
  ['has a name that is not closed', jsonDiff('replace', '$."a', 1)],
  ['has a path that is deeper than any document', jsonDiff('remove', `$${'[0]'.repeat(101)}`)],
  ['is an operation that nobody knows', Buffer.concat([Buffer.of(3), jsonDiff('remove', '$.a').subarray(1)])],
  ['has no value', Buffer.concat([jsonDiff('remove', '$.a').fill(0, 0, 1), Buffer.of(0)])],
]
for (const [what, diff] of refused) {
  test(`a difference that ${what} is an error`, () => {
    assert.throws(() => apply(jsonBinary(DOCUMENT), diff), {code: 'MALFORMED'})
  })
}

const SOUND = Buffer.concat([
  jsonDiff('replace', '$.b.x[1]', members({k: ['v'.repeat(300)]})),
  jsonDiff('insert', '$.e', 1),
  jsonDiff('remove', '$.cc'),
])

test('every cut of a difference ends in an error, or just behind one of them', () => {
  const whole = new Set([0, SOUND.length - jsonDiff('remove', '$.cc').length])
  whole.add([...whole][1]! - jsonDiff('insert', '$.e', 1).length)
  for (let length = 0; length < SOUND.length; length++) {
    const cut = Buffer.from(SOUND.subarray(0, length))
    if (whole.has(length)) apply(jsonBinary(DOCUMENT), cut)
    else assert.throws(() => apply(jsonBinary(DOCUMENT), cut), {code: 'MALFORMED'}, `cut at ${String(length)}`)
  }
})

test('damaged documents and differences end in a document or in an error of ours', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 6})
  const damaged = (bytes: Buffer, changes: readonly (readonly [number, number])[]): Buffer => {
    const copy = Buffer.from(bytes)
    for (const [at, value] of changes) copy[at % copy.length] = value
    return copy
  }
  fc.assert(
    fc.property(fc.boolean(), damage, damage, (large, inDocument, inDiffs) => {
      try {
        apply(damaged(jsonBinary(DOCUMENT, large), inDocument), damaged(SOUND, inDiffs))
      } catch (error) {
        const {code} = error as {code?: string}
        assert.ok(code === 'MALFORMED' || code === 'TIDEMARK_BINLOG_ROW_MALFORMED', String(error))
      }
    }),
    {numRuns: 3000},
  )
})

test('a container whose values are all the container itself is an error, not ever more bytes', () => {
  const count = 1000
  const array = Buffer.alloc(4 + 3 * count)
  array.writeUInt16LE(count)
  array.writeUInt16LE(array.length, 2)
  for (let i = 0; i < count; i++) array[4 + i * 3] = 2
  assert.throws(() => apply(Buffer.concat([Buffer.of(2), array]), jsonDiff('remove', '$[0][0][0]')), {
    code: 'MALFORMED',
  })
})
