import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setImmediate as turn} from 'node:timers/promises'
import {TurnBatch} from '../../../src/core/turn-batch.ts'

test('what is asked in one turn of the loop is answered by one call, each question by its own answer', async () => {
  const calls: (readonly number[])[] = []
  const batch = new TurnBatch<number, string>(questions => {
    calls.push(questions)
    return Promise.resolve(questions.map(question => `answer ${question}`))
  }, 10)
  assert.deepEqual(await Promise.all([batch.ask(1), batch.ask(2)]), ['answer 1', 'answer 2'])
  await turn()
  assert.equal(await batch.ask(3), 'answer 3')
  assert.deepEqual(calls, [[1, 2], [3]])
})

test('a call has no more questions than agreed', async () => {
  const sizes: number[] = []
  const batch = new TurnBatch<number, number>(questions => {
    sizes.push(questions.length)
    return Promise.resolve(questions)
  }, 3)
  const asked = Array.from({length: 7}, (_, i) => i)
  assert.deepEqual(await Promise.all(asked.map(question => batch.ask(question))), asked)
  assert.deepEqual(sizes, [3, 3, 1])
})

test('an error in the place of an answer is for who asked; a call that fails is for all', async () => {
  const single = new TurnBatch<string, string>(questions => {
    return Promise.resolve(questions.map(question => (question === 'bad' ? new Error('no such table') : question)))
  }, 10)
  const [good, bad] = await Promise.allSettled([single.ask('good'), single.ask('bad')])
  assert.deepEqual(good, {status: 'fulfilled', value: 'good'})
  assert.match(String((bad as PromiseRejectedResult).reason), /no such table/)
  const failing = new TurnBatch<string, string>(() => Promise.reject(new Error('the connection was lost')), 10)
  for (const result of await Promise.allSettled([failing.ask('a'), failing.ask('b')]))
    assert.match(String((result as PromiseRejectedResult).reason), /connection was lost/)
})
