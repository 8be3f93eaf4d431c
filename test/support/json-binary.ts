// MySQL's binary JSON, written independently of the decoder: small or large containers, members in the server's order.

const LITERALS = new Map<unknown, number>([
  [null, 0],
  [true, 1],
  [false, 2],
])

/** A number that is stored as a double, whatever its value. */
export interface DoubleValue {
  readonly double: number
}
/** Bytes of a MySQL type that JSON has not. */
export interface OpaqueValue {
  readonly opaque: number
  readonly bytes: Buffer
}
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | DoubleValue
  | OpaqueValue
  | JsonValue[]
  | {readonly members: ReadonlyMap<string, JsonValue>}

/** The document of a value; `large` writes containers with 4-byte offsets. */
export function jsonBinary(value: JsonValue, large = false): Buffer {
  const {type, bytes} = encode(value, large)
  return Buffer.concat([Buffer.of(type), bytes])
}

interface Encoded {
  readonly type: number
  readonly bytes: Buffer
}

function encode(value: JsonValue, large: boolean): Encoded {
  if (value === null || typeof value === 'boolean') return {type: 4, bytes: Buffer.of(LITERALS.get(value)!)}
  if (typeof value === 'string') return {type: 12, bytes: withLength(Buffer.from(value))}
  if (typeof value === 'number') return integer(value)
  if (typeof value === 'bigint') {
    const bytes = Buffer.alloc(8)
    if (value < 0n) bytes.writeBigInt64LE(value)
    else bytes.writeBigUInt64LE(value)
    return {type: value < 0n ? 9 : 10, bytes}
  }
  if (Array.isArray(value)) return container(null, value, large)
  if ('double' in value) {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value.double)
    return {type: 11, bytes}
  }
  if ('opaque' in value) return {type: 15, bytes: Buffer.concat([Buffer.of(value.opaque), withLength(value.bytes)])}
  return container([...value.members.keys()], [...value.members.values()], large)
}

function integer(value: number): Encoded {
  const bytes = Buffer.alloc(4)
  if (value >= -32_768 && value <= 32_767) {
    bytes.writeInt16LE(value)
    return {type: 5, bytes: bytes.subarray(0, 2)}
  }
  bytes.writeInt32LE(value)
  return {type: 7, bytes}
}

function withLength(bytes: Buffer): Buffer {
  const prefix: number[] = []
  let rest = bytes.length
  do {
    prefix.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return Buffer.concat([Buffer.from(prefix), bytes])
}

function container(names: readonly string[] | null, values: readonly JsonValue[], large: boolean): Encoded {
  const word = large ? 4 : 2
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(word)
    bytes.writeUIntLE(value, 0, word)
    return bytes
  }
  const keys = (names ?? []).map(name => Buffer.from(name))
  const entriesSize = 2 * word + keys.length * (word + 2) + values.length * (1 + word)
  let offset = entriesSize
  const keyEntries = keys.map(key => {
    const length = Buffer.alloc(2)
    length.writeUInt16LE(key.length)
    const entry = Buffer.concat([number(offset), length])
    offset += key.length
    return entry
  })
  const contents: Buffer[] = []
  const valueEntries = values.map(value => {
    const {type, bytes} = encode(value, large)
    const inlined = type === 4 || type === 5 || (large && type === 7)
    if (inlined) return Buffer.concat([Buffer.of(type), bytes, Buffer.alloc(word - bytes.length)])
    const entry = Buffer.concat([Buffer.of(type), number(offset)])
    contents.push(bytes)
    offset += bytes.length
    return entry
  })
  const type = (names === null ? 2 : 0) + (large ? 1 : 0)
  return {
    type,
    bytes: Buffer.concat([number(values.length), number(offset), ...keyEntries, ...valueEntries, ...keys, ...contents]),
  }
}

/** The text that MySQL prints for a value without doubles and opaque parts. */
export function jsonText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  if (value !== null && typeof value === 'object' && 'members' in value) {
    return `{${[...value.members].map(([name, member]) => `${JSON.stringify(name)}: ${jsonText(member)}`).join(', ')}}`
  }
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}
