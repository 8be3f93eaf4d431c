import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, valueEncoder} from '../../../support/encode-value.ts'

function double(value: number): string {
  const image = Buffer.alloc(8)
  image.writeDoubleLE(value)
  return fromImage(columnShape('double'), [MYSQL_TYPE.DOUBLE, 8], image)
}

function float(value: number): string {
  const image = Buffer.alloc(4)
  image.writeFloatLE(value)
  return fromImage(columnShape('float'), [MYSQL_TYPE.FLOAT, 4], image)
}

test('doubles are spelled as Java spells them', () => {
  assert.equal(double(0), '0.0')
  assert.equal(double(-0), '-0.0')
  assert.equal(double(1), '1.0')
  assert.equal(double(-2.5), '-2.5')
  assert.equal(double(0.001), '0.001')
  assert.equal(double(0.0009), '9.0E-4')
  assert.equal(double(9_999_999), '9999999.0')
  assert.equal(double(10_000_000), '1.0E7')
  assert.equal(double(123_456_789.125), '1.23456789125E8')
  assert.equal(double(Number.MAX_VALUE), '1.7976931348623157E308')
})

test('a float has the fewest digits that read back the same', () => {
  assert.equal(float(0.1), '0.1')
  assert.equal(float(16_777_216), '1.6777216E7')
  assert.equal(float(3.4028234663852886e38), '3.4028235E38')
  assert.equal(float(1.1754943508222875e-38), '1.1754944E-38')
  assert.equal(float(1.401298464324817e-45), '1.0E-45')
  assert.equal(float(100.5), '100.5')
})

test('a float selected through the cast is the one of the row image', () => {
  assert.equal(fromText(columnShape('float'), '0.10000000149011612'), '0.1')
  assert.deepEqual(valueEncoder(columnShape('float')).selectList, ['CAST(`v` AS DOUBLE)'])
})

test('not a number is malformed', () => {
  assert.throws(() => double(NaN), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  assert.throws(() => float(Infinity), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
})
