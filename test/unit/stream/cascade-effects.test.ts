import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {CascadingKey} from '../../../src/core/cascading-key.ts'
import {cascadeEffects} from '../../../src/stream/cascade-effects.ts'

function key(parent: string, child: string, more: Partial<CascadingKey> = {}): CascadingKey {
  return {
    ...{name: `${child}_of_${parent}`, parent: {database: 'd', table: parent}, child: {database: 'd', table: child}},
    ...{onDelete: 'removed', changesOnUpdate: true, columns: ['parent'], parentColumns: [{name: 'id', index: 0}]},
    ...{childKey: ['id'], ...more},
  }
}

function effects(keys: readonly CascadingKey[], table: string, columns: readonly string[] | null): string[] {
  const change = {table: {database: 'd', table}, columns: columns === null ? null : new Set(columns)}
  return cascadeEffects(keys, change).map(effect => `${effect.child.table} ${effect.columns?.join() ?? 'removed'}`)
}

test('a deleted row takes with it whatever refers to it, at any depth, and a circle ends', () => {
  const keys = [key('a', 'b'), key('b', 'c'), key('c', 'a'), key('x', 'y')]
  assert.deepEqual(effects(keys, 'a', null), ['b removed', 'c removed', 'a removed'])
})

test('a key that refuses to delete is passed over, and one that sets NULL changes only its columns', () => {
  const keys = [key('a', 'b', {onDelete: null}), key('a', 'c', {onDelete: 'changed'}), key('c', 'e')]
  assert.deepEqual(effects(keys, 'a', null), ['c parent'])
})

test('an update goes on only with the columns that are referred to', () => {
  const onward = key('b', 'c', {parentColumns: [{name: 'parent', index: 1}]})
  const keys = [key('a', 'b'), onward, key('b', 'e')]
  assert.deepEqual(effects(keys, 'a', ['note']), [])
  assert.deepEqual(effects(keys, 'a', ['id']), ['b parent', 'c parent'])
  assert.deepEqual(effects([key('a', 'b', {changesOnUpdate: false})], 'a', ['id']), [])
})

test('names of tables are the same whatever their case', () => {
  assert.deepEqual(effects([key('Parent', 'b')], 'parent', null), ['b removed'])
})
