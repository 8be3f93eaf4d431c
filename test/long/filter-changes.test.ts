import {test} from 'node:test'
import {convergeUnderFilters} from '../support/filter-scenario.ts'

test('twenty random changes of the filter under load lose and repeat nothing, and every table ever included converges', async t => {
  await convergeUnderFilters(t, {changes: 20, kills: false})
})

test('twenty changes of the filter, each with a kill -9 at a random instant, and every table ever included converges', async t => {
  await convergeUnderFilters(t, {changes: 20, kills: true})
})
