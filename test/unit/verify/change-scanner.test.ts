import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {ChangeScanner, FrameSkipper} from '../../../src/verify/change-scanner.ts'

const row = fc.dictionary(fc.string({maxLength: 6}), fc.jsonValue({stringUnit: 'binary'}), {noNullPrototype: true})
const frames = fc.constantFrom(
  '',
  '{"schema":{"type":"struct","fields":[{"type":"struct","field":"}{\\""}]},"payload":',
)

function scanned(bytes: Buffer, start = 0, end = bytes.length) {
  const scanner = new ChangeScanner()
  if (!scanner.scan(bytes, start, end)) return null
  const range = (from: number, to: number): string | null => (from < 0 ? null : bytes.toString('utf8', from, to))
  return {
    op: String.fromCharCode(scanner.op),
    after: range(scanner.afterStart, scanner.afterEnd),
    file: range(scanner.fileStart, scanner.fileEnd),
    pos: scanner.pos,
    gtid: range(scanner.gtidStart, scanner.gtidEnd),
  }
}

test('op, after and place are found in any event, with a schema frame and without', () => {
  fc.assert(
    fc.property(row, row, frames, fc.nat(), (before, after, frame, pos) => {
      const source = {version: '1', op: 'x', after: {}, file: 'binlog.000001', pos, gtid: 'uuid:7', row: 0}
      const afterText = JSON.stringify(after)
      const value = `{"before":${JSON.stringify(before)},"after":${afterText},"source":${JSON.stringify(source)},"op":"u","ts_ms":1}`
      const bytes = Buffer.from(`##${frame}${value}${frame === '' ? '' : '}'}##`)
      const expected = {op: 'u', after: afterText, file: 'binlog.000001', pos, gtid: 'uuid:7'}
      assert.deepEqual(scanned(bytes, 2, bytes.length - 2), expected)
    }),
  )
})

test('a 64-bit integer stays the digits it is', () => {
  const after = '{"id":18446744073709551615,"d":1.000000000000000000000000000001}'
  const bytes = Buffer.from(`{"before":null,"after":${after},"source":{"file":"f","pos":4,"gtid":null},"op":"c"}`)
  assert.equal(scanned(bytes)?.after, after)
})

test('a delete has no after, and an event without GTIDs no gtid', () => {
  const bytes = Buffer.from('{"before":{"id":1},"after":null,"source":{"file":"f","pos":9,"gtid":null},"op":"d"}')
  assert.deepEqual(scanned(bytes), {op: 'd', after: null, file: 'f', pos: 9, gtid: null})
})

test('null, bare or in a frame, is a tombstone', () => {
  assert.equal(scanned(Buffer.from('null')), null)
  assert.equal(scanned(Buffer.from('{"schema":{"type":"struct"},"payload":null}')), null)
})

test('a value without op is refused, since it was unwrapped', () => {
  assert.throws(() => scanned(Buffer.from('{"id":1,"name":"x"}')), {code: 'TIDEMARK_VERIFY_EVENT_MALFORMED'})
})

test('a frame that changes from event to event is passed over each time', () => {
  const skipper = new FrameSkipper()
  for (const schema of ['{"a":1}', '{"a":1}', '{"b":{}}', '{"a":1}']) {
    const head = `{"schema":${schema},"payload":`
    const bytes = Buffer.from(`${head}{"id":1}}`)
    assert.equal(skipper.payloadStart(bytes, 0, bytes.length), head.length)
  }
})

test('a key whose column is called schema is no frame', () => {
  const bytes = Buffer.from('{"schema":"shop","payload":1}')
  assert.equal(new FrameSkipper().payloadStart(bytes, 0, bytes.length), 0)
})
