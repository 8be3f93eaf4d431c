import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {PartialUpdates, type PartialRows} from '../../../src/binlog/partial-update.ts'
import {jsonBinary, type JsonValue} from '../../support/json-binary.ts'
import {jsonDiff} from '../../support/json-diff.ts'

const malformed = (what: string): Error => Object.assign(new Error(what), {code: 'MALFORMED'})

const LONG = 3
const VARCHAR = 15
const JSON_TYPE = 245
/** id INT, j JSON, v VARCHAR(20), k JSON. */
const LAYOUT = {types: Uint8Array.of(LONG, JSON_TYPE, VARCHAR, JSON_TYPE), metadata: Uint16Array.of(0, 4, 80, 4)}

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}
const document = (value: JsonValue): Buffer => prefixed(jsonBinary(value))
const id = (value: number): Buffer => Buffer.of(value, 0, 0, 0)
const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)])
const image = (nulls: number, ...values: Buffer[]): Buffer => Buffer.concat([Buffer.of(nulls), ...values])
/** Value options and partial bits, then the image. */
const partial = (bits: number, row: Buffer): Buffer => Buffer.concat([Buffer.of(1, bits), row])
const whole = (row: Buffer): Buffer => Buffer.concat([Buffer.of(0), row])

function rewritten(rows: Buffer, present: readonly [number, number] = [0b1111, 0b1111]) {
  const bytes = Buffer.concat([Buffer.from('head'), rows])
  const [presentBefore, presentAfter] = [Uint8Array.of(present[0]), Uint8Array.of(present[1])]
  const event: PartialRows = {bytes, start: 4, end: bytes.length, layout: LAYOUT, presentBefore, presentAfter}
  const {buffer, end, presentAfter: after} = new PartialUpdates().rewrite(event, malformed)
  return {rows: buffer.toString('hex', 0, end), after: [...after]}
}

// Documents of our own are written in the large form, those that nobody changed stay as they are.
const changed = (value: JsonValue): Buffer => prefixed(jsonBinary(value, true))
const BEFORE = image(0, id(1), document([1, 'one']), text('v'), document('k'))

test('differences are applied to the documents of the before image, and the other values stay', () => {
  const after = partial(0b01, image(0, id(1), prefixed(jsonDiff('replace', '$[0]', 2)), text('w'), document('new')))
  assert.deepEqual(rewritten(Buffer.concat([BEFORE, after])), {
    rows: Buffer.concat([BEFORE, image(0, id(1), changed([2, 'one']), text('w'), document('new'))]).toString('hex'),
    after: [0b1111],
  })
})

test('a difference that is empty leaves the document as it was', () => {
  const after = partial(0b01, image(0, id(1), prefixed(Buffer.alloc(0)), text('v'), document('k')))
  assert.equal(rewritten(Buffer.concat([BEFORE, after])).rows, Buffer.concat([BEFORE, BEFORE]).toString('hex'))
})

test('rows with and without differences follow one another, and NULL has no bit of its own', () => {
  const nulls = image(0b1010, id(2), text('x'))
  const second = image(0b1000, id(2), document({members: new Map([['a', 1]])}), text('x'))
  const rows = [
    ...[nulls, whole(second)],
    ...[BEFORE, partial(0b10, image(0b0010, id(1), text('v'), prefixed(Buffer.alloc(0))))],
    ...[second, partial(0b01, image(0b1000, id(3), prefixed(jsonDiff('insert', '$.b', 2)), text('x')))],
  ]
  const wanted = [
    ...[nulls, second],
    ...[BEFORE, image(0b0010, id(1), text('v'), document('k'))],
    ...[second, image(0b1000, id(3), changed({members: new Map([['a', 1], ['b', 2]])}), text('x'))], // prettier-ignore
  ]
  assert.equal(rewritten(Buffer.concat(rows)).rows, Buffer.concat(wanted).toString('hex'))
})

test('where the before image lacks a document, it is missing in the after image, too', () => {
  const before = Buffer.concat([Buffer.of(0), id(1), document('k')])
  const after = partial(0b01, Buffer.concat([Buffer.of(0b010), prefixed(jsonDiff('remove', '$[0]')), document('l')]))
  // In the after image: j, v (NULL) and k.
  assert.deepEqual(rewritten(Buffer.concat([before, after]), [0b1001, 0b1110]), {
    rows: Buffer.concat([before, Buffer.of(0b01), document('l')]).toString('hex'),
    after: [0b1100],
  })
})

test('a difference for a document that is NULL is an error', () => {
  const after = partial(0b01, image(0b1000, id(2), prefixed(Buffer.alloc(0)), text('x')))
  assert.throws(() => rewritten(Buffer.concat([image(0b1010, id(2), text('x')), after])), {code: 'MALFORMED'})
})

const SOUND = Buffer.concat([
  BEFORE,
  partial(
    0b11,
    image(0, id(1), prefixed(jsonDiff('replace', '$[1]', 'x'.repeat(300))), text('w'), prefixed(Buffer.alloc(0))),
  ),
])

test('every cut of an event ends in an error', () => {
  for (let length = 1; length < SOUND.length; length++) {
    const cut = Buffer.from(SOUND.subarray(0, length))
    assert.throws(() => rewritten(cut), {code: 'MALFORMED'}, `cut at ${String(length)}`)
  }
})

test('damaged events end in rows or in an error of ours', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 6}), damage => {
      const bytes = Buffer.from(SOUND)
      for (const [at, value] of damage) bytes[at % bytes.length] = value
      try {
        rewritten(bytes)
      } catch (error) {
        assert.equal((error as {code?: string}).code, 'MALFORMED', String(error))
      }
    }),
    {numRuns: 3000},
  )
})
