import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {test} from 'node:test'
import {NO_COLUMN_RULES, type ColumnMapping, type ColumnRules} from '../../../src/config/column-rules.ts'
import {ByteWriter} from '../../../src/core/byte-writer.ts'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../../../src/encode/row-encoder.ts'
import {columnShape, ENCODER_SETTINGS, tableShape, textField, written} from '../../support/encode-value.ts'

const text = columnShape('varchar', {name: 'name', length: 20, charset: 'utf8mb4'})
const SHAPE = tableShape([columnShape('int', {name: 'id'}), text, columnShape('int', {name: 'age'})], [0])

function encoder(columns: Partial<ColumnRules>, shape = SHAPE, key: readonly number[] = [0]): RowEncoder {
  const settings = {...ENCODER_SETTINGS, columns: {...NO_COLUMN_RULES, ...columns}}
  return compileRowEncoder({shape, messageKey: key, rowKey: key, options: {settings}})
}

function row(own: RowEncoder, ...values: readonly (Buffer | string | null)[]): string {
  const packet = Buffer.concat(values.map(textField))
  return written(out => own.encodeText(packet, 0, packet.length, out))
}

function mapped(mapping: ColumnMapping, column = text): (value: Buffer | string | null) => unknown {
  const own = encoder(
    {mappings: [{columns: [/^shop\.orders\.name$/], mapping}]},
    tableShape([{...column, name: 'name'}]),
  )
  return value => (JSON.parse(row(own, value)) as {name: unknown}).name
}

test('columns are left out and taken in by their whole names, and stay in table order', () => {
  assert.equal(row(encoder({exclude: [/^shop\.orders\.name$/]}), '1', 'x', '3'), '{"id":1,"age":3}')
  assert.equal(row(encoder({include: [/^shop\.orders\.(age|name)$/]}), '1', 'x', '3'), '{"name":"x","age":3}')
  assert.equal(row(encoder({include: [/^shop\.items\..*$/]}), '1', 'x', '3'), '{}')
  assert.equal(row(encoder({exclude: [/^shop\.items\..*$/]}), '1', 'x', '3'), '{"id":1,"name":"x","age":3}')
})

test('a key has its columns whatever happens to them in the row', () => {
  const own = encoder(
    {exclude: [/^.*\.id$/], mappings: [{columns: [/^.*\.name$/], mapping: {type: 'mask', length: 3}}]},
    SHAPE,
    [0, 1],
  )
  assert.equal(row(own, '1', 'secret', null), '{"name":"***","age":null}')
  assert.equal(
    written(out => own.writeMessageKey(out)),
    '{"id":1,"name":"secret"}',
  )
  assert.equal(
    written(out => own.writeRowKey(out)),
    '1,"secret"',
  )
})

test('text is cut behind so many characters, never through one; binary values behind so many bytes', () => {
  const cut = mapped({type: 'truncate', length: 3})
  assert.deepEqual([cut('abcdef'), cut('abc'), cut('äöüß'), cut('ab😀'), cut(null)], ['abc', 'abc', 'äöü', 'ab', null])
  const bytes = mapped({type: 'truncate', length: 2}, columnShape('varbinary', {length: 9}))
  assert.equal(bytes(Buffer.from('010203', 'hex')), Buffer.from('0102', 'hex').toString('base64'))
  assert.equal(mapped({type: 'truncate', length: 1}, columnShape('int'))('123'), 123)
})

test('a mask hides everything, also whether there is anything', () => {
  const mask = mapped({type: 'mask', length: 5})
  assert.deepEqual([mask('abcdef'), mask(''), mask(null)], ['*****', '*****', '*****'])
  assert.equal(mapped({type: 'mask', length: 0})('x'), '')
  assert.equal(mapped({type: 'mask', length: 5}, columnShape('int'))('7'), 7)
})

test('a hash is salted, and no longer than its column; null stays null', () => {
  const sha = (bytes: Buffer): string => createHash('sha256').update('salt').update(bytes).digest('hex')
  const hash = mapped({type: 'hash', algorithm: 'sha256', salt: 'salt', serialized: false})
  assert.deepEqual([hash('é'), hash(null)], [sha(Buffer.from('é')).slice(0, 20), null])
  const long = mapped({type: 'hash', algorithm: 'sha256', salt: 'salt', serialized: true}, {...text, length: null})
  // java.io.ObjectOutputStream: magic, version 5, TC_STRING, length, modified UTF-8.
  assert.equal(long('a\0'), sha(Buffer.from('aced0005740003 61c080'.replace(' ', ''), 'hex')))
})

test('rows of a projection come one after the other into the same buffer', () => {
  const own = encoder({exclude: [/^.*\.age$/]})
  const out = new ByteWriter(8)
  for (const id of ['1', '2']) {
    const packet = Buffer.concat([id, 'x'.repeat(200), '9'].map(textField))
    own.encodeText(packet, 0, packet.length, out)
    own.writeMessageKey(out)
  }
  const wanted = ['1', '2'].map(id => `{"id":${id},"name":"${'x'.repeat(200)}"}{"id":${id}}`).join('')
  assert.equal(out.view().toString(), wanted)
})
