import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {StreamTable} from '../../../src/binlog/binlog-events.ts'
import type {ColumnShape, TableShape} from '../../../src/core/table-shape.ts'
import {schemaDifference} from '../../../src/stream/schema-difference.ts'
import {column} from '../../support/stream-parts.ts'

const id = {database: 'd', table: 't'}

function shapeOf(columns: readonly ColumnShape[]): TableShape {
  return {id, columns, primaryKey: [0]}
}

/** As the binlog has it without names; `packBytes` for enum and set columns. */
function eventOf(columns: readonly ColumnShape[], packBytes = 1): StreamTable {
  const unnamed = columns.map(each => ({
    ...each,
    name: '',
    labels: null,
    charset: each.labels === null ? each.charset : null,
  }))
  return {
    shape: {id, columns: unnamed, primaryKey: []},
    layout: {
      types: new Uint8Array(columns.length),
      metadata: Uint16Array.from(columns, () => packBytes << 8),
    },
    unnamed: true,
  }
}

const number = column('id', 'int', {unsigned: true})
const text = column('v', 'varchar')

test('a definition fits the event of its own table', () => {
  const columns = [number, text, column('d', 'decimal', {precision: 10, scale: 2}), column('t', 'time', {fraction: 3})]
  assert.equal(schemaDifference(shapeOf(columns), eventOf(columns)), null)
})

test('whatever an event without names says of a column is compared', () => {
  const others: readonly (readonly [ColumnShape, ColumnShape])[] = [
    [number, {...number, unsigned: false}],
    [number, {...number, type: 'bigint'}],
    [number, {...number, nullable: true}],
    [text, {...text, length: 21}],
    [text, {...text, charset: 'latin1'}],
    [column('d', 'decimal', {precision: 10, scale: 2}), column('d', 'decimal', {precision: 10, scale: 3})],
    [column('t', 'time', {fraction: 3}), column('t', 'time', {fraction: 0})],
  ]
  for (const [known, found] of others) {
    assert.match(schemaDifference(shapeOf([number, known]), eventOf([number, found])) ?? '', /^column 2 is /)
  }
  assert.match(schemaDifference(shapeOf([number, text]), eventOf([number])) ?? '', /has 1 columns, the definition 2/)
})

test('the labels of enum and set columns fit the bytes that their values take', () => {
  const labels = (count: number): string[] => Array.from({length: count}, (_, i) => `l${i}`)
  const sizes: readonly (readonly ['enum' | 'set', number, number])[] = [
    ['enum', 255, 1],
    ['enum', 256, 2],
    ['set', 8, 1],
    ['set', 9, 2],
    ['set', 17, 3],
    ['set', 32, 4],
    ['set', 33, 8],
  ]
  for (const [type, count, bytes] of sizes) {
    const columns = [column('e', type, {labels: labels(count), charset: 'utf8mb4'})]
    assert.equal(schemaDifference(shapeOf(columns), eventOf(columns, bytes)), null, `${type} ${count}`)
    assert.match(schemaDifference(shapeOf(columns), eventOf(columns, bytes + 1)) ?? '', /values \(e\)/)
  }
})
