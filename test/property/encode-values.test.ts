import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import type {ColumnShape} from '../../src/core/table-shape.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {MYSQL_TYPE} from '../../src/encode/values/image-bytes.ts'
import {writeJsonDocument} from '../../src/encode/values/json-document.ts'
import type {ColumnLayout} from '../support/encode-value.ts'
import {
  columnShape,
  ENCODER_SETTINGS,
  fromImage,
  fromText,
  prefixed,
  tableShape,
  written,
} from '../support/encode-value.ts'
import {decimalImage, decimalText} from '../support/image-bytes.ts'
import {jsonBinary, jsonText, type JsonValue} from '../support/json-binary.ts'

// A failure prints fast-check's seed and path; give both to fc.assert to see it again.

test('I7: integers of all 64 bits are the same from both entrances', () => {
  const column = columnShape('bigint')
  fc.assert(
    fc.property(fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}), value => {
      const image = Buffer.alloc(8)
      image.writeBigInt64LE(value)
      assert.equal(fromText(column, String(value)), String(value))
      assert.equal(fromImage(column, [MYSQL_TYPE.LONGLONG], image), String(value))
    }),
  )
})

test('I7: decimals of every precision are the same from both entrances, and exact', () => {
  const decimals = fc
    .tuple(fc.integer({min: 1, max: 65}), fc.nat(30))
    .filter(([precision, scale]) => scale <= precision)
    .chain(([precision, scale]) => {
      const bound = 10n ** BigInt(precision) - 1n
      return fc.record({
        precision: fc.constant(precision),
        scale: fc.constant(scale),
        unscaled: fc.bigInt(-bound, bound),
      })
    })
  fc.assert(
    fc.property(decimals, ({precision, scale, unscaled}) => {
      const column = columnShape('decimal', {precision, scale})
      const json = fromText(column, decimalText(unscaled, scale))
      const layout: ColumnLayout = [MYSQL_TYPE.NEWDECIMAL, precision | (scale << 8)]
      assert.equal(fromImage(column, layout, decimalImage(unscaled, precision, scale)), json)
      const bytes = Buffer.from(JSON.parse(json) as string, 'base64')
      assert.equal(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)), unscaled)
      const shorter = bytes.length > 1 && BigInt.asIntN((bytes.length - 1) * 8, unscaled) === unscaled
      assert.equal(shorter, false)
    }),
    {numRuns: 500},
  )
})

test('doubles and floats read back the same', () => {
  const finite = {noNaN: true, noDefaultInfinity: true}
  fc.assert(
    fc.property(fc.double(finite), value => {
      const image = Buffer.alloc(8)
      image.writeDoubleLE(value)
      const json = fromImage(columnShape('double'), [MYSQL_TYPE.DOUBLE, 8], image)
      assert.ok(Object.is(JSON.parse(json), value), `${value}: ${json}`)
      assert.equal(fromText(columnShape('double'), Object.is(value, -0) ? '-0' : String(value)), json)
    }),
  )
  fc.assert(
    fc.property(fc.float(finite), value => {
      const image = Buffer.alloc(4)
      image.writeFloatLE(value)
      const json = fromImage(columnShape('float'), [MYSQL_TYPE.FLOAT, 4], image)
      assert.ok(Object.is(Math.fround(JSON.parse(json) as number), value), `${value}: ${json}`)
      assert.equal(fromText(columnShape('float'), Object.is(value, -0) ? '-0' : String(value)), json)
    }),
  )
})

test('I7: text is the same from both entrances and reads back', () => {
  const column = columnShape('longtext', {charset: 'utf8mb4'})
  const texts = fc.string({
    unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u0000', 'x'), fc.string({unit: 'binary'})),
    maxLength: 600,
  })
  fc.assert(
    fc.property(texts, text => {
      const bytes = Buffer.from(text)
      const json = fromText(column, bytes)
      assert.equal(fromImage(column, [MYSQL_TYPE.BLOB, 4], prefixed(bytes, 4)), json)
      assert.equal(JSON.parse(json), bytes.toString())
    }),
  )
})

test('I7: datetimes are the same from both entrances, and those of JavaScript', () => {
  const instants = fc.record({
    seconds: fc.integer({min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000}),
    micros: fc.nat(999_999),
    fraction: fc.nat(6),
  })
  fc.assert(
    fc.property(instants, ({seconds, micros, fraction}) => {
      const kept = Math.floor(micros / 10 ** (6 - fraction)) * 10 ** (6 - fraction)
      const at = new Date(seconds * 1000)
      const digits = String(kept).padStart(6, '0').slice(0, fraction)
      const text = at.toISOString().slice(0, 19).replace('T', ' ') + (fraction === 0 ? '' : `.${digits}`)
      const date = (at.getUTCFullYear() * 13 + at.getUTCMonth() + 1) * 32 + at.getUTCDate()
      const clock = (at.getUTCHours() << 12) + (at.getUTCMinutes() << 6) + at.getUTCSeconds()
      const fractionBytes = Math.ceil(fraction / 2)
      const image = Buffer.alloc(5 + fractionBytes)
      image.writeUIntBE(0x8000000000 + date * 131_072 + clock, 0, 5)
      if (fractionBytes > 0) image.writeUIntBE(kept / 10 ** (6 - fractionBytes * 2), 5, fractionBytes)
      const column = columnShape('datetime', {fraction})
      const total = BigInt(seconds) * 1_000_000n + BigInt(kept)
      const wanted = fraction <= 3 ? (total - (((total % 1000n) + 1000n) % 1000n)) / 1000n : total
      assert.equal(fromText(column, text), String(wanted))
      assert.equal(fromImage(column, [MYSQL_TYPE.DATETIME2, fraction], image), String(wanted))
    }),
    {numRuns: 500},
  )
})

test('I7: times are the same from both entrances', () => {
  const times = fc.record({
    negative: fc.boolean(),
    seconds: fc.nat(3_020_399),
    micros: fc.nat(999_999),
    fraction: fc.nat(6),
  })
  fc.assert(
    fc.property(times, ({negative, seconds, micros, fraction}) => {
      const kept = Math.floor(micros / 10 ** (6 - fraction)) * 10 ** (6 - fraction)
      const two = (value: number): string => String(value).padStart(2, '0')
      const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
      const digits = String(kept).padStart(6, '0').slice(0, fraction)
      const text = `${negative ? '-' : ''}${two(hours)}:${two(minutes)}:${two(rest)}${fraction === 0 ? '' : `.${digits}`}`
      const fractionBytes = Math.ceil(fraction / 2)
      const range = 256n ** BigInt(fractionBytes)
      const stored =
        BigInt((hours << 12) + (minutes << 6) + rest) * range + BigInt(kept / 10 ** (6 - fractionBytes * 2))
      const packed = 0x800000n * range + (negative ? -stored : stored)
      const image = Buffer.from(packed.toString(16).padStart((3 + fractionBytes) * 2, '0'), 'hex')
      const column = columnShape('time', {fraction})
      const total = (seconds * 1_000_000 + kept) * (negative ? -1 : 1)
      assert.equal(fromText(column, text), String(total === 0 ? 0 : total))
      assert.equal(fromImage(column, [MYSQL_TYPE.TIME2, fraction], image), String(total === 0 ? 0 : total))
    }),
    {numRuns: 500},
  )
})

const {json: jsonValues} = fc.letrec<{json: JsonValue}>(tie => ({
  json: fc.oneof(
    {maxDepth: 4},
    fc.constantFrom(null, true, false),
    fc.integer({min: -(2 ** 31), max: 2 ** 31 - 1}),
    fc.bigInt({min: -(2n ** 63n), max: 2n ** 64n - 1n}),
    fc.string({maxLength: 200}),
    fc.array(tie('json'), {maxLength: 6}),
    fc
      .uniqueArray(fc.tuple(fc.string({maxLength: 20}), tie('json')), {maxLength: 6, selector: ([name]) => name})
      .map(entries => ({members: new Map(entries)})),
  ),
}))

test('binary JSON becomes the text that it was made from', () => {
  fc.assert(
    fc.property(jsonValues, fc.boolean(), (value, large) => {
      const document = jsonBinary(value, large)
      assert.equal(
        written(out => writeJsonDocument(document, 0, document.length, out)),
        jsonText(value),
      )
    }),
  )
})

const FUZZED: readonly (readonly [ColumnShape, ColumnLayout])[] = [
  [columnShape('int'), [MYSQL_TYPE.LONG]],
  [columnShape('bigint', {unsigned: true}), [MYSQL_TYPE.LONGLONG]],
  [columnShape('decimal', {precision: 40, scale: 12}), [MYSQL_TYPE.NEWDECIMAL, 40 | (12 << 8)]],
  [columnShape('decimal', {precision: 9, scale: 4}), [MYSQL_TYPE.NEWDECIMAL, 9 | (4 << 8)]],
  [columnShape('float'), [MYSQL_TYPE.FLOAT, 4]],
  [columnShape('double'), [MYSQL_TYPE.DOUBLE, 8]],
  [columnShape('bit', {length: 12}), [MYSQL_TYPE.BIT, 4 | (1 << 8)]],
  [columnShape('varchar', {charset: 'gb18030'}), [MYSQL_TYPE.VARCHAR, 20]],
  [columnShape('varchar', {charset: 'utf16'}), [MYSQL_TYPE.VARCHAR, 20]],
  [columnShape('varchar', {charset: 'ujis'}), [MYSQL_TYPE.VARCHAR, 20]],
  [columnShape('longtext', {charset: 'utf8mb4'}), [MYSQL_TYPE.BLOB, 4]],
  [columnShape('binary', {length: 5}), [MYSQL_TYPE.STRING, 0xfe | (5 << 8)]],
  [columnShape('date'), [MYSQL_TYPE.DATE]],
  [columnShape('time', {fraction: 3}), [MYSQL_TYPE.TIME2, 3]],
  [columnShape('datetime', {fraction: 6}), [MYSQL_TYPE.DATETIME2, 6]],
  [columnShape('timestamp', {fraction: 2}), [MYSQL_TYPE.TIMESTAMP2, 2]],
  [columnShape('enum', {labels: ['a', 'b']}), [MYSQL_TYPE.ENUM, 247 | (1 << 8)]],
  [columnShape('set', {labels: ['a', 'b']}), [MYSQL_TYPE.SET, 248 | (1 << 8)]],
  [columnShape('json'), [MYSQL_TYPE.JSON, 4]],
]

test('random row images are read within their bounds or refused by an error of ours', () => {
  const columns = FUZZED.map(([column], i) => ({...column, name: `c${i}`}))
  for (const [i, [, [type, metadata = 0]]] of FUZZED.entries()) {
    const encoder = compileRowEncoder({
      shape: tableShape([columns[i]!]),
      messageKey: [0],
      rowKey: [0],
      options: {settings: ENCODER_SETTINGS},
    })
    encoder.bindLayout({types: Uint8Array.of(type), metadata: Uint16Array.of(metadata)})
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 60}), fc.nat(10), (bytes, behind) => {
        // What lies behind the image's end must not change anything.
        const encode = (filler: number): string => {
          const source = Buffer.concat([Buffer.of(0), bytes, Buffer.alloc(behind, filler)])
          const out = new ByteWriter(16)
          try {
            const end = encoder.encodeImage(source, 0, 1 + bytes.length, null, out)
            assert.ok(end <= 1 + bytes.length)
            return `${end} ${out.view().toString('hex')}`
          } catch (error) {
            if (error instanceof TidemarkError && /^TIDEMARK_(BINLOG_ROW|VALUE)_/.test(error.code)) return error.code
            throw error
          }
        }
        assert.equal(encode(0x00), encode(0xff))
      }),
    )
  }
})

test('random JSON documents are read within their bounds or refused by an error of ours', () => {
  const documents = fc
    .tuple(jsonValues, fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), {maxLength: 4}))
    .map(([value, large, changes]) => {
      const document = jsonBinary(value, large)
      for (const [at, byte] of changes) document[at % document.length] = byte
      return document
    })
  fc.assert(
    fc.property(documents, document => {
      try {
        written(out => writeJsonDocument(document, 0, document.length, out))
      } catch (error) {
        if (!(error instanceof TidemarkError) || error.code !== 'TIDEMARK_BINLOG_ROW_MALFORMED') throw error
      }
    }),
    {numRuns: 1000},
  )
})

test('row keys of different values are different, of equal values equal', () => {
  const columns = [
    columnShape('varchar', {name: 'a', charset: 'utf8mb4'}),
    columnShape('varchar', {name: 'b', charset: 'utf8mb4'}),
  ]
  const encoder = compileRowEncoder({
    shape: tableShape(columns),
    messageKey: [0, 1],
    rowKey: [0, 1],
    options: {settings: ENCODER_SETTINGS},
  })
  encoder.bindLayout({types: Uint8Array.of(MYSQL_TYPE.VARCHAR, MYSQL_TYPE.VARCHAR), metadata: Uint16Array.of(200, 200)})
  const part = fc.option(fc.string({unit: fc.constantFrom('"', ',', '\\', 'n', 'z', '0', '.'), maxLength: 4}))
  const keyOf = (values: readonly (string | null)[]): string => {
    const nulls = values.reduce((bits, value, i) => bits | (value === null ? 1 << i : 0), 0)
    const image = Buffer.concat([
      Buffer.of(nulls),
      ...values.map(value => (value === null ? Buffer.alloc(0) : prefixed(value, 1))),
    ])
    written(out => encoder.encodeImage(image, 0, image.length, null, out))
    return written(out => encoder.writeRowKey(out))
  }
  fc.assert(
    fc.property(fc.tuple(part, part), fc.tuple(part, part), (a, b) => {
      const same = a[0] === b[0] && a[1] === b[1]
      assert.equal(keyOf(a) === keyOf(b), same)
    }),
  )
})
