import {test} from 'node:test'
import {assertKept} from '../simulation/assert-kept.ts'

test('a thousand seeds keep I1 to I3, answer every signal and end every snapshot once', async () => {
  await assertKept({from: 1_001, seeds: 1_000})
})
