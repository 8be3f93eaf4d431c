// As the integration test of the same name, for many seeds.

import {test} from 'node:test'
import {convergeUnderDdl} from '../support/ddl-scenario.ts'

const first = Number(process.env['TIDEMARK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

for (let seed = first; seed < first + 15; seed++) {
  test(`random tables under random DDL converge: seed ${seed}`, async t => {
    await convergeUnderDdl(t, {seed, tables: 8, rows: 200, rounds: 3})
  })
}
