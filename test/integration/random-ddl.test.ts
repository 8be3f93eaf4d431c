import {test} from 'node:test'
import {convergeUnderDdl} from '../support/ddl-scenario.ts'

test('tables of random types and keys, written and altered at random while they are copied, over stops and kills, converge, and are spelled alike', async t => {
  await convergeUnderDdl(t, {tables: 4, rows: 60, rounds: 3})
})
