import assert from 'node:assert/strict'
import {test} from 'node:test'
import {murmur2, partitionFor} from '../../../src/encode/partitioner.ts'

// From UtilsTest.testMurmur2 of Kafka's Java client.
const JAVA: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test("murmur2 is that of Kafka's Java client", () => {
  for (const [text, hash] of JAVA) assert.equal(murmur2(Buffer.from(text), 0, text.length), hash, text)
})

test('only the bytes of the range count', () => {
  for (const [text, hash] of JAVA) {
    const padded = Buffer.from(`xx${text}yyy`)
    assert.equal(murmur2(padded, 2, 2 + text.length), hash)
  }
})

test('a partition is the hash without its sign, as in Java, never negative', () => {
  for (const [text, hash] of JAVA) {
    assert.equal(partitionFor(Buffer.from(text), 0, text.length, 7), (hash & 0x7fffffff) % 7)
  }
  assert.ok(partitionFor(Buffer.alloc(0), 0, 0, 3) >= 0)
})
