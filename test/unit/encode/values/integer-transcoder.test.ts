import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, modes} from '../../../support/encode-value.ts'

const signed = (type: 'tinyint' | 'smallint' | 'mediumint' | 'int' | 'bigint') => columnShape(type)
const unsigned = (type: 'tinyint' | 'smallint' | 'mediumint' | 'int' | 'bigint') => columnShape(type, {unsigned: true})

test('integers of every width keep their sign from a row image', () => {
  assert.equal(fromImage(signed('tinyint'), [MYSQL_TYPE.TINY], '80'), '-128')
  assert.equal(fromImage(unsigned('tinyint'), [MYSQL_TYPE.TINY], '80'), '128')
  assert.equal(fromImage(signed('smallint'), [MYSQL_TYPE.SHORT], 'ffff'), '-1')
  assert.equal(fromImage(unsigned('smallint'), [MYSQL_TYPE.SHORT], 'ffff'), '65535')
  assert.equal(fromImage(signed('mediumint'), [MYSQL_TYPE.INT24], '000080'), '-8388608')
  assert.equal(fromImage(unsigned('mediumint'), [MYSQL_TYPE.INT24], 'ffffff'), '16777215')
  assert.equal(fromImage(signed('int'), [MYSQL_TYPE.LONG], '00000080'), '-2147483648')
  assert.equal(fromImage(unsigned('int'), [MYSQL_TYPE.LONG], 'ffffffff'), '4294967295')
})

test('every digit of a BIGINT survives, beyond what a JavaScript number holds', () => {
  for (const value of [
    ...[0n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 10n ** 18n, 999_999_999n],
    ...[4_294_967_296n, -4_294_967_296n, 1_000_000_000_000_000_001n],
  ]) {
    const image = Buffer.alloc(8)
    image.writeBigInt64LE(value)
    assert.equal(fromImage(signed('bigint'), [MYSQL_TYPE.LONGLONG], image), String(value))
    assert.equal(fromText(signed('bigint'), String(value)), String(value))
  }
})

test('BIGINT UNSIGNED from 2^63 on wraps in mode long, from both entrances', () => {
  const column = unsigned('bigint')
  assert.equal(fromText(column, '18446744073709551615'), '-1')
  assert.equal(fromImage(column, [MYSQL_TYPE.LONGLONG], 'ffffffffffffffff'), '-1')
  assert.equal(fromText(column, '9223372036854775808'), '-9223372036854775808')
  assert.equal(fromImage(column, [MYSQL_TYPE.LONGLONG], '0000000000000080'), '-9223372036854775808')
  assert.equal(fromText(column, '9223372036854775807'), '9223372036854775807')
})

test('BIGINT UNSIGNED in mode precise is the base64 of its value', () => {
  const options = modes({bigintUnsigned: 'precise'})
  const base64 = `"${Buffer.from('00ffffffffffffffff', 'hex').toString('base64')}"`
  assert.equal(fromText(unsigned('bigint'), '18446744073709551615', options), base64)
  assert.equal(fromImage(unsigned('bigint'), [MYSQL_TYPE.LONGLONG], 'ffffffffffffffff', options), base64)
  assert.equal(fromText(unsigned('bigint'), '0', options), '"AA=="')
})

test('the leading zeros of ZEROFILL do not get into the JSON', () => {
  assert.equal(fromText(unsigned('int'), '000042'), '42')
  assert.equal(fromText(unsigned('int'), '000000'), '0')
})

test('years are those since 1900, and 0', () => {
  assert.equal(fromImage(columnShape('year'), [MYSQL_TYPE.YEAR], '7c'), '2024')
  assert.equal(fromImage(columnShape('year'), [MYSQL_TYPE.YEAR], '00'), '0')
  assert.equal(fromText(columnShape('year'), '0000'), '0')
})

test('a column of another type in the binlog is refused', () => {
  assert.throws(() => fromImage(signed('int'), [MYSQL_TYPE.LONGLONG], '00'), {code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH'})
  assert.throws(() => fromImage(columnShape('year'), [MYSQL_TYPE.TINY], '00'), {
    code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
  })
})
