import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, prefixed} from '../../../support/encode-value.ts'

test('bytes of every length become the base64 that Node makes of them', () => {
  for (let length = 0; length < 20; length++) {
    const bytes = Buffer.from(Array.from({length}, (_, i) => 250 - i * 37))
    const wanted = `"${bytes.toString('base64')}"`
    assert.equal(fromText(columnShape('blob'), bytes), wanted)
    assert.equal(fromImage(columnShape('blob'), [MYSQL_TYPE.BLOB, 2], prefixed(bytes, 2)), wanted)
    assert.equal(
      fromImage(columnShape('varbinary', {length: 20}), [MYSQL_TYPE.VARCHAR, 20], prefixed(bytes, 1)),
      wanted,
    )
  }
})

test('BINARY(n) gets back the zero bytes that the binlog leaves out', () => {
  for (let total = 1; total < 12; total++) {
    for (let length = 0; length <= total; length++) {
      const bytes = Buffer.alloc(total)
      bytes.fill(0xab, 0, length)
      const column = columnShape('binary', {length: total})
      const image = prefixed(bytes.subarray(0, length), 1)
      assert.equal(fromImage(column, [MYSQL_TYPE.STRING, 0xfe | (total << 8)], image), `"${bytes.toString('base64')}"`)
    }
  }
})

test('bit(1) is a boolean, longer ones are little-endian bytes', () => {
  const bit = (length: number) => columnShape('bit', {length})
  const layout = (length: number): [number, number] => [MYSQL_TYPE.BIT, (length % 8) | (Math.floor(length / 8) << 8)]
  assert.equal(fromImage(bit(1), layout(1), '01'), 'true')
  assert.equal(fromText(bit(1), Buffer.of(0)), 'false')
  const wanted = `"${Buffer.from('0502', 'hex').toString('base64')}"`
  assert.equal(fromImage(bit(10), layout(10), '0205'), wanted)
  assert.equal(fromText(bit(10), Buffer.from('0205', 'hex')), wanted)
  assert.throws(() => fromImage(bit(10), layout(11), '0205'), {code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH'})
})

test('a length beyond the image is malformed', () => {
  for (const image of ['05 6162', '05', '']) {
    assert.throws(() => fromImage(columnShape('varbinary', {length: 20}), [MYSQL_TYPE.VARCHAR, 20], image), {
      code: 'TIDEMARK_BINLOG_ROW_MALFORMED',
      message: /shop\.orders, column v/,
    })
  }
})
