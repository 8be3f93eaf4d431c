import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {ValueModes} from '../../../../src/config/value-modes.ts'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, modes, prefixed} from '../../../support/encode-value.ts'

const decimal = (precision: number, scale: number) => columnShape('decimal', {precision, scale})
const decimalLayout = (precision: number, scale: number) => [MYSQL_TYPE.NEWDECIMAL, precision | (scale << 8)] as const

test('decimal.handling.mode=string: the digits as the server prints them, without the zeros of ZEROFILL', () => {
  const string = modes({decimal: 'string'})
  assert.equal(fromText(decimal(10, 2), '-12.30', string), '"-12.30"')
  assert.equal(fromText(decimal(10, 2), '00000000.50', string), '"0.50"')
  assert.equal(fromText(decimal(3, 0), '007', string), '"7"')
  assert.equal(fromText(decimal(3, 0), '0', string), '"0"')
  // 1234567890.1234 and its negative, from MySQL's own description of the format.
  assert.equal(fromImage(decimal(14, 4), decimalLayout(14, 4), '810dfb38d204d2', string), '"1234567890.1234"')
  assert.equal(fromImage(decimal(14, 4), decimalLayout(14, 4), '7ef204c72dfb2d', string), '"-1234567890.1234"')
  assert.equal(fromImage(decimal(4, 2), decimalLayout(4, 2), '8005', string), '"0.05"')
})

test('decimal.handling.mode=double: the nearest double, spelled as Java does', () => {
  const double = modes({decimal: 'double'})
  assert.equal(fromText(decimal(10, 2), '-12.30', double), '-12.3')
  assert.equal(fromText(decimal(30, 0), '123456789012345678901234567890', double), '1.2345678901234568E29')
  assert.equal(fromImage(decimal(14, 4), decimalLayout(14, 4), '810dfb38d204d2', double), '1.2345678901234E9')
  assert.equal(fromImage(decimal(4, 2), decimalLayout(4, 2), '8000', double), '0.0')
})

test('binary.handling.mode: base64, base64 for URLs, lower-case digits; BINARY(n) is filled up in each', () => {
  const varbinary = columnShape('varbinary', {length: 8})
  const binary = columnShape('binary', {length: 4})
  const bytes = Buffer.from('fbff00', 'hex')
  const wanted: readonly [ValueModes['binary'], string, string][] = [
    ['bytes', '"+/8A"', '"+/8AAA=="'],
    ['base64', '"+/8A"', '"+/8AAA=="'],
    ['base64-url-safe', '"-_8A"', '"-_8AAA=="'],
    ['hex', '"fbff00"', '"fbff0000"'],
  ]
  for (const [mode, variable, fixed] of wanted) {
    const options = modes({binary: mode})
    assert.equal(fromText(varbinary, bytes, options), variable)
    assert.equal(fromImage(varbinary, [MYSQL_TYPE.VARCHAR, 8], prefixed(bytes, 1), options), variable)
    assert.equal(fromImage(binary, [MYSQL_TYPE.STRING, 0x04fe], prefixed(bytes, 1), options), fixed)
  }
})

const time = (fraction = 6) => columnShape('time', {fraction})
const datetime = (fraction = 6) => columnShape('datetime', {fraction})

test('time.precision.mode: one moment in every mode', () => {
  const wanted: readonly [ValueModes['time'], string, string, string][] = [
    ['adaptive_time_microseconds', '19782', '1709210936123400', '46136123400'],
    ['microseconds', '19782', '1709210936123400', '46136123400'],
    ['nanoseconds', '19782', '1709210936123400000', '46136123400000'],
    ['connect', '19782', '1709210936123', '46136123'],
    ['isostring', '"2024-02-29Z"', '"2024-02-29T12:48:56.1234Z"', '"12:48:56.1234Z"'],
  ]
  for (const [mode, date, moment, ofDay] of wanted) {
    const options = modes({time: mode})
    assert.equal(fromText(columnShape('date'), '2024-02-29', options), date, mode)
    assert.equal(fromText(datetime(), '2024-02-29 12:48:56.123400', options), moment, mode)
    assert.equal(fromText(time(), '12:48:56.123400', options), ofDay, mode)
    assert.equal(
      fromText(columnShape('timestamp', {fraction: 1}), '2024-02-29 12:48:56.5', options),
      '"2024-02-29T12:48:56.5Z"',
    )
  }
  assert.equal(fromText(datetime(0), '1970-01-01 00:00:00', modes({time: 'nanoseconds'})), '0')
  assert.equal(fromText(datetime(0), '2024-02-29 12:48:56', modes({time: 'microseconds'})), '1709210936000000')
  assert.equal(fromText(datetime(0), '2024-02-29 12:48:56', modes({time: 'isostring'})), '"2024-02-29T12:48:56Z"')
})

test('a zero date in a NOT NULL column is the epoch of the mode', () => {
  const required = {nullable: false}
  const options = modes({time: 'isostring'})
  assert.equal(fromText(columnShape('date', required), '0000-00-00', options), '"1970-01-01Z"')
  assert.equal(fromText(columnShape('datetime', required), '0000-00-00 00:00:00', options), '"1970-01-01T00:00:00Z"')
  assert.equal(fromText(columnShape('date'), '2024-00-10', options), 'null')
})

test('what a mode cannot express stops with the column and a mode that can', () => {
  for (const mode of ['connect', 'isostring'] as const) {
    for (const value of ['-00:00:01', '24:00:00', '838:59:59']) {
      assert.throws(() => fromText(time(0), value, modes({time: mode})), {
        code: 'TIDEMARK_VALUE_TIME_RANGE',
        message: /column v .*time\.precision\.mode=.*microseconds/,
      })
    }
    assert.notEqual(fromText(time(), '23:59:59.999999', modes({time: mode})), '')
  }
  const nanos = modes({time: 'nanoseconds'})
  for (const value of ['1677-09-21 00:00:00', '2262-04-12 00:00:00']) {
    assert.throws(() => fromText(datetime(0), value, nanos), {code: 'TIDEMARK_VALUE_TIME_RANGE'})
  }
  assert.equal(fromText(datetime(0), '2262-04-11 00:00:00', nanos), '9223286400000000000')
  assert.equal(fromText(time(0), '-838:59:59', nanos), '-3020399000000000')
})
