import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import type {ChunkKey} from '../../../src/snapshot/chunk-key.ts'
import {boundaryQuery, chunkQuery, maximumKeyQuery} from '../../../src/snapshot/chunk-query.ts'
import type {ChunkRange} from '../../../src/snapshot/chunk-query.ts'
import {tableId} from '../../support/snapshot-parts.ts'

function keyOf(...names: readonly string[]): ChunkKey {
  return names.map((name, column) => ({column, name, literal: 'plain', expression: null}))
}

const WHOLE: Omit<ChunkRange, 'key'> = {table: tableId('t'), after: null, upTo: null, condition: null}

const GOLDEN: readonly (readonly [string, Partial<ChunkRange>, string])[] = [
  ['one column, everything', {key: keyOf('a')}, 'SELECT `v` FROM `d`.`t` ORDER BY `a` LIMIT 5'],
  [
    'one column, behind a key',
    {key: keyOf('a'), after: ['1']},
    'SELECT `v` FROM `d`.`t` WHERE `a` > 1 ORDER BY `a` LIMIT 5',
  ],
  [
    'one column, behind a key up to the maximum, filtered',
    {key: keyOf('a'), after: ['1'], upTo: ['9'], condition: "v = 'x' OR v IS NULL"},
    "SELECT `v` FROM `d`.`t` WHERE `a` > 1 AND `a` <= 9 AND (v = 'x' OR v IS NULL) ORDER BY `a` LIMIT 5",
  ],
  [
    'two columns, behind a key',
    {key: keyOf('a', 'b'), after: ['1', '2']},
    'SELECT `v` FROM `d`.`t` WHERE `a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > 2)) ORDER BY `a`, `b` LIMIT 5',
  ],
  [
    'two columns, up to the maximum',
    {key: keyOf('a', 'b'), upTo: ['8', '9']},
    'SELECT `v` FROM `d`.`t` WHERE `a` <= 8 AND (`a` < 8 OR (`a` = 8 AND `b` <= 9)) ORDER BY `a`, `b` LIMIT 5',
  ],
  [
    'three columns, behind a key up to the maximum, filtered',
    {key: keyOf('a', 'b', 'c'), after: ['1', '2', '3'], upTo: ['7', '8', '9'], condition: 'x'},
    'SELECT `v` FROM `d`.`t` WHERE ' +
      '`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > 2) OR (`a` = 1 AND `b` = 2 AND `c` > 3)) AND ' +
      '`a` <= 7 AND (`a` < 7 OR (`a` = 7 AND `b` < 8) OR (`a` = 7 AND `b` = 8 AND `c` <= 9)) AND (x) ' +
      'ORDER BY `a`, `b`, `c` LIMIT 5',
  ],
]
for (const [name, range, sql] of GOLDEN) {
  test(`chunk query: ${name}`, () => {
    assert.equal(chunkQuery({...WHOLE, ...range} as ChunkRange, ['`v`'], 5), sql)
  })
}

const ENUM: ChunkKey = [
  {column: 1, name: 'e`x', literal: 'plain', expression: '`e``x`+0'},
  {column: 0, name: 'id', literal: 'plain', expression: null},
]

test('expressions of the key stand behind the row, and the columns themselves are compared and ordered', () => {
  assert.equal(
    chunkQuery({...WHOLE, key: ENUM, after: ['2', '5']}, ['`id`', '`e``x`'], 7),
    'SELECT `id`, `e``x`, `e``x`+0 FROM `d`.`t` WHERE ' +
      '`e``x` >= 2 AND (`e``x` > 2 OR (`e``x` = 2 AND `id` > 5)) ORDER BY `e``x`, `id` LIMIT 7',
  )
})

test('the maximum key is the first one in descending order, among the rows of the filter', () => {
  assert.equal(
    maximumKeyQuery(tableId('t'), ENUM, null),
    'SELECT `e``x`+0, `id` FROM `d`.`t` ORDER BY `e``x` DESC, `id` DESC LIMIT 1',
  )
  assert.equal(
    maximumKeyQuery(tableId('t'), keyOf('a'), 'v > 1 OR 1'),
    'SELECT `a` FROM `d`.`t` WHERE (v > 1 OR 1) ORDER BY `a` DESC LIMIT 1',
  )
})

test('a boundary is the key so many rows behind another, without the filter', () => {
  assert.equal(
    boundaryQuery({...WHOLE, key: keyOf('a'), after: ['3'], condition: 'x'}, 100),
    'SELECT `a` FROM `d`.`t` WHERE `a` > 3 ORDER BY `a` LIMIT 1 OFFSET 100',
  )
})

// The WHERE clause as MySQL would take it, for columns that hold small integers.
function matches(sql: string, row: ReadonlyMap<string, number>): boolean {
  const where = / WHERE (.*) ORDER BY /.exec(sql)?.[1]
  if (where === undefined) return true
  const tokens = where.match(/\(|\)|AND|OR|<=|>=|<|>|=|`\w+`|\d+/g)!
  let at = 0
  const value = (): number => {
    const token = tokens[at++]!
    return token.startsWith('`') ? row.get(token.slice(1, -1))! : Number(token)
  }
  const comparison = (): boolean => {
    if (tokens[at] === '(') {
      at++
      const inner = disjunction()
      at++
      return inner
    }
    const left = value()
    const operator = tokens[at++]!
    const right = value()
    switch (operator) {
      case '<':
        return left < right
      case '<=':
        return left <= right
      case '>':
        return left > right
      case '>=':
        return left >= right
      default:
        return left === right
    }
  }
  const conjunction = (): boolean => {
    let all = comparison()
    while (tokens[at] === 'AND') {
      at++
      const next = comparison()
      all = all && next
    }
    return all
  }
  const disjunction = (): boolean => {
    let any = conjunction()
    while (tokens[at] === 'OR') {
      at++
      const next = conjunction()
      any = any || next
    }
    return any
  }
  return disjunction()
}

function compareTuples(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

test('the ladder selects exactly the tuples behind one key and not behind the other', () => {
  const width = fc.integer({min: 1, max: 4})
  const cases = width.chain(n => {
    const tuple = fc.array(fc.integer({min: 0, max: 3}), {minLength: n, maxLength: n})
    return fc.tuple(tuple, fc.option(tuple), fc.option(tuple))
  })
  fc.assert(
    fc.property(cases, ([row, after, upTo]) => {
      const names = row.map((_, i) => `k${i}`)
      const sql = chunkQuery(
        {...WHOLE, key: keyOf(...names), after: after?.map(String) ?? null, upTo: upTo?.map(String) ?? null},
        ['1'],
        1,
      )
      const isInside =
        (after === null || compareTuples(row, after) > 0) && (upTo === null || compareTuples(row, upTo) <= 0)
      assert.equal(matches(sql, new Map(row.map((value, i) => [names[i]!, value]))), isInside, sql)
    }),
    {numRuns: 3_000},
  )
})
