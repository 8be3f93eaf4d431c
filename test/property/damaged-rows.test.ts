import {test} from 'node:test'
import fc from 'fast-check'
import {damagedRows, decodeDamaged} from '../support/image-fuzz.ts'

// A failure prints fast-check's seed and path; give both to fc.assert to see it again. test/long has more of the same.

test('row events of random tables, damaged at random, give values or an error of ours, and nothing behind them counts', () => {
  fc.assert(fc.property(damagedRows, decodeDamaged), {numRuns: 1000})
})
