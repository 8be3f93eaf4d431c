// Java's object serialization, as far as a Debezium connector keeps keys in it: an Object[] of numbers, texts and bytes.
// What is of another class is read over and comes out as its class's name.

import {TidemarkError} from '../core/tidemark-error.ts'

/** Numbers that may be beyond 2^53 are decimal text in `digits`. */
export type JavaValue =
  | {readonly type: 'digits'; readonly digits: string}
  | {readonly type: 'double'; readonly value: number}
  | {readonly type: 'text'; readonly text: string}
  | {readonly type: 'bytes'; readonly bytes: Buffer}
  | {readonly type: 'null'}
  | {readonly type: 'other'; readonly className: string}

interface ClassDescription {
  readonly name: string
  readonly flags: number
  readonly fields: readonly {readonly code: string; readonly name: string}[]
  readonly parent: ClassDescription | null
}

interface JavaObject {
  readonly className: string
  readonly fields: ReadonlyMap<string, unknown>
}

const MAGIC = 0xaced0005
const TC_NULL = 0x70
const TC_REFERENCE = 0x71
const TC_CLASSDESC = 0x72
const TC_OBJECT = 0x73
const TC_STRING = 0x74
const TC_ARRAY = 0x75
const TC_BLOCKDATA = 0x77
const TC_ENDBLOCKDATA = 0x78
const TC_BLOCKDATALONG = 0x7a
const FIRST_HANDLE = 0x7e0000
const SC_WRITE_METHOD = 1
const SC_SERIALIZABLE = 2
const MOST_DEPTH = 32
/** That of a DECIMAL is 30 at most. */
const MOST_SCALE = 1000

/** The elements of a serialized Object[]; null for a serialized null. Throws TIDEMARK_STATE_DEBEZIUM_KEY for anything else. */
export function readJavaArray(bytes: Buffer): readonly JavaValue[] | null {
  try {
    if (bytes.readUInt32BE(0) !== MAGIC) throw new RangeError('no serialized object')
    const value = new Reader(bytes).content(0)
    if (value === null) return null
    if (!Array.isArray(value)) throw new RangeError('no array')
    return value.map(valueOf)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new TidemarkError(
      'TIDEMARK_STATE_DEBEZIUM_KEY',
      `a key of Debezium's incremental snapshot cannot be read: ${cause.message}; wanted a serialized Object[] in hexadecimal`,
      {cause},
    )
  }
}

function valueOf(value: unknown): JavaValue {
  if (value === null) return {type: 'null'}
  if (typeof value === 'string') return {type: 'text', text: value}
  if (Buffer.isBuffer(value)) return {type: 'bytes', bytes: value}
  if (!isObject(value)) return {type: 'other', className: Array.isArray(value) ? 'Object[]' : typeof value}
  const {className, fields} = value
  switch (className) {
    case 'java.lang.Byte':
    case 'java.lang.Short':
    case 'java.lang.Integer':
    case 'java.lang.Long':
      return {type: 'digits', digits: String(fields.get('value'))}
    case 'java.lang.Float':
    case 'java.lang.Double':
      return {type: 'double', value: Number(fields.get('value'))}
    case 'java.math.BigInteger':
      return {type: 'digits', digits: String(bigInteger(fields))}
    case 'java.math.BigDecimal':
      return {type: 'digits', digits: bigDecimal(fields)}
    default:
      return {type: 'other', className}
  }
}

function bigInteger(fields: JavaObject['fields']): bigint {
  const magnitude = fields.get('magnitude')
  if (!Buffer.isBuffer(magnitude)) throw new RangeError('a BigInteger without its magnitude')
  const value = magnitude.length === 0 ? 0n : BigInt(`0x${magnitude.toString('hex')}`)
  return Number(fields.get('signum')) < 0 ? -value : value
}

function bigDecimal(fields: JavaObject['fields']): string {
  const unscaled = fields.get('intVal')
  if (!isObject(unscaled)) throw new RangeError('a BigDecimal without its digits')
  const value = bigInteger(unscaled.fields)
  const scale = Number(fields.get('scale'))
  if (!(Math.abs(scale) <= MOST_SCALE)) throw new RangeError(`a BigDecimal with the scale ${scale}`)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits + '0'.repeat(-scale)
  return value < 0n ? `-${text}` : text
}

function isObject(value: unknown): value is JavaObject {
  return typeof value === 'object' && value !== null && 'className' in value
}

class Reader {
  readonly #bytes: Buffer
  #at = 4
  /** What later parts refer back to. */
  readonly #handles: unknown[] = []
  readonly #classes = new Set<ClassDescription>()

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  content(depth: number): unknown {
    if (depth > MOST_DEPTH) throw new RangeError('nested too deeply')
    const code = this.#byte()
    switch (code) {
      case TC_NULL:
        return null
      case TC_REFERENCE:
        return this.#reference()
      case TC_STRING: {
        const text = this.#text()
        this.#handles.push(text)
        return text
      }
      case TC_ARRAY:
        return this.#array(depth)
      case TC_OBJECT:
        return this.#object(depth)
      default:
        throw new RangeError(`unknown part ${code}`)
    }
  }

  #array(depth: number): unknown {
    const {name} = this.#knownClass(depth)
    const handle = this.#handles.push(null) - 1
    const length = this.#int()
    if (length < 0 || length > this.#bytes.length - this.#at) throw new RangeError('an array longer than its bytes')
    let array: unknown
    if (name === '[B') {
      const start = this.#at
      this.#skip(length)
      array = Buffer.from(this.#bytes.subarray(start, this.#at))
    } else {
      const elements: unknown[] = []
      for (let i = 0; i < length; i++) elements.push(this.#value(name[1] ?? '', depth + 1))
      array = elements
    }
    this.#handles[handle] = array
    return array
  }

  #object(depth: number): JavaObject {
    const description = this.#knownClass(depth)
    const fields = new Map<string, unknown>()
    const object = {className: description.name, fields}
    this.#handles.push(object)
    const chain: ClassDescription[] = []
    for (let each: ClassDescription | null = description; each !== null; each = each.parent) chain.unshift(each)
    for (const {flags, fields: declared} of chain) {
      if ((flags & SC_SERIALIZABLE) !== 0) {
        for (const {code, name} of declared) fields.set(name, this.#value(code, depth + 1))
        if ((flags & SC_WRITE_METHOD) !== 0) this.#annotations(depth)
      } else this.#annotations(depth)
    }
    return object
  }

  #knownClass(depth: number): ClassDescription {
    const description = this.#class(depth)
    if (description === null) throw new RangeError('an array or object without a class')
    return description
  }

  #class(depth: number): ClassDescription | null {
    if (depth > MOST_DEPTH) throw new RangeError('nested too deeply')
    const code = this.#byte()
    if (code === TC_NULL) return null
    if (code === TC_REFERENCE) {
      const referred = this.#reference()
      if (!this.#classes.has(referred as ClassDescription)) throw new RangeError('a reference to what is no class')
      return referred as ClassDescription
    }
    if (code !== TC_CLASSDESC) throw new RangeError(`unknown class ${code}`)
    const name = this.#text()
    this.#skip(8)
    const handle = this.#handles.push(null) - 1
    const flags = this.#byte()
    const fields: {code: string; name: string}[] = []
    for (let left = this.#short(); left > 0; left--) {
      const field = {code: String.fromCharCode(this.#byte()), name: this.#text()}
      fields.push(field)
      // The class of an object's field, which says nothing new.
      if (field.code === 'L' || field.code === '[') this.content(depth + 1)
    }
    this.#annotations(depth)
    // Known only once its parent is, so that no class descends from itself; the parent takes the handles behind.
    const description: ClassDescription = {name, flags, fields, parent: this.#class(depth + 1)}
    this.#handles[handle] = description
    this.#classes.add(description)
    return description
  }

  #annotations(depth: number): void {
    for (;;) {
      const code = this.#byte()
      if (code === TC_ENDBLOCKDATA) return
      if (code === TC_BLOCKDATA) this.#skip(this.#byte())
      else if (code === TC_BLOCKDATALONG) this.#skip(this.#int())
      else {
        this.#at--
        this.content(depth + 1)
      }
    }
  }

  #value(code: string, depth: number): unknown {
    switch (code) {
      case 'B':
        return (this.#byte() << 24) >> 24
      case 'Z':
        return this.#byte() !== 0
      case 'S':
        return (this.#short() << 16) >> 16
      case 'C':
        return this.#short()
      case 'I':
        return this.#int()
      case 'J':
        this.#at += 8
        return this.#bytes.readBigInt64BE(this.#at - 8)
      case 'F':
        this.#at += 4
        return this.#bytes.readFloatBE(this.#at - 4)
      case 'D':
        this.#at += 8
        return this.#bytes.readDoubleBE(this.#at - 8)
      case 'L':
      case '[':
        return this.content(depth)
      default:
        throw new RangeError(`a field of unknown kind ${code}`)
    }
  }

  #reference(): unknown {
    const at = this.#int() - FIRST_HANDLE
    if (at < 0 || at >= this.#handles.length) throw new RangeError('a reference to nothing')
    return this.#handles[at]
  }

  #skip(bytes: number): void {
    if (bytes < 0 || bytes > this.#bytes.length - this.#at) throw new RangeError('a part longer than its bytes')
    this.#at += bytes
  }

  #byte(): number {
    this.#at++
    return this.#bytes.readUInt8(this.#at - 1)
  }

  #short(): number {
    this.#at += 2
    return this.#bytes.readUInt16BE(this.#at - 2)
  }

  #int(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  #text(): string {
    const length = this.#short()
    this.#at += length
    if (this.#at > this.#bytes.length) throw new RangeError('a text longer than its bytes')
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}
