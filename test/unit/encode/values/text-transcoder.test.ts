import assert from 'node:assert/strict'
import {test} from 'node:test'
import {MYSQL_TYPE} from '../../../../src/encode/values/image-bytes.ts'
import {columnShape, fromImage, fromText, prefixed} from '../../../support/encode-value.ts'

const varchar = (charset: string) => columnShape('varchar', {length: 100, charset})
const image = (charset: string, bytes: Buffer | string) =>
  fromImage(varchar(charset), [MYSQL_TYPE.VARCHAR, 400], prefixed(bytes, 2))

test('text is escaped as Jackson does it', () => {
  assert.equal(
    fromText(varchar('utf8mb4'), 'a"b\\c/d\n\r\t\b\f\u0000\u001f\u007fé😀'),
    '"a\\"b\\\\c/d\\n\\r\\t\\b\\f\\u0000\\u001F\u007fé\\uD83D\\uDE00"',
  )
})

test('text of any length and any place of an escape reads back the same', () => {
  for (const length of [0, 1, 3, 4, 5, 250, 251, 8191, 8192, 8193, 20_000, 70_000]) {
    for (const escape of [0, 1, 2, 3, length - 1]) {
      const text = `${'x'.repeat(Math.max(0, escape))}"${'y'.repeat(Math.max(0, length - escape - 1))}`.slice(0, length)
      assert.equal(JSON.parse(fromText(columnShape('longtext', {charset: 'utf8mb4'}), text)), text)
    }
  }
})

test('a pair of surrogates stands escaped wherever it falls, and what is no text passes as it is', () => {
  for (const length of [0, 1, 2, 3, 4, 8189, 8190, 8191, 8192, 20_000]) {
    const text = `${'x'.repeat(length)}😀é𝄞${'y'.repeat(length % 7)}`
    const json = fromText(columnShape('longtext', {charset: 'utf8mb4'}), text)
    assert.equal(JSON.parse(json), text)
    assert.ok(json.includes('\\uD83D\\uDE00é\\uD834\\uDD1E'), `behind ${length}`)
  }
  assert.doesNotThrow(() => fromText(columnShape('longtext', {charset: 'utf8mb4'}), Buffer.from('61f09f98', 'hex')))
})

test("latin1 is MySQL's cp1252, with control characters where that has gaps", () => {
  assert.equal(image('latin1', Buffer.from('80e981', 'hex')), '"€é\u0081"')
})

test('UTF-16 and UTF-32 come out as UTF-8, pairs of surrogates escaped', () => {
  assert.equal(image('utf16', Buffer.from('0041d83dde0000e9', 'hex')), '"A\\uD83D\\uDE00é"')
  assert.equal(image('utf16le', Buffer.from('41003dd800de', 'hex')), '"A\\uD83D\\uDE00"')
  assert.equal(image('ucs2', Buffer.from('00220041', 'hex')), '"\\"A"')
  assert.equal(image('utf32', Buffer.from('0001f60000000041', 'hex')), '"\\uD83D\\uDE00A"')
})

test('East Asian text is decoded by the tables of MySQL', () => {
  assert.equal(image('gbk', Buffer.from('c8d5b1be', 'hex')), '"日本"')
  assert.equal(image('big5', Buffer.from('a4e9a5bb', 'hex')), '"日本"')
  assert.equal(image('sjis', Buffer.from('93fa967bb1815f', 'hex')), '"日本ｱ\\\\"')
  assert.equal(image('ujis', Buffer.from('c6fccbdc8eb1', 'hex')), '"日本ｱ"')
  assert.equal(image('euckr', Buffer.from('c7d1b1b9', 'hex')), '"한국"')
  assert.equal(image('gb18030', Buffer.from('c8d59439da33', 'hex')), '"日\\uD83D\\uDCA9"')
})

test('a character cut off at the end does not reach behind the value', () => {
  for (const charset of ['gbk', 'big5', 'sjis', 'ujis', 'euckr', 'gb18030', 'utf16', 'utf16le', 'utf32', 'ucs2']) {
    assert.doesNotThrow(() => JSON.parse(image(charset, Buffer.from('8f', 'hex'))) as unknown, charset)
    assert.doesNotThrow(() => JSON.parse(image(charset, Buffer.from('d83d81', 'hex'))) as unknown, charset)
  }
})
