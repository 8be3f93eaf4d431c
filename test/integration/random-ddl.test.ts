import {test} from 'node:test'
import {convergeUnderDdl} from '../support/ddl-scenario.ts'

test('tables of random types and keys, written and altered at random while they are copied, converge, and are spelled alike', async t => {
  await convergeUnderDdl(t, {tables: 5, rows: 80, rounds: 2})
})
