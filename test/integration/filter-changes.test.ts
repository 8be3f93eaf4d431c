import {test} from 'node:test'
import {convergeUnderFilters} from '../support/filter-scenario.ts'

test('five random changes of the filter under load, each in another way, lose and repeat nothing, and every table converges', async t => {
  await convergeUnderFilters(t, {changes: 5, kills: false})
})

test('a kill -9 at random instants of changes leaves a whole configuration, and every table converges', async t => {
  await convergeUnderFilters(t, {changes: 3, kills: true})
})
