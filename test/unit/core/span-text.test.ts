import assert from 'node:assert/strict'
import {test} from 'node:test'
import {spanText} from '../../../src/core/span-text.ts'

test('a span is told in the largest unit of which it has two, or exactly one', () => {
  const spans: readonly (readonly [number, string])[] = [
    [0, '0 seconds'],
    [1, '1 second'],
    [90, '90 seconds'],
    [600, '10 minutes'],
    [3_600, '1 hour'],
    [5_400, '90 minutes'],
    [7_500, '2.1 hours'],
    [86_400, '1 day'],
    [129_600, '36 hours'],
    [604_800, '7 days'],
    [648_000, '7.5 days'],
    [2_592_000, '30 days'],
  ]
  for (const [seconds, text] of spans) assert.equal(spanText(seconds), text)
})
