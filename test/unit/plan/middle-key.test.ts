import assert from 'node:assert/strict'
import {test} from 'node:test'
import {middleKey} from '../../../src/plan/middle-key.ts'
import type {LiteralKind} from '../../../src/snapshot/chunk-key.ts'

function middle(literal: LiteralKind, first: string, last: string): string | undefined {
  return middleKey({column: 0, name: 'k', literal, expression: null}, [first], [last])?.[0]
}

const text = (value: string): string => `_utf8mb4 X'${Buffer.from(value).toString('hex')}'`

test('between two keys of any kind lies a literal of the same kind', () => {
  assert.equal(middle('plain', '1', '18446744073709551615'), '9223372036854775808')
  assert.equal(middle('plain', '-10.5', '20.25'), '5')
  assert.equal(middle('double', '1e0', '2e0'), '1.5e0')
  assert.equal(middle('quoted', "'2024-01-01'", "'2024-01-03'"), "'2024-01-02'")
  assert.equal(middle('quoted', "'2024-01-01 00:00:00.000'", "'2024-01-03 00:00:00.000'"), "'2024-01-02 00:00:00'")
  assert.equal(middle('bytes', "X'0010'", "X'00f0'"), "X'0080'")
  assert.equal(middle('text', text('ka'), text('kz')), text('km'))
})

test('between digits and letters lies a digit or a letter, of the case that there is', () => {
  assert.equal(middle('text', text('00000001-'), text('b19605ad-')), text('5'))
  assert.equal(middle('text', text('1f'), text('zz')), text('i'))
  assert.equal(middle('text', text('ORD-1'), text('XRD-9')), text('S'))
  assert.equal(middle('text', text('SKU-000001'), text('SKU-000800')), text('SKU-0004'))
})

test('where nothing lies between, or nothing can be told, there is none', () => {
  assert.equal(middle('plain', '7', '8'), undefined)
  assert.equal(middle('text', text('é'), text('ü')), undefined)
  assert.equal(middle('quoted', "'10:00:00'", "'12:00:00'"), undefined)
})

test('a composite key keeps the other columns of its first row', () => {
  const key = middleKey({column: 0, name: 'k', literal: 'plain', expression: null}, ['1', '5'], ['9', '2'])
  assert.deepEqual(key, ['5', '5'])
})
