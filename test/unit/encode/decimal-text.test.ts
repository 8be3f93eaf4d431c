import assert from 'node:assert/strict'
import {test} from 'node:test'
import {javaDecimal, plainDecimal, unscaledBase64, unscaledValue} from '../../../src/encode/decimal-text.ts'

for (const [digits, scale, java = digits] of [
  ['0', 0],
  ['-1.50', 2],
  ['99999999999999999999.999999', 6],
  ['0.0000001', 7, '1E-7'],
  ['-0.00000012', 8, '-1.2E-7'],
  ['0.000001', 6],
  ['128', 0],
  ['-128', 0],
  ['-129', 0],
] as const) {
  test(`${digits} comes back from base64, and is ${java} in Java`, () => {
    const unscaled = unscaledValue(unscaledBase64(digits))
    assert.equal(plainDecimal(unscaled, scale), digits)
    assert.equal(javaDecimal(unscaled, scale), java)
  })
}

test('base64 has as few bytes as Java', () => {
  assert.deepEqual(
    ['127', '128', '-128', '-129'].map(digits => Buffer.from(unscaledBase64(digits), 'base64').length),
    [1, 2, 1, 2],
  )
})
