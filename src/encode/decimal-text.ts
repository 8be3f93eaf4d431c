// Decimals of keys from one form into another: base64 of the unscaled value, plain digits, Java's own text.

/** Of the base64 of a two's complement. */
export function unscaledValue(base64: string): bigint {
  const bytes = Buffer.from(base64, 'base64')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
}

/** Of digits with or without a point. */
export function unscaledDigits(digits: string): bigint {
  return BigInt(digits.replace('.', ''))
}

/** The fewest bytes of the two's complement, as Java's BigInteger has them. */
export function unscaledBase64(digits: string): string {
  const value = unscaledDigits(digits)
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++
  const hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, '0')
  return Buffer.from(hex, 'hex').toString('base64')
}

export function plainDecimal(unscaled: bigint, scale: number): string {
  const {sign, digits} = signAndDigits(unscaled)
  if (scale === 0) return sign + digits
  const padded = digits.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

/** Java's BigDecimal.toString: plain unless the first digit is too far behind the point. */
export function javaDecimal(unscaled: bigint, scale: number): string {
  const {sign, digits} = signAndDigits(unscaled)
  const exponent = digits.length - 1 - scale
  if (scale === 0 || exponent >= -6) return plainDecimal(unscaled, scale)
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${sign}${mantissa}E${exponent}`
}

function signAndDigits(unscaled: bigint): {readonly sign: string; readonly digits: string} {
  return unscaled < 0n ? {sign: '-', digits: String(-unscaled)} : {sign: '', digits: String(unscaled)}
}
