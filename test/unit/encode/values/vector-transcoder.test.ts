import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, prefixed} from '../../../support/encode-value.ts'

const vector = columnShape('vector')

function floats(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeFloatLE(value, i * 4))
  return bytes
}

test('a vector is an array of the shortest texts of its floats, from both entrances', () => {
  const bytes = floats(1, -0.1, 3.4028235e38, 1e-45, -0)
  const wanted = '[1.0,-0.1,3.4028235E38,1.0E-45,-0.0]'
  assert.equal(fromText(vector, bytes), wanted)
  assert.equal(fromImage(vector, [MYSQL_TYPE.VECTOR, 4], prefixed(bytes, 4)), wanted)
})

test('a vector of one, and bytes that are no vector', () => {
  assert.equal(fromText(vector, floats(0.5)), '[0.5]')
  assert.throws(() => fromText(vector, Buffer.alloc(6)), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  assert.throws(() => fromImage(vector, [MYSQL_TYPE.BLOB, 4], prefixed(floats(1), 4)), {
    code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
  })
})
