import assert from 'node:assert/strict'
import {test} from 'node:test'
import {ByteWriter} from '../../../src/core/byte-writer.ts'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import {MYSQL_TYPE} from '../../../src/encode/values/image-bytes.ts'
import type {RowEncoder} from '../../../src/encode/row-encoder.ts'
import {columnShape, ENCODER_SETTINGS, tableShape, textField, written} from '../../support/encode-value.ts'

const shape = tableShape(
  [
    columnShape('int', {name: 'id', nullable: false}),
    columnShape('varchar', {name: 'na"me', length: 60, charset: 'utf8mb4'}),
    columnShape('decimal', {name: 'total', precision: 10, scale: 2}),
  ],
  [0],
)

function orders(messageKey: readonly number[] = [0], rowKey: readonly number[] = [0]): RowEncoder {
  const encoder = compileRowEncoder({shape, messageKey, rowKey, options: {settings: ENCODER_SETTINGS}})
  encoder.bindLayout({
    types: Uint8Array.of(MYSQL_TYPE.LONG, MYSQL_TYPE.VARCHAR, MYSQL_TYPE.NEWDECIMAL),
    metadata: Uint16Array.of(0, 240, 10 | (2 << 8)),
  })
  return encoder
}

const IMAGE = Buffer.from('00 07000000 03414243 8000000c22'.replaceAll(' ', ''), 'hex')
const PACKET = Buffer.concat([textField('7'), textField('ABC'), textField('12.34')])
const ROW = '{"id":7,"na\\"me":"ABC","total":"BNI="}'

test('a row is the same JSON from a SELECT and from a row image', () => {
  const encoder = orders()
  assert.equal(
    written(out => encoder.encodeText(PACKET, 0, PACKET.length, out)),
    ROW,
  )
  assert.equal(
    written(out => encoder.encodeImage(IMAGE, 0, IMAGE.length, null, out)),
    ROW,
  )
})

test('NULLs come from the NULL bits and from the NULL marks', () => {
  const encoder = orders()
  const packet = Buffer.concat([textField('7'), textField(null), textField(null)])
  const image = Buffer.from('06 07000000'.replaceAll(' ', ''), 'hex')
  const row = '{"id":7,"na\\"me":null,"total":null}'
  assert.equal(
    written(out => encoder.encodeText(packet, 0, packet.length, out)),
    row,
  )
  assert.equal(
    written(out => encoder.encodeImage(image, 0, image.length, null, out)),
    row,
  )
})

test('rows that follow one another in one event are read to the byte', () => {
  const encoder = orders()
  const images = Buffer.concat([Buffer.alloc(3), IMAGE, IMAGE])
  const out = new ByteWriter(4)
  const next = encoder.encodeImage(images, 3, images.length, null, out)
  assert.equal(next, 3 + IMAGE.length)
  assert.equal(encoder.encodeImage(images, next, images.length, null, out), images.length)
  assert.equal(out.view().toString(), ROW + ROW)
})

test('the keys are copies of the row that was written last, in key order', () => {
  const encoder = orders([2, 0], [1, 0])
  const out = new ByteWriter(4)
  encoder.encodeImage(IMAGE, 0, IMAGE.length, null, out)
  out.clear()
  encoder.encodeText(PACKET, 0, PACKET.length, out)
  encoder.writeMessageKey(out)
  encoder.writeRowKey(out)
  assert.equal(out.view().toString(), `${ROW}{"total":"BNI=","id":7}"ABC",7`)
})

test('fields of the packet are known by their place, NULL as -1, fields behind the shape passed over', () => {
  const encoder = orders()
  const packet = Buffer.concat([textField('7'), textField(null), textField('12.34'), textField('more')])
  written(out => encoder.encodeText(packet, 0, packet.length, out))
  assert.equal(packet.toString('latin1', encoder.fieldStart(2), encoder.fieldEnd(2)), '12.34')
  assert.equal(encoder.fieldStart(1), -1)
})

test('fields of all length forms are read', () => {
  const text = compileRowEncoder({
    shape: tableShape([columnShape('longtext', {charset: 'utf8mb4'})]),
    messageKey: [],
    rowKey: [],
    options: {settings: ENCODER_SETTINGS},
  })
  assert.equal(text.hasKey, false)
  for (const length of [0, 250, 251, 65_535, 65_536]) {
    const packet = textField('x'.repeat(length))
    assert.equal(written(out => text.encodeText(packet, 0, packet.length, out)).length, length + 8)
  }
  const packet = Buffer.concat([Buffer.from('fe0300000000000000', 'hex'), Buffer.from('abc')])
  assert.equal(
    written(out => text.encodeText(packet, 0, packet.length, out)),
    '{"v":"abc"}',
  )
})

test('an image without all columns is refused with what to set', () => {
  assert.throws(() => orders().encodeImage(IMAGE, 0, IMAGE.length, Uint8Array.of(0b101), new ByteWriter()), {
    code: 'TIDEMARK_BINLOG_ROW_INCOMPLETE',
    message: /na"me.*binlog_row_image = FULL/,
  })
  assert.equal(
    written(out => orders().encodeImage(IMAGE, 0, IMAGE.length, Uint8Array.of(0b111), out)),
    ROW,
  )
})

test('every cut of an image and of a packet ends in an error that names the column', () => {
  for (let length = 0; length < IMAGE.length; length++) {
    assert.throws(() => orders().encodeImage(IMAGE, 0, length, null, new ByteWriter()), {
      code: 'TIDEMARK_BINLOG_ROW_MALFORMED',
      message: /shop\.orders/,
    })
  }
  for (let length = 0; length < PACKET.length; length++) {
    assert.throws(() => orders().encodeText(PACKET, 0, length, new ByteWriter()), {
      code: 'TIDEMARK_MYSQL_ROW_MALFORMED',
    })
  }
})

test('a binlog with another number of columns is refused', () => {
  assert.throws(() => orders().bindLayout({types: Uint8Array.of(MYSQL_TYPE.LONG), metadata: Uint16Array.of(0)}), {
    code: 'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
    message: /3 columns.*1 in the binlog/,
  })
})

test('a name with a backtick is quoted in the SELECT list', () => {
  const encoder = compileRowEncoder({
    shape: tableShape([columnShape('int', {name: 'a`b'})]),
    messageKey: [],
    rowKey: [],
    options: {settings: ENCODER_SETTINGS},
  })
  assert.deepEqual(encoder.selectList, ['`a``b`'])
})
