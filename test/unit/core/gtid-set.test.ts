import assert from 'node:assert/strict'
import {test} from 'node:test'
import {GtidSet as Oracle} from '@vlasky/zongji'
import fc from 'fast-check'
import {GtidSet} from '../../../src/core/gtid-set.ts'

const A = '11111111-1111-1111-1111-111111111111'
const B = '22222222-2222-2222-2222-222222222222'

const sid = fc.constantFrom(A, B, `${A}:tag_a`, `${A}:b`, `${B}:z`)
const gno = fc.integer({min: 1, max: 40})
const members = fc.array(fc.tuple(sid, gno), {maxLength: 60})

function setOf(list: readonly (readonly [string, number])[]): GtidSet {
  const set = new GtidSet()
  for (const [s, g] of list) set.add(s, g)
  return set
}

test('single adds in any order give the text that zongji gives', () => {
  fc.assert(
    fc.property(members, list => {
      const oracle = new Oracle()
      for (const [s, g] of list) oracle.add(`${s}:${g}`)
      assert.equal(setOf(list).toString(), oracle.toString())
    }),
  )
})

test('parse and toString are inverse, and agree with zongji', () => {
  fc.assert(
    fc.property(members, list => {
      const text = setOf(list).toString()
      assert.equal(GtidSet.parse(text).toString(), text)
      assert.equal(Oracle.parse(text).toString(), text)
    }),
  )
})

test('union, subtract, contains and has follow the laws of sets', () => {
  fc.assert(
    fc.property(members, members, sid, gno, (left, right, s, g) => {
      const a = setOf(left)
      const b = setOf(right)
      const union = a.union(b)
      const rest = a.subtract(b)
      assert.ok(union.contains(a) && union.contains(b))
      assert.equal(union.has(s, g), a.has(s, g) || b.has(s, g))
      assert.equal(rest.has(s, g), a.has(s, g) && !b.has(s, g))
      assert.equal(union.toString(), b.union(a).toString())
      assert.equal(rest.union(b).toString(), union.toString())
      assert.equal(a.contains(b), b.subtract(a).isEmpty)
      assert.equal(rest.isEmpty, rest.toString() === '')
    }),
  )
})

test('a clone does not follow its original', () => {
  const set = GtidSet.parse(`${A}:1-3`)
  const clone = set.clone()
  set.add(A, 4)
  assert.equal(clone.toString(), `${A}:1-3`)
  clone.add(A, 9)
  assert.equal(set.toString(), `${A}:1-4`)
})

test('an add that closes the gap joins two intervals', () => {
  const set = GtidSet.parse(`${A}:1-3:5-9`)
  set.add(A, 4)
  assert.equal(set.toString(), `${A}:1-9`)
})

test('blanks, newlines, upper case and empty entries of the server are read', () => {
  assert.equal(
    GtidSet.parse(`${B.toUpperCase()}:1-2:7,\n${A}:1 - 5:Tag_A:3,`).toString(),
    `${A}:1-5:tag_a:3,${B}:1-2:7`,
  )
  assert.equal(GtidSet.parse('').isEmpty, true)
})

test('malformed text is refused with its own error', () => {
  const texts = [
    'x',
    A,
    `${A}:`,
    `${A}:0`,
    `${A}:5-3`,
    `${A}:1-2-3`,
    `${A}:t`,
    `${A}:t:u:1`,
    `${A}:0x1`,
    `${A}:9007199254740993`,
  ]
  for (const text of texts) assert.throws(() => GtidSet.parse(text), {code: 'TIDEMARK_GTID_SET_MALFORMED'}, text)
})

test('whatever text comes, parse returns or throws its own error, as zongji does', () => {
  const text = fc
    .array(fc.constantFrom(A, B, ':', '-', ',', '1', '7', '15', 'tag', ' ', '\n', 'é', '0'), {maxLength: 14})
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(text, input => {
      let ours: string | null = null
      let theirs: string | null = null
      try {
        ours = GtidSet.parse(input).toString()
      } catch (error) {
        assert.equal((error as {code?: string}).code, 'TIDEMARK_GTID_SET_MALFORMED')
      }
      try {
        theirs = Oracle.parse(input.replace(/\s*([:,-])\s*/g, '$1').trim()).toString()
      } catch {
        theirs = null
      }
      // White space is allowed around separators, not within a number.
      // Entries between commas may be empty for MySQL and for us, not for zongji.
      if (theirs !== null) assert.equal(ours, theirs)
    }),
    {numRuns: 2000},
  )
})
