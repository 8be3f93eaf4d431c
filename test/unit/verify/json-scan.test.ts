import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {scanMembers, skipValue} from '../../../src/verify/json-scan.ts'

// Strings full of what could be taken for structure.
const text = fc.oneof(
  fc.string({unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', 'é', '\u{1f600}', '\n')}),
  fc.string(),
)
const value = fc.jsonValue({stringUnit: 'binary'})
const record = fc.dictionary(text, fc.oneof(value, text), {noNullPrototype: true})

function members(json: Buffer, start = 0, end = json.length): Map<string, string> {
  const found = new Map<string, string>()
  scanMembers(json, start, end, (nameStart, nameEnd, valueStart) => {
    const valueEnd = skipValue(json, valueStart, end)
    const name = JSON.parse(json.toString('utf8', nameStart - 1, nameEnd + 1)) as string
    found.set(name, json.toString('utf8', valueStart, valueEnd))
    return valueEnd
  })
  return found
}

test('the ranges of members hold exactly their values, whatever stands in strings', () => {
  fc.assert(
    fc.property(record, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
      const json = Buffer.from(JSON.stringify(object, null, indent))
      const expected = Object.entries(object).map(([name, item]) => [name, JSON.stringify(item, null, indent)])
      const found = [...members(json)].map(([name, range]) => [name, JSON.stringify(JSON.parse(range), null, indent)])
      assert.deepEqual(found, expected)
    }),
  )
})

test('a value ends where the next one begins, and nothing behind it is looked at', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(',', '}', ']', ' ', '\n'), text, (item, separator, rest) => {
      const json = JSON.stringify(item)
      const bytes = Buffer.from(`${json}${separator}${rest}`)
      assert.equal(skipValue(bytes, 0, bytes.length), Buffer.byteLength(json))
    }),
  )
})

test('text that was cut off is refused and never read beyond its end', () => {
  fc.assert(
    fc.property(record, fc.nat(), (object, cut) => {
      const json = Buffer.from(JSON.stringify(object))
      const length = cut % json.length
      // The rest of the object lies behind the end that is given.
      assert.throws(() => members(json, 0, length), isMalformed)
    }),
  )
})

test('any bytes are either walked or refused as malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 60}), bytes => {
      try {
        members(Buffer.concat([Buffer.from('{"a":'), bytes]))
      } catch (error) {
        assert.ok(error instanceof SyntaxError || isMalformed(error), String(error))
      }
    }),
  )
})

function isMalformed(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === 'TIDEMARK_VERIFY_EVENT_MALFORMED'
}
