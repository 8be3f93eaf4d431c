import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {ConverterRule} from '../../../src/config/converters.ts'
import {PLAIN_SCHEMAS} from '../../../src/config/schema-settings.ts'
import type {ColumnShape, DeclaredColumn} from '../../../src/core/table-shape.ts'
import {AS_THEY_ARE, outputShape} from '../../../src/encode/output-columns.ts'
import {
  columnShape,
  ENCODER_SETTINGS,
  fromImage,
  fromText,
  tableShape,
  textField,
  valueEncoder,
  written,
} from '../../support/encode-value.ts'

const INT = (name: string): ColumnShape => columnShape('int', {name})
const declared = (type: string): {declared: DeclaredColumn} => ({
  declared: {type, default: {type: 'none'}, comment: ''},
})
const rule = (more: Partial<ConverterRule>): ConverterRule => ({
  ...{converter: 'c', conversion: 'boolean', columns: null, tinyInt: '1'},
  ...more,
})
const using = (more: Partial<ConverterRule>): {settings: typeof ENCODER_SETTINGS} => ({
  settings: {...ENCODER_SETTINGS, converters: [rule(more)]},
})

test('names of fields are adjusted, those of columns stay', () => {
  const schemas = {...PLAIN_SCHEMAS, fieldNames: 'avro'} as const
  const {columns} = outputShape(tableShape([INT('a.b'), INT('1')]), {...AS_THEY_ARE, schemas})
  assert.deepEqual(
    columns.map(({name, field}) => [name, field]),
    [
      ['a.b', 'a_b'],
      ['1', '_1'],
    ],
  )
})

test('two columns that would be one field are refused by name', () => {
  const shape = tableShape([INT('a.b'), INT('a_b')])
  const named = (fieldNames: 'avro' | 'avro_unicode'): unknown =>
    outputShape(shape, {...AS_THEY_ARE, schemas: {...PLAIN_SCHEMAS, fieldNames}})
  assert.throws(() => named('avro'), {
    code: 'TIDEMARK_VALUE_FIELD_NAMES',
    message: /"a\.b" and "a_b" of shop\.orders would both be the field a_b/,
  })
  assert.doesNotThrow(() => named('avro_unicode'))
})

test('TINYINT(1) becomes a boolean, on both ways, and another TINYINT does not', () => {
  const one = columnShape('tinyint', declared('tinyint(1)'))
  const other = columnShape('tinyint', declared('tinyint'))
  for (const [value, image, wanted] of [
    ['0', '00', 'false'],
    ['1', '01', 'true'],
  ] as const) {
    assert.equal(fromText(one, value, using({})), wanted)
    assert.equal(fromImage(one, [1], image, using({})), wanted)
  }
  assert.equal(fromText(other, '1', using({})), '1')
  assert.equal(fromText(other, '1', using({tinyInt: 'any'})), 'true')
})

test('a TINYINT whose definition is gone is not guessed', () => {
  assert.throws(() => fromText(columnShape('tinyint'), '1', using({})), {code: 'TIDEMARK_VALUE_CONVERTER'})
})

test('a key must tell rows apart: a number that would be another one’s boolean stops', () => {
  const one = columnShape('tinyint', {...declared('tinyint(1)'), nullable: false})
  assert.throws(() => fromText(one, '7', using({})), {code: 'TIDEMARK_VALUE_UNSUPPORTED_KEY'})
})

test('numbers become 0 and 1, floats doubles of the same digits, doubles floats', () => {
  assert.equal(fromText(columnShape('int'), '0', using({conversion: 'int16', tinyInt: null})), '0')
  assert.equal(fromText(columnShape('int'), '1', using({conversion: 'int16', tinyInt: null})), '1')
  assert.equal(fromText(columnShape('float'), '1.100000023841858', using({conversion: 'double', tinyInt: null})), '1.1')
  assert.equal(
    fromText(columnShape('double'), '0.1234567890123', using({conversion: 'float', tinyInt: null})),
    '0.12345679',
  )
})

test('a converter that cannot convert the column is refused with what it can', () => {
  const more = {conversion: 'double', tinyInt: null} as const
  assert.throws(() => fromText(columnShape('varchar', {charset: 'utf8mb4'}), 'x', using(more)), {
    code: 'TIDEMARK_VALUE_CONVERTER',
    message: /of type varchar, wanted float, double; mend its selector/,
  })
})

test('keys may have the other form of decimals', () => {
  const column = columnShape('decimal', {precision: 20, scale: 3, nullable: false})
  const key = (values: 'base64' | 'numeric', keys: 'base64' | 'numeric'): string => {
    const {valueModes} = ENCODER_SETTINGS
    const settings = {...ENCODER_SETTINGS, valueModes: {...valueModes, decimalFormat: values}, keyDecimalFormat: keys}
    const encoder = valueEncoder(column, {settings})
    const packet = textField('-12345678901234.567')
    return `${written(out => encoder.encodeText(packet, 0, packet.length, out))} ${written(out => encoder.writeMessageKey(out))}`
  }
  const number = '{"v":-12345678901234.567}'
  assert.equal(key('base64', 'base64').split(' ')[1], key('numeric', 'base64').split(' ')[1])
  assert.equal(key('numeric', 'numeric'), `${number} ${number}`)
  assert.equal(key('base64', 'numeric').split(' ')[1], number)
  assert.equal(key('numeric', 'base64').split(' ')[0], number)
})
