import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, textField, valueEncoder, written} from '../../../support/encode-value.ts'

const column = columnShape('enum', {labels: ['new', 'said "no"', '', 'é']})
const flags = columnShape('set', {labels: Array.from({length: 64}, (_, i) => `f${i}`)})

test('an enum is its label from either entrance', () => {
  assert.equal(fromText(column, '1'), '"new"')
  assert.equal(fromText(column, '2'), '"said \\"no\\""')
  assert.equal(fromImage(column, [MYSQL_TYPE.ENUM, 247 | (1 << 8)], '04'), '"é"')
  assert.equal(fromImage(column, [MYSQL_TYPE.ENUM, 247 | (2 << 8)], '0100'), '"new"')
})

test("an enum's error value and an empty label look the same and have different row keys", () => {
  const keyOf = (text: string): string => {
    const encoder = valueEncoder(column)
    const packet = textField(text)
    assert.equal(
      written(out => encoder.encodeText(packet, 0, packet.length, out)),
      '{"v":""}',
    )
    return written(out => encoder.writeRowKey(out))
  }
  assert.notEqual(keyOf('0'), keyOf('3'))
})

test('an enum number without a label asks for a new reading', () => {
  assert.throws(() => fromText(column, '5'), {code: 'TIDEMARK_VALUE_UNKNOWN_LABEL', kind: 'retryable'})
})

test('a set lists its labels in the order of their definition, all 64 of them', () => {
  assert.equal(fromText(flags, '0'), '""')
  assert.equal(fromText(flags, '5'), '"f0,f2"')
  assert.equal(fromText(flags, '9223372036854775809'), '"f0,f63"')
  assert.equal(fromImage(flags, [MYSQL_TYPE.SET, 248 | (8 << 8)], '0100000000000080'), '"f0,f63"')
  assert.equal(fromImage(flags, [MYSQL_TYPE.SET, 248 | (3 << 8)], '000080'), '"f23"')
})

test('enums and sets are selected as exact numbers', () => {
  assert.deepEqual(valueEncoder(column).selectList, ['CAST(`v` AS UNSIGNED)'])
  assert.deepEqual(valueEncoder(flags).selectList, ['CAST(`v` AS UNSIGNED)'])
})
