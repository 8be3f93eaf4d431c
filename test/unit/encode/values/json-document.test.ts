import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {writeJsonDocument} from '../../../../src/encode/values/json-document.ts'
import {columnShape, fromImage, fromText, prefixed, written} from '../../../support/encode-value.ts'
import {jsonBinary, jsonText, type JsonValue} from '../../../support/json-binary.ts'

const text = (document: Buffer): string => written(out => writeJsonDocument(document, 0, document.length, out))
const members = (entries: Record<string, JsonValue>): JsonValue => ({members: new Map(Object.entries(entries))})
const double = (value: number): string => text(jsonBinary({double: value}))

const SAMPLE: JsonValue = members({
  a: [1, -2, 32_767, 32_768, -2_147_483_648, null, true, false],
  bb: 'quote " back \\ slash / é😀',
  ccc: members({}),
  dddd: [[], [members({x: 'y'.repeat(300)})]],
  big: 18_446_744_073_709_551_615n,
  small: -9_223_372_036_854_775_808n,
})

test('a document is printed with the spaces and the order of the server', () => {
  assert.equal(text(jsonBinary(members({b: 1, a: [1, 2]}))), '{"b": 1, "a": [1, 2]}')
  assert.equal(text(jsonBinary(SAMPLE)), jsonText(SAMPLE))
  assert.equal(text(jsonBinary(SAMPLE, true)), jsonText(SAMPLE))
})

test('an empty document is the literal null', () => {
  assert.equal(text(Buffer.alloc(0)), 'null')
})

test("control characters have the server's escapes", () => {
  assert.equal(
    text(jsonBinary('\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f')),
    '"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\u007f"',
  )
})

test('doubles are printed as the server prints them', () => {
  const wanted: [number, string][] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [1e14, '100000000000000.0'],
    [1e15, '1e15'],
    [123_456_789_012_345, '123456789012345.0'],
    [1234567890123456.8, '1234567890123456.8'],
    [1.5e300, '1.5e300'],
    [-1.5e-300, '-1.5e-300'],
    [1e-15, '0.000000000000001'],
    [1e-16, '1e-16'],
    [0.00001234567890123456, '0.00001234567890123456'],
    [5e-324, '5e-324'],
  ]
  for (const [value, printed] of wanted) assert.equal(double(value), printed)
})

test('decimals, dates and times inside JSON are printed as MySQL prints them', () => {
  const opaque = (type: number, hex: string) =>
    text(jsonBinary({opaque: type, bytes: Buffer.from(hex.replaceAll(' ', ''), 'hex')}))
  assert.equal(opaque(MYSQL_TYPE.NEWDECIMAL, '0e 04 81 0DFB38D2 04D2'), '1234567890.1234')
  assert.equal(opaque(MYSQL_TYPE.NEWDECIMAL, '0e 04 7E F204C72D FB2D'), '-1234567890.1234')
  assert.equal(opaque(MYSQL_TYPE.NEWDECIMAL, '03 02 80 05'), '0.05')
  const datetime = Buffer.alloc(8)
  datetime.writeBigInt64LE(
    (BigInt(((2015 * 13 + 1) * 32 + 15) * 131_072 + (23 << 12) + (24 << 6) + 25) << 24n) + 123_456n,
  )
  assert.equal(text(jsonBinary({opaque: 12, bytes: datetime})), '"2015-01-15 23:24:25.123456"')
  assert.equal(text(jsonBinary({opaque: 10, bytes: datetime})), '"2015-01-15"')
  const time = Buffer.alloc(8)
  time.writeBigInt64LE(-((BigInt((838 << 12) + (59 << 6) + 59) << 24n) + 1n))
  assert.equal(text(jsonBinary({opaque: 11, bytes: time})), '"-838:59:59.000001"')
})

test('other values are base64 in lines of 76 characters', () => {
  const base64 = (bytes: number): string => text(jsonBinary({opaque: 15, bytes: Buffer.alloc(bytes, 'z')}))
  assert.equal(base64(0), '"base64:type15:"')
  assert.equal(base64(57), `"base64:type15:${'enp6'.repeat(19)}"`)
  assert.equal(base64(58), `"base64:type15:${'enp6'.repeat(19)}\\neg=="`)
})

test('a JSON column is the text as a string, from either entrance', () => {
  const column = columnShape('json')
  const document = jsonBinary(SAMPLE)
  assert.equal(fromImage(column, [MYSQL_TYPE.JSON, 4], prefixed(document, 4)), fromText(column, jsonText(SAMPLE)))
  assert.equal(JSON.parse(fromText(column, jsonText(SAMPLE))), jsonText(SAMPLE))
})

test('a document whose values point back at each other ends in an error, not in a long time', () => {
  // An array of 1,000 elements that are all this array.
  const count = 1000
  const array = Buffer.alloc(4 + 3 * count)
  array.writeUInt16LE(count)
  for (let i = 0; i < count; i++) array[4 + i * 3] = 2
  assert.throws(() => text(Buffer.concat([Buffer.of(2), array])), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
})

test('every cut of a document ends in an error of ours or is told by its length', () => {
  for (const large of [false, true]) {
    const document = jsonBinary(SAMPLE, large)
    for (let length = 1; length < document.length; length++) {
      const cut = document.subarray(0, length)
      assert.throws(() => text(cut), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'}, `cut at ${length}`)
    }
  }
})
