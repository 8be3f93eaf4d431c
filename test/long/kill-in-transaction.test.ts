import {test} from 'node:test'
import {killedInside} from '../support/kill-in-transaction.ts'

test('killed inside a compressed transaction, the stream goes on inside it and leaves no row out', async t => {
  await killedInside(t, 'ON')
})
