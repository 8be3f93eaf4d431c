// As the property test of the same name, for minutes, each run with seeds of its own.

import {test} from 'node:test'
import fc from 'fast-check'
import {damagedRows, decodeDamaged} from '../support/image-fuzz.ts'

const first = Number(process.env['TIDEMARK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

for (let seed = first; seed < first + 8; seed++) {
  test(`damaged row events give values or an error of ours: seed ${seed}`, () => {
    fc.assert(fc.property(damagedRows, decodeDamaged), {numRuns: 20_000, seed})
  })
}
