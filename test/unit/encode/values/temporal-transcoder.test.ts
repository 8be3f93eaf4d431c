import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import type {ColumnShape} from '../../../../src/core/table-shape.ts'
import {columnShape, fromImage, fromText, textField, valueEncoder, written} from '../../../support/encode-value.ts'

const datetime = (fraction: number) => columnShape('datetime', {fraction})
const timestamp = (fraction: number) => columnShape('timestamp', {fraction})
const time = (fraction: number) => columnShape('time', {fraction})

test('dates are days since 1970', () => {
  assert.equal(fromText(columnShape('date'), '1970-01-01'), '0')
  assert.equal(fromText(columnShape('date'), '1969-12-31'), '-1')
  assert.equal(fromText(columnShape('date'), '2024-02-29'), '19782')
  assert.equal(fromText(columnShape('date'), '9999-12-31'), '2932896')
  assert.equal(fromText(columnShape('date'), '0001-01-01'), '-719162')
  assert.equal(fromImage(columnShape('date'), [MYSQL_TYPE.DATE], '5dd00f'), '19782')
})

test('datetimes up to three digits are milliseconds, from four on microseconds', () => {
  assert.equal(fromText(datetime(0), '2001-09-09 01:46:40'), '1000000000000')
  assert.equal(fromText(datetime(3), '1969-12-31 23:59:59.999'), '-1')
  assert.equal(fromText(datetime(6), '1969-12-31 23:59:59.999999'), '-1')
  assert.equal(fromText(datetime(6), '1969-12-31 23:59:58.000001'), '-1999999')
  assert.equal(fromText(datetime(6), '9999-12-31 23:59:59.999999'), '253402300799999999')
  assert.equal(fromText(datetime(4), '1970-01-01 00:00:00.0007'), '700')
})

test('a datetime in a row image is taken apart to the bit', () => {
  assert.equal(
    fromImage(datetime(0), [MYSQL_TYPE.DATETIME2, 0], '99b2bacc38'),
    String(Date.UTC(2024, 1, 29, 12, 48, 56)),
  )
  assert.equal(
    fromImage(datetime(6), [MYSQL_TYPE.DATETIME2, 6], '99b2bacc38 01e240'),
    `${Date.UTC(2024, 1, 29, 12, 48, 56) / 1000}123456`,
  )
})

test('a timestamp shows exactly its digits, in UTC', () => {
  assert.equal(fromText(timestamp(0), '2024-05-06 07:08:09'), '"2024-05-06T07:08:09Z"')
  assert.equal(fromText(timestamp(3), '2024-05-06 07:08:09.100'), '"2024-05-06T07:08:09.100Z"')
  assert.equal(fromText(timestamp(6), '2024-05-06 07:08:09.000001'), '"2024-05-06T07:08:09.000001Z"')
  assert.equal(fromImage(timestamp(0), [MYSQL_TYPE.TIMESTAMP2, 0], '3b9aca00'), '"2001-09-09T01:46:40Z"')
  assert.equal(fromImage(timestamp(1), [MYSQL_TYPE.TIMESTAMP2, 1], '3b9aca00 32'), '"2001-09-09T01:46:40.5Z"')
  assert.equal(fromImage(timestamp(4), [MYSQL_TYPE.TIMESTAMP2, 4], '7fffffff 04d2'), '"2038-01-19T03:14:07.1234Z"')
})

test('every day from 1970 to 2106 is the one that JavaScript knows', () => {
  const column = timestamp(0)
  const encoder = valueEncoder(column)
  encoder.bindLayout({types: Uint8Array.of(MYSQL_TYPE.TIMESTAMP2), metadata: Uint16Array.of(0)})
  const image = Buffer.alloc(5)
  for (let seconds = 1; seconds < 2 ** 32; seconds += 86_400) {
    image.writeUInt32BE(seconds, 1)
    const wanted = `{"v":"${new Date(seconds * 1000).toISOString().slice(0, 19)}Z"}`
    assert.equal(
      written(out => encoder.encodeImage(image, 0, 5, null, out)),
      wanted,
    )
  }
})

test('times are microseconds with a sign, beyond a day', () => {
  assert.equal(fromText(time(0), '-838:59:59'), '-3020399000000')
  assert.equal(fromText(time(6), '-00:00:00.000001'), '-1')
  assert.equal(fromText(time(2), '100:00:00.01'), '360000010000')
  assert.equal(fromImage(time(0), [MYSQL_TYPE.TIME2, 0], '800000'), '0')
  assert.equal(fromImage(time(0), [MYSQL_TYPE.TIME2, 0], '7fffff'), '-1000000')
  assert.equal(fromImage(time(2), [MYSQL_TYPE.TIME2, 2], '7fffff f6'), '-100000')
})

test('a zero or partly zero date is null in a nullable column, else the epoch', () => {
  const required = {nullable: false}
  for (const text of ['0000-00-00', '2024-00-00', '2024-05-00']) {
    assert.equal(fromText(columnShape('date'), text), 'null')
    assert.equal(fromText(columnShape('date', required), text), '0')
  }
  assert.equal(fromText(datetime(0), '0000-00-00 00:00:00'), 'null')
  assert.equal(fromText(columnShape('timestamp', required), '0000-00-00 00:00:00'), '"1970-01-01T00:00:00Z"')
  const zero = fromImage(
    columnShape('timestamp', {...required, fraction: 3}),
    [MYSQL_TYPE.TIMESTAMP2, 3],
    '00000000 0000',
  )
  assert.equal(zero, '"1970-01-01T00:00:00Z"')
})

function rowKey(column: ColumnShape, text: string | null): string {
  const encoder = valueEncoder(column)
  const packet = textField(text)
  written(out => encoder.encodeText(packet, 0, packet.length, out))
  return written(out => encoder.writeRowKey(out))
}

test('row keys tell apart what the JSON does not: zero dates, the epoch and NULL', () => {
  const dates = ['0000-00-00', '2024-00-00', '2024-05-00', '2024-00-01', '1970-01-01']
  const keys = dates.map(text => rowKey(columnShape('date', {nullable: false}), text))
  assert.equal(new Set(keys).size, dates.length)
  const times = ['0000-00-00 00:00:00.000000', '0000-00-00 00:00:00.000001', '2024-00-00 12:00:00.000001', null]
  const nullable = times.map(text => rowKey(datetime(6), text))
  assert.equal(new Set(nullable).size, times.length)
})

test('a mark left by one row does not reach the key of the next', () => {
  const encoder = valueEncoder(columnShape('date'))
  for (const [text, key] of [
    ['0000-00-00', 'z0.0'],
    ['1970-01-02', '1'],
    ['0000-00-00', 'z0.0'],
    [null, 'null'],
  ] as const) {
    const packet = textField(text)
    written(out => encoder.encodeText(packet, 0, packet.length, out))
    assert.equal(
      written(out => encoder.writeRowKey(out)),
      key,
    )
  }
})

test('a date that is in no calendar stops with the column, from both entrances', () => {
  const wanted = {code: 'TIDEMARK_VALUE_INVALID_DATE', message: /column v/}
  assert.throws(() => fromText(columnShape('date'), '2023-02-29'), wanted)
  assert.throws(() => fromText(columnShape('date'), '2024-04-31'), wanted)
  assert.throws(() => fromImage(columnShape('date'), [MYSQL_TYPE.DATE], '5dce0f'), wanted)
  assert.equal(fromText(columnShape('date'), '2000-02-29'), '11016')
  assert.throws(() => fromText(columnShape('date'), '1900-02-29'), wanted)
})
