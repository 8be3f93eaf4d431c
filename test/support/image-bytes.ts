// How the server spells values in row images, written from its manual and independently of the decoders.

/** Little-endian two's complement. */
export function integerImage(value: bigint, bytes: number): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64LE(BigInt.asIntN(64, value))
  return buffer.subarray(0, bytes)
}

/** The server's binary decimal, made with big integers: the decoder's groups have nothing to do with it. */
export function decimalImage(unscaled: bigint, precision: number, scale: number): Buffer {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(precision, '0')
  const whole = digits.slice(0, precision - scale)
  const fraction = digits.slice(precision - scale)
  const bytesOf = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
  const groups: string[] = []
  if (whole.length % 9 > 0) groups.push(whole.slice(0, whole.length % 9))
  for (let at = whole.length % 9; at < whole.length; at += 9) groups.push(whole.slice(at, at + 9))
  for (let at = 0; at < fraction.length; at += 9) groups.push(fraction.slice(at, at + 9))
  const bytes = Buffer.concat(
    groups.map(group => {
      const size = bytesOf[group.length]!
      const buffer = Buffer.alloc(size)
      buffer.writeUIntBE(Number(group), 0, size)
      return buffer
    }),
  )
  if (unscaled < 0n) for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0xff
  bytes[0]! ^= 0x80
  return bytes
}

export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${text}` : text
}

/** A fraction of a second as it stands behind temporal values: 0 to 3 big-endian bytes. */
function fractionImage(micros: number, fraction: number): Buffer {
  const bytes = Math.ceil(fraction / 2)
  const buffer = Buffer.alloc(bytes)
  if (bytes > 0) buffer.writeUIntBE(Math.floor(micros / 10 ** (6 - bytes * 2)), 0, bytes)
  return buffer
}

export function dateImage(at: Date): Buffer {
  const buffer = Buffer.alloc(3)
  buffer.writeUIntLE((at.getUTCFullYear() << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(), 0, 3)
  return buffer
}

/** `micros` must have no more digits than `fraction`. */
export function datetimeImage(at: Date, micros: number, fraction: number): Buffer {
  const date = (at.getUTCFullYear() * 13 + at.getUTCMonth() + 1) * 32 + at.getUTCDate()
  const clock = (at.getUTCHours() << 12) + (at.getUTCMinutes() << 6) + at.getUTCSeconds()
  const buffer = Buffer.alloc(5)
  buffer.writeUIntBE(0x8000000000 + date * 131_072 + clock, 0, 5)
  return Buffer.concat([buffer, fractionImage(micros, fraction)])
}

export function timestampImage(at: Date, micros: number, fraction: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(at.getTime() / 1000)
  return Buffer.concat([buffer, fractionImage(micros, fraction)])
}

/** `seconds` is the distance from zero. */
export function timeImage(negative: boolean, seconds: number, micros: number, fraction: number): Buffer {
  const bytes = Math.ceil(fraction / 2)
  const range = 256n ** BigInt(bytes)
  const hms = (Math.floor(seconds / 3600) << 12) + ((Math.floor(seconds / 60) % 60) << 6) + (seconds % 60)
  const stored = BigInt(hms) * range + BigInt(Math.floor(micros / 10 ** (6 - bytes * 2)))
  const packed = 0x800000n * range + (negative ? -stored : stored)
  return Buffer.from(packed.toString(16).padStart((3 + bytes) * 2, '0'), 'hex')
}
