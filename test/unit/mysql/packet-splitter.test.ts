import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {PacketSplitter} from '../../../src/mysql/packet-splitter.ts'

function packet(payload: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ; at += 0xffffff) {
    const part = payload.subarray(at, at + 0xffffff)
    const header = Buffer.alloc(4)
    header.writeUIntLE(part.length, 0, 3)
    parts.push(header, part)
    if (part.length < 0xffffff) return Buffer.concat(parts)
  }
}

function split(stream: Buffer, cuts: readonly number[]): {payloads: Buffer[]; splitter: PacketSplitter} {
  const splitter = new PacketSplitter()
  const payloads: Buffer[] = []
  const places = [...new Set(cuts.map(cut => Math.min(cut, stream.length)))].sort((a, b) => a - b)
  let from = 0
  for (const to of [...places, stream.length]) {
    splitter.push(stream.subarray(from, to), (buffer, start, end) =>
      payloads.push(Buffer.from(buffer.subarray(start, end))),
    )
    from = to
  }
  return {payloads, splitter}
}

test('however the stream is cut into chunks, the packets are the same', () => {
  const payload = fc.uint8Array({maxLength: 300}).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.array(payload, {maxLength: 12}), fc.array(fc.nat(2000), {maxLength: 20}), (payloads, cuts) => {
      const found = split(Buffer.concat(payloads.map(packet)), cuts)
      assert.deepEqual(found.payloads, payloads)
      assert.equal(found.splitter.isPending, false)
      assert.equal(found.splitter.unread, 0)
    }),
  )
})

test('a stream of single bytes gives the same packets', () => {
  const payloads = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('second')]
  const stream = Buffer.concat(payloads.map(packet))
  assert.deepEqual(split(stream, [...stream.keys()]).payloads, payloads)
})

test('payloads of 16 MB and more come as one packet', () => {
  for (const size of [0xfffffe, 0xffffff, 0x1000000, 2 * 0xffffff, 2 * 0xffffff + 5]) {
    const payload = Buffer.alloc(size, 7)
    payload[size - 1] = 9
    const stream = Buffer.concat([packet(payload), packet(Buffer.from('next'))])
    const cuts = Array.from({length: Math.ceil(stream.length / 65536)}, (_, i) => i * 65536)
    const {payloads} = split(stream, cuts)
    assert.equal(payloads.length, 2)
    assert.ok(payloads[0]!.equals(payload))
    assert.equal(payloads[1]!.toString(), 'next')
  }
})

test('a packet within one chunk is a range of that chunk', () => {
  const chunk = Buffer.concat([packet(Buffer.from('ab')), packet(Buffer.from('c'))])
  const ranges: [boolean, number, number][] = []
  new PacketSplitter().push(chunk, (buffer, start, end) => ranges.push([buffer === chunk, start, end]))
  assert.deepEqual(ranges, [
    [true, 4, 6],
    [true, 10, 11],
  ])
})

test('an unfinished packet is pending', () => {
  const {splitter, payloads} = split(packet(Buffer.from('abc')).subarray(0, 5), [])
  assert.equal(splitter.isPending, true)
  assert.deepEqual(payloads, [])
})
