import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {nearestDouble, nearlyFloat} from '../../../../src/encode/values/nearest-double.ts'
import {
  exponent,
  putShortestDouble,
  putShortestFloat,
  putTextDigits,
} from '../../../../src/encode/values/shortest-digits.ts'

const bytes = new Uint8Array(64)

/** As JavaScript writes it with an exponent. */
function scientific(count: number): string {
  const digits = Buffer.from(bytes.subarray(3, 3 + count)).toString('latin1')
  const fraction = count > 1 ? `.${digits.slice(1)}` : ''
  return `${digits[0]}${fraction}e${exponent < 0 ? '' : '+'}${exponent}`
}

const positive = fc.oneof(
  fc.double({min: 5e-324, noNaN: true, noDefaultInfinity: true}),
  // Few digits, as people write them; next to such; powers of two, and their neighbours.
  fc.tuple(fc.integer({min: 1, max: 10 ** 9}), fc.integer({min: -20, max: 20})).map(([n, e]) => Number(`${n}e${e}`)),
  fc.tuple(fc.integer({min: 1, max: 10 ** 9}), fc.nat(12)).map(([n, e]) => (n / 10 ** e) * (1 + Number.EPSILON)),
  fc.integer({min: -1000, max: 1000}).map(power => 2 ** power),
  fc.integer({min: -1000, max: 1000}).map(power => 2 ** power * (1 - Number.EPSILON / 2)),
)

test('the digits of a double are those that the engine prints', () => {
  fc.assert(
    fc.property(positive, value => {
      assert.equal(scientific(putShortestDouble(value, bytes, 3)), value.toExponential())
    }),
    {numRuns: 20_000},
  )
})

test('the digits of a float read back as it, and no shorter ones do', () => {
  const floats = positive.map(Math.fround).filter(value => value > 0 && Number.isFinite(value) && value % 1 !== 0)
  fc.assert(
    fc.property(floats, value => {
      const count = putShortestFloat(value, bytes, 3)
      assert.equal(Math.fround(Number(scientific(count))), value)
      if (count <= 6 || value < 1.2e-38) return
      assert.notEqual(Math.fround(Number(value.toPrecision(count - 1))), value)
    }),
    {numRuns: 20_000},
  )
})

test('a number is read from its text, whatever zeros it has', () => {
  for (const text of ['0.001', '12.50', '00012', '1e-7', '1.5e+300', '0.000', '100000000000000000000']) {
    const source = Buffer.from(text)
    const count = putTextDigits(source, 0, source.length, bytes, 3)
    assert.equal(count === 0 ? 0 : Number(scientific(count)), Number(text))
  }
  for (const text of ['1.2.3', '1x', '1e5x', '123456789012345678901']) {
    const source = Buffer.from(text)
    assert.equal(putTextDigits(source, 0, source.length, bytes, 3), -1, text)
  }
})

test('a whole number of 27 digits becomes the nearest double, or is left to the engine', () => {
  const parts = fc.record({
    upper: fc.integer({min: 1, max: 999_999_999}),
    lower: fc.nat(999_999_999),
    behind: fc.nat(999_999_999),
    power: fc.integer({min: -100, max: 100}),
  })
  fc.assert(
    fc.property(parts, ({upper, lower, behind, power}) => {
      const nine = (part: number): string => String(part).padStart(9, '0')
      const wanted = Number(`${upper}${nine(lower)}.${nine(behind)}e${power}`)
      const found = nearestDouble(upper, lower, behind / 1e9, power)
      assert.ok(Number.isNaN(found) || found === wanted, `${found}, wanted ${wanted}`)
    }),
    {numRuns: 20_000},
  )
  // 2^53 + 1 is in the middle between two doubles.
  assert.ok(Number.isNaN(nearestDouble(9_007_199, 254_740_993, 0, 0)))
})

test('a float is known from the text of the double that it is', () => {
  fc.assert(
    fc.property(fc.float({noNaN: true, noDefaultInfinity: true}), value => {
      const text = Buffer.from(String(value).replace('+', ''))
      const found = nearlyFloat(text, 0, text.length)
      assert.equal(Math.fround(found), value === 0 ? 0 : value)
    }),
    {numRuns: 20_000},
  )
})
