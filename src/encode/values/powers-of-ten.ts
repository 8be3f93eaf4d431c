// Powers of ten to twice a double's precision, and products with them: what turning binary fractions into decimal digits and
// back needs, without big integers. A power is `high + low`; each is made on first use and kept.

/** Powers from 10^-300 to 10^300. */
const LARGEST = 300
/** Veltkamp's constant: splits a double into two halves of 26 bits. */
const SPLITTER = 134_217_729

const highs = new Float64Array(2 * LARGEST + 1)
const lows = new Float64Array(2 * LARGEST + 1)

/** The result of `multiplyByPower`: `product[0] + product[1]`, exact to about 100 bits. In an array, where a double needs no object. */
export const product = new Float64Array(2)

/** 10^exponent, correctly rounded; |exponent| at most 300. */
export function powerOfTen(exponent: number): number {
  const at = exponent + LARGEST
  if (highs[at] === 0) makePower(exponent)
  return highs[at]!
}

/** value * 10^exponent into `product`. Nothing may overflow or vanish: all three between 1e-290 and 1e290. */
export function multiplyByPower(value: number, exponent: number): void {
  const power = powerOfTen(exponent)
  const a = SPLITTER * value
  const valueHigh = a - (a - value)
  const valueLow = value - valueHigh
  const b = SPLITTER * power
  const powerHigh = b - (b - power)
  const powerLow = power - powerHigh
  const high = value * power
  const error = valueHigh * powerHigh - high + valueHigh * powerLow + valueLow * powerHigh + valueLow * powerLow
  product[0] = high
  product[1] = error + value * lows[exponent + LARGEST]!
}

function makePower(exponent: number): void {
  const at = exponent + LARGEST
  const high = Number(`1e${exponent}`)
  highs[at] = high
  if (exponent >= 0) {
    lows[at] = Number(10n ** BigInt(exponent) - BigInt(high))
    return
  }
  // high = mantissa / 2^shift. What is missing to 10^exponent, as a part of high.
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, high)
  const word = bits.getBigUint64(0)
  const mantissa = (word & 0xfffffffffffffn) | 0x10000000000000n
  const shift = 1075n - (word >> 52n)
  const scaled = mantissa * 10n ** BigInt(-exponent)
  const missing = (1n << shift) - scaled
  lows[at] = high * (Number((missing << 160n) / scaled) / 2 ** 160)
}
