// Random values of every type as both entrances bring them: the bytes of a SELECT's field and those of a row image. For
// tests and benches without a server.

import {ByteWriter} from '../../src/core/byte-writer.ts'
import type {ColumnType} from '../../src/core/table-shape.ts'
import {MYSQL_TYPE} from '../../src/encode/values/image-bytes.ts'
import {writeJsonDocument} from '../../src/encode/values/json-document.ts'
import {columnShape, prefixed} from './encode-value.ts'
import {
  dateImage,
  datetimeImage,
  decimalImage,
  decimalText,
  integerImage,
  timeImage,
  timestampImage,
} from './image-bytes.ts'
import {both, same, type ImageType} from './image-type.ts'
import {jsonBinary, type JsonValue} from './json-binary.ts'
import type {SeededRandom} from './seeded-random.ts'
import {piece, SAMPLES, textTypes} from './text-images.ts'

/** Every column type, with the attributes that make a way of its own through the decoders. */
export function imageTypes(): ImageType[] {
  return [
    ...integers(),
    ...decimals(),
    ...floats(),
    ...textTypes(),
    ...byteStrings(),
    ...temporals(),
    ...labelled(),
    ...bits(),
    ...documents(),
    ...spatial(),
    ...vectors(),
  ]
}

function integers(): ImageType[] {
  const widths: readonly (readonly [ColumnType, number, number])[] = [
    ['tinyint', MYSQL_TYPE.TINY, 1],
    ['smallint', MYSQL_TYPE.SHORT, 2],
    ['mediumint', MYSQL_TYPE.INT24, 3],
    ['int', MYSQL_TYPE.LONG, 4],
    ['bigint', MYSQL_TYPE.LONGLONG, 8],
  ]
  const ofWidth = ([type, code, bytes]: (typeof widths)[number], unsigned: boolean): ImageType => ({
    name: unsigned ? `${type} unsigned` : type,
    column: columnShape(type, {unsigned}),
    layout: [code],
    value: random => {
      const bits = BigInt(Math.floor(random.next() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(random.next() * 2 ** 32))
      const value = unsigned ? BigInt.asUintN(bytes * 8, bits) : BigInt.asIntN(bytes * 8, bits)
      return both(String(value), integerImage(value, bytes))
    },
  })
  const year: ImageType = {
    name: 'year',
    column: columnShape('year'),
    layout: [MYSQL_TYPE.YEAR],
    value: random => {
      const value = random.integer(1901, 2155)
      return both(String(value), Buffer.of(value - 1900))
    },
  }
  const id: ImageType = {
    ...ofWidth(widths[4]!, false),
    name: 'bigint, ids',
    value: random => {
      const value = BigInt(random.integer(1, 2 ** 40))
      return both(String(value), integerImage(value, 8))
    },
  }
  return [...widths.flatMap(width => [ofWidth(width, false), ofWidth(width, true)]), id, year]
}

function decimals(): ImageType[] {
  const sizes = [
    [5, 0],
    [10, 2],
    [18, 6],
    [30, 10],
    [65, 30],
  ] as const
  return sizes.map(([precision, scale]) => ({
    name: `decimal(${precision},${scale})`,
    column: columnShape('decimal', {precision, scale}),
    layout: [MYSQL_TYPE.NEWDECIMAL, precision | (scale << 8)],
    value: random => {
      const digits = Array.from({length: precision}, () => random.integer(0, 9)).join('')
      const unscaled = BigInt(digits) * (random.chance(0.3) ? -1n : 1n)
      return both(decimalText(unscaled, scale), decimalImage(unscaled, precision, scale))
    },
  }))
}

/** The server's spelling has no plus in an exponent. */
const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value).replace('+', ''))

function floats(): ImageType[] {
  const float = (name: string, value: (random: SeededRandom) => number): ImageType => ({
    name,
    column: columnShape('float'),
    layout: [MYSQL_TYPE.FLOAT, 4],
    value: random => {
      const number = Math.fround(value(random))
      const image = Buffer.alloc(4)
      image.writeFloatLE(number)
      return both(doubleText(number), image)
    },
  })
  const double = (name: string, value: (random: SeededRandom) => number): ImageType => ({
    name,
    column: columnShape('double'),
    layout: [MYSQL_TYPE.DOUBLE, 8],
    value: random => {
      const number = value(random)
      const image = Buffer.alloc(8)
      image.writeDoubleLE(number)
      return both(doubleText(number), image)
    },
  })
  const price = (random: SeededRandom): number => random.integer(-1_000_000, 1_000_000) / 100
  const measured = (random: SeededRandom): number => (random.next() - 0.5) * 1000
  const anySize = (random: SeededRandom): number => (random.next() - 0.5) * 10 ** random.integer(-30, 30)
  return [
    float('float, two decimals', price),
    float('float, measured', measured),
    float('float, any size', anySize),
    double('double, two decimals', price),
    double('double, measured', measured),
    double('double, any size', anySize),
    double('double, whole', random => random.integer(-1_000_000, 1_000_000)),
  ]
}

function randomBytes(random: SeededRandom, count: number): Buffer {
  return Buffer.from(Array.from({length: count}, () => random.integer(0, 255)))
}

function byteStrings(): ImageType[] {
  return [
    {
      name: 'binary(16)',
      column: columnShape('binary', {length: 16}),
      layout: [MYSQL_TYPE.STRING, 0xfe | (16 << 8)],
      // The binlog leaves zeros at the end out, a SELECT does not.
      value: random => {
        const bytes = Buffer.concat([randomBytes(random, 15), Buffer.of(random.integer(1, 255))])
        if (random.chance(0.2)) bytes.fill(0, 12)
        const kept = bytes.subarray(0, bytes.findLastIndex(byte => byte !== 0) + 1)
        return {text: bytes, image: prefixed(kept, 1)}
      },
    },
    {
      name: 'varbinary',
      column: columnShape('varbinary', {length: 200}),
      layout: [MYSQL_TYPE.VARCHAR, 200],
      value: random => same(randomBytes(random, random.integer(0, 60)), 1),
    },
    {
      name: 'blob',
      column: columnShape('blob'),
      layout: [MYSQL_TYPE.BLOB, 2],
      value: random => same(randomBytes(random, random.integer(1000, 4000)), 2),
    },
  ]
}

function temporals(): ImageType[] {
  const instant = (random: SeededRandom): Date => new Date(random.integer(1, 2_147_483_000) * 1000)
  const micros = (random: SeededRandom, fraction: number): number =>
    random.integer(0, 10 ** fraction - 1) * 10 ** (6 - fraction)
  const fractionText = (value: number, fraction: number): string =>
    fraction === 0 ? '' : `.${String(value).padStart(6, '0').slice(0, fraction)}`
  const calendar = (
    type: 'datetime' | 'timestamp',
    code: number,
    imageOf: (at: Date, micros: number, fraction: number) => Buffer,
    fraction: number,
  ): ImageType => ({
    name: `${type}(${fraction})`,
    column: columnShape(type, {fraction}),
    layout: [code, fraction],
    value: random => {
      const at = instant(random)
      const rest = micros(random, fraction)
      const text = at.toISOString().slice(0, 19).replace('T', ' ') + fractionText(rest, fraction)
      return both(text, imageOf(at, rest, fraction))
    },
  })
  const time = (fraction: number): ImageType => ({
    name: `time(${fraction})`,
    column: columnShape('time', {fraction}),
    layout: [MYSQL_TYPE.TIME2, fraction],
    value: random => {
      // Within a day, so that every time.precision.mode can express it.
      const seconds = random.integer(0, 86_399)
      const rest = micros(random, fraction)
      const clock = new Date(seconds * 1000).toISOString().slice(11, 19)
      return both(clock + fractionText(rest, fraction), timeImage(false, seconds, rest, fraction))
    },
  })
  const date: ImageType = {
    name: 'date',
    column: columnShape('date'),
    layout: [MYSQL_TYPE.DATE],
    value: random => {
      const at = instant(random)
      return both(at.toISOString().slice(0, 10), dateImage(at))
    },
  }
  const fractions = [0, 1, 2, 3, 4, 5, 6]
  return [
    date,
    ...fractions.map(fraction => calendar('datetime', MYSQL_TYPE.DATETIME2, datetimeImage, fraction)),
    ...fractions.map(fraction => calendar('timestamp', MYSQL_TYPE.TIMESTAMP2, timestampImage, fraction)),
    ...fractions.map(time),
  ]
}

/** A SELECT brings enum and set as numbers. */
function labelled(): ImageType[] {
  const status = ['new', 'paid', 'packed', 'delivered', 'returned']
  const many = Array.from({length: 300}, (_, i) => `label ${i}`)
  const ofEnum = (name: string, labels: readonly string[], size: number): ImageType => ({
    name,
    column: columnShape('enum', {charset: 'utf8mb4', labels}),
    layout: [MYSQL_TYPE.ENUM, MYSQL_TYPE.ENUM | (size << 8)],
    value: random => {
      const index = random.integer(1, labels.length)
      return both(String(index), integerImage(BigInt(index), size))
    },
  })
  const ofSet = (name: string, count: number, size: number): ImageType => ({
    name,
    column: columnShape('set', {charset: 'utf8mb4', labels: many.slice(0, count)}),
    layout: [MYSQL_TYPE.SET, MYSQL_TYPE.SET | (size << 8)],
    value: random => {
      const bits = BigInt(Math.floor(random.next() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(random.next() * 2 ** 32))
      const value = BigInt.asUintN(count, bits)
      return both(String(value), integerImage(value, size))
    },
  })
  return [
    ofEnum('enum', status, 1),
    ofEnum('enum of 300', many, 2),
    ofSet('set of 5', 5, 1),
    ofSet('set of 20', 20, 3),
    ofSet('set of 64', 64, 8),
  ]
}

function bits(): ImageType[] {
  return [1, 12, 64].map(length => ({
    name: `bit(${length})`,
    column: columnShape('bit', {length}),
    layout: [MYSQL_TYPE.BIT, (length & 7) | ((length >> 3) << 8)],
    value: random => {
      const bytes = randomBytes(random, Math.ceil(length / 8))
      if (length % 8 > 0) bytes[0]! &= (1 << (length % 8)) - 1
      return {text: bytes, image: bytes}
    },
  }))
}

function documents(): ImageType[] {
  const members = (entries: readonly (readonly [string, JsonValue])[]): JsonValue => ({members: new Map(entries)})
  const order = (random: SeededRandom): JsonValue =>
    members([
      ['id', random.integer(1, 2 ** 31 - 1)],
      ['sku', random.word(8)],
      ['paid', random.chance(0.5)],
      ['tags', Array.from({length: random.integer(0, 4)}, () => random.word(6))],
      ['price', {double: random.integer(0, 1_000_000) / 100}],
      [
        'address',
        members([
          ['street', piece(random, [SAMPLES.latin])],
          ['number', random.integer(1, 300)],
        ]),
      ],
    ])
  const json = (name: string, of: (random: SeededRandom) => JsonValue): ImageType => ({
    name,
    column: columnShape('json'),
    layout: [MYSQL_TYPE.JSON, 4],
    value: random => {
      const document = jsonBinary(of(random))
      const text = new ByteWriter(64)
      writeJsonDocument(document, 0, document.length, text)
      return {text: Buffer.from(text.view()), image: prefixed(document, 4)}
    },
  })
  return [
    json('json, an order', order),
    json('json, ten orders', random => Array.from({length: 10}, () => order(random))),
    json('json, short', random => random.pick([null, true, random.integer(0, 100), [], random.word(3)])),
    json('json, strings', random => Array.from({length: 8}, () => piece(random, [SAMPLES.ascii]))),
    json('json, whole numbers', random => Array.from({length: 16}, () => random.integer(-40_000, 40_000))),
    json('json, doubles', random => Array.from({length: 16}, () => ({double: (random.next() - 0.5) * 1000}))),
    json('json, dates and decimals', random => [
      {opaque: 12, bytes: integerImage(BigInt((2024 * 13 + random.integer(1, 12)) * 32 + 7) << 41n, 8)},
      {
        opaque: MYSQL_TYPE.NEWDECIMAL,
        bytes: Buffer.concat([Buffer.of(10, 2), decimalImage(BigInt(random.integer(0, 10 ** 9)), 10, 2)]),
      },
    ]),
  ]
}

function spatial(): ImageType[] {
  const point = (random: SeededRandom): Buffer => {
    const buffer = Buffer.alloc(21)
    buffer[0] = 1
    buffer.writeUInt32LE(1, 1)
    // Degrees as a receiver gives them: six or seven decimals.
    buffer.writeDoubleLE(random.integer(-180_000_000, 180_000_000) / 1e6, 5)
    buffer.writeDoubleLE(random.integer(-900_000_000, 900_000_000) / 1e7, 13)
    return buffer
  }
  const line = (random: SeededRandom): Buffer => {
    const points = Array.from({length: random.integer(2, 30)}, () => point(random).subarray(5))
    const head = Buffer.alloc(9)
    head[0] = 1
    head.writeUInt32LE(2, 1)
    head.writeUInt32LE(points.length, 5)
    return Buffer.concat([head, ...points])
  }
  const srid = (value: number): Buffer => integerImage(BigInt(value), 4)
  return [
    {
      name: 'point',
      column: columnShape('point'),
      layout: [MYSQL_TYPE.GEOMETRY, 4],
      value: random => same(Buffer.concat([srid(random.pick([0, 4326])), point(random)]), 4),
    },
    {
      name: 'geometry, a line',
      column: columnShape('geometry'),
      layout: [MYSQL_TYPE.GEOMETRY, 4],
      value: random => same(Buffer.concat([srid(random.pick([0, 4326])), line(random)]), 4),
    },
  ]
}

function vectors(): ImageType[] {
  const vector = (name: string, dimension: (random: SeededRandom) => number): ImageType => ({
    name,
    column: columnShape('vector'),
    layout: [MYSQL_TYPE.VECTOR, 4],
    value: random => {
      const numbers = Float32Array.from({length: 64}, () => dimension(random))
      return same(Buffer.from(numbers.buffer), 4)
    },
  })
  return [
    vector('vector of embeddings', random => (random.next() - 0.5) / 4),
    vector('vector of whole numbers', random => random.integer(-100, 100)),
  ]
}
