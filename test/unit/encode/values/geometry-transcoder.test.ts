import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, prefixed} from '../../../support/encode-value.ts'

const point = columnShape('point')
const geometry = columnShape('geometry')
const LAYOUT = [MYSQL_TYPE.GEOMETRY, 4] as const

function wkbPoint(x: number, y: number): Buffer {
  const wkb = Buffer.alloc(21)
  wkb[0] = 1
  wkb.writeUInt32LE(1, 1)
  wkb.writeDoubleLE(x, 5)
  wkb.writeDoubleLE(y, 13)
  return wkb
}

function stored(srid: number, wkb: Buffer): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(srid)
  return Buffer.concat([prefix, wkb])
}

test('a point column has its coordinates, its WKB and its SRID, the same from both entrances', () => {
  const wkb = wkbPoint(1.5, -2)
  const wanted = `{"x":1.5,"y":-2.0,"wkb":"${wkb.toString('base64')}","srid":4326}`
  assert.equal(fromText(point, stored(4326, wkb)), wanted)
  assert.equal(fromImage(point, LAYOUT, prefixed(stored(4326, wkb), 4)), wanted)
})

test('the plane, SRID 0, is null', () => {
  const wkb = wkbPoint(0, 0)
  assert.equal(fromText(geometry, stored(0, wkb)), `{"wkb":"${wkb.toString('base64')}","srid":null}`)
})

test('a point in a column of any geometry is a geometry', () => {
  const wkb = wkbPoint(3, 4)
  assert.equal(
    fromImage(geometry, LAYOUT, prefixed(stored(2 ** 32 - 1, wkb), 4)),
    `{"wkb":"${wkb.toString('base64')}","srid":4294967295}`,
  )
})

test('bytes that are no geometry, or no point, are refused', () => {
  const cut = wkbPoint(1, 2).subarray(0, 20)
  const bigEndian = Buffer.from(wkbPoint(1, 2))
  bigEndian[0] = 0
  for (const wkb of [cut, bigEndian, Buffer.alloc(0)]) {
    assert.throws(() => fromImage(point, LAYOUT, prefixed(stored(0, wkb), 4)), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  }
  assert.throws(() => fromText(geometry, Buffer.alloc(4)), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  assert.throws(() => fromImage(point, [MYSQL_TYPE.BLOB, 4], prefixed(stored(0, wkbPoint(1, 2)), 4)), {
    code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
  })
})
