// As the integration test of the same name, for several seeds; TIDEMARK_TEST_SEED is the first of them.

import {test} from 'node:test'
import {convergeUnderDdl} from '../support/ddl-scenario.ts'

const SEEDS = 8
const first = Number(process.env['TIDEMARK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

for (let seed = first; seed < first + SEEDS; seed++) {
  test(`random tables under random DDL converge: seed ${seed}`, {timeout: 180_000}, async t => {
    await convergeUnderDdl(t, {seed, tables: 5, rows: 100, rounds: 5})
  })
}
