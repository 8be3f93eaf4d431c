import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {ColumnType, TableShape} from '../../../src/core/table-shape.ts'
import {chunkKeyOf, keyLiteral, keyText} from '../../../src/snapshot/chunk-key.ts'
import type {LiteralKind} from '../../../src/snapshot/chunk-key.ts'
import {column} from '../../support/stream-parts.ts'

function shapeOf(type: ColumnType, more: object = {}): TableShape {
  return {id: {database: 'd', table: 't'}, columns: [column('a`b', type, more)], primaryKey: [0]}
}

const KINDS: readonly (readonly [LiteralKind, string | null, readonly ColumnType[]])[] = [
  ['plain', null, ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year']],
  ['plain', 'CAST(`a``b` AS UNSIGNED)', ['enum', 'set', 'bit']],
  ['double', 'CAST(`a``b` AS DOUBLE)', ['float', 'double']],
  ['quoted', null, ['date', 'time', 'datetime', 'timestamp']],
  ['text', null, ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']],
  ['bytes', null, ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']],
]
for (const [literal, expression, types] of KINDS) {
  for (const type of types) {
    test(`a key column of type ${type} goes back as ${literal}${expression === null ? '' : ` read by ${expression}`}`, () => {
      assert.deepEqual(chunkKeyOf(shapeOf(type), [0]), [{column: 0, name: 'a`b', literal, expression}])
    })
  }
}

test('a text column without a character set goes back as bytes', () => {
  assert.equal(chunkKeyOf(shapeOf('varchar', {charset: null}), [0])[0]!.literal, 'bytes')
})

for (const type of ['json', 'geometry', 'vector'] as const) {
  test(`a key column of type ${type} is refused with its name and what to do`, () => {
    assert.throws(() => chunkKeyOf(shapeOf(type), [0]), {
      code: 'TIDEMARK_SNAPSHOT_KEY_TYPE',
      message: new RegExp(`d\\.t: key column a\`b is of type ${type}.*surrogate-key`),
    })
  })
}

test('key columns keep the order of the key', () => {
  const shape: TableShape = {
    id: {database: 'd', table: 't'},
    columns: [column('a', 'int'), column('b', 'varchar'), column('c', 'date')],
    primaryKey: [2, 0],
  }
  assert.deepEqual(
    chunkKeyOf(shape, [2, 0]).map(({name, literal}) => [name, literal]),
    [
      ['c', 'quoted'],
      ['a', 'plain'],
    ],
  )
})

const LITERALS: readonly (readonly [LiteralKind, string, string])[] = [
  ['plain', '-9223372036854775808', '-9223372036854775808'],
  ['plain', '0.10', '0.10'],
  ['double', '0.1', '0.1e0'],
  ['double', '-1.5e300', '-1.5e300'],
  ['double', '1E3', '1E3'],
  ['double', '7', '7e0'],
  ['quoted', '2024-02-29 23:59:59.123456', "'2024-02-29 23:59:59.123456'"],
  ['quoted', '-838:59:59', "'-838:59:59'"],
  ['text', "it's \\ ü", `_utf8mb4 X'${Buffer.from("it's \\ ü").toString('hex')}'`],
  ['text', '', "_utf8mb4''"],
  ['bytes', '\0ab', "X'006162'"],
  ['bytes', '', "''"],
]
for (const [kind, value, literal] of LITERALS) {
  test(`${JSON.stringify(value)} as ${kind} is the literal ${literal}, wherever it lies in the packet`, () => {
    const bytes = Buffer.from(value)
    const packet = Buffer.concat([Buffer.from('###'), bytes, Buffer.from('###')])
    assert.equal(keyLiteral(kind, packet, 3, 3 + bytes.length), literal)
  })
}

const TEXTS: readonly (readonly [readonly string[], string])[] = [
  [['42'], '42'],
  [["_utf8mb4 X'c3bc2c61'"], 'ü,a'],
  [["_utf8mb4''"], ''],
  [["''"], ''],
  [['1.5e0', "'2024-01-01'"], '1.5,2024-01-01'],
  [['1.5e300'], '1.5e300'],
  [["X'00ff'"], "X'00ff'"],
  [[`_utf8mb4 X'${'61'.repeat(100)}'`], `${'a'.repeat(61)}...`],
  [[`_utf8mb4 X'${'61'.repeat(64)}'`], 'a'.repeat(64)],
]
for (const [values, text] of TEXTS) {
  test(`${values.join(' ')} is shown to people as ${JSON.stringify(text)}`, () => {
    assert.equal(keyText(values), text)
  })
}
