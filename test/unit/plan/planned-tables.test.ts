import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {matchingTables} from '../../../src/plan/planned-tables.ts'

const captured = ['orders', 'order_items', 'customers'].map(table => ({database: 'shop', table}))

function refusal(patterns: readonly string[]): TidemarkError {
  try {
    matchingTables(captured, patterns)
  } catch (error) {
    if (error instanceof TidemarkError) return error
  }
  return assert.fail('not refused')
}

test('tables are chosen by name or pattern, each once, and without any all are', () => {
  const names = (patterns: readonly string[]): string[] => matchingTables(captured, patterns).map(({table}) => table)
  assert.deepEqual(names([]), ['orders', 'order_items', 'customers'])
  assert.deepEqual(names(['shop.customers', 'shop[.]order.*', 'shop.orders']), ['customers', 'orders', 'order_items'])
})

test('a table that is not captured is refused with the nearest one, or those that there are', () => {
  assert.match(refusal(['shop.order']).message, /no captured table matches "shop\.order"; did you mean shop\.orders\?/)
  assert.match(refusal(['other.things']).message, /captured are shop\.orders, shop\.order_items, shop\.customers/)
  assert.equal(refusal(['x']).kind, 'configuration')
})

test('a pattern that is none is refused', () => {
  assert.equal(refusal(['shop.(']).code, 'TIDEMARK_PLAN_USAGE')
})
