import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText} from '../../../support/encode-value.ts'

const decimal = (precision: number, scale: number) => columnShape('decimal', {precision, scale})
const layout = (precision: number, scale: number): [number, number] => [MYSQL_TYPE.NEWDECIMAL, precision | (scale << 8)]

/** The unscaled value that a base64 JSON string stands for. */
function unscaled(json: string): bigint {
  const bytes = Buffer.from(JSON.parse(json) as string, 'base64')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
}

test('a decimal is the base64 of its unscaled value, in as few bytes as Java takes', () => {
  const cases: [string, string][] = [
    ['0.00', '00'],
    ['0.01', '01'],
    ['-0.01', 'ff'],
    ['1.27', '7f'],
    ['1.28', '0080'],
    ['-1.28', '80'],
    ['-1.29', 'ff7f'],
    ['12345.67', '12d687'],
    ['-12345.67', 'ed2979'],
  ]
  for (const [text, hex] of cases) {
    assert.equal(fromText(decimal(10, 2), text), `"${Buffer.from(hex, 'hex').toString('base64')}"`, text)
  }
})

test("the binary form of the manual's example, 1234567890.1234, is read, and its negative", () => {
  assert.equal(unscaled(fromImage(decimal(14, 4), layout(14, 4), '81 0DFB38D2 04D2')), 12345678901234n)
  assert.equal(unscaled(fromImage(decimal(14, 4), layout(14, 4), '7E F204C72D FB2D')), -12345678901234n)
})

test('65 digits come through exactly', () => {
  const digits = '12345678901234567890123456789012345678901234567890123456789012345'
  assert.equal(unscaled(fromText(decimal(65, 0), digits)), BigInt(digits))
  assert.equal(unscaled(fromText(decimal(65, 0), `-${digits}`)), -BigInt(digits))
  assert.equal(unscaled(fromText(decimal(65, 30), `-${digits.slice(0, 35)}.${digits.slice(35)}`)), -BigInt(digits))
})

test('a digit group above its range is malformed', () => {
  assert.throws(() => fromImage(decimal(9, 0), layout(9, 0), 'ffffffff'), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  assert.throws(() => fromImage(decimal(18, 0), layout(18, 0), '80000000ffffffff'), {
    code: 'TIDEMARK_BINLOG_ROW_MALFORMED',
  })
})

test('another precision in the binlog is refused', () => {
  assert.throws(() => fromImage(decimal(10, 2), layout(10, 3), ''), {code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH'})
})
