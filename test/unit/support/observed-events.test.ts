import assert from 'node:assert/strict'
import {test} from 'node:test'
import {foldEvents, observedLine} from '../../support/observed-events.ts'

const event = (key: string, value: string) => observedLine(`{"topic":"t","key":${key},"value":${value}}`)

test('the last event of a key wins, and a delete removes it', () => {
  const rows = foldEvents([
    event('{"id":1}', '{"before":null,"after":{"id":1,"v":"a"},"op":"c"}'),
    event('{"id":2}', '{"before":null,"after":{"id":2,"v":"b"},"op":"r"}'),
    event('{"id":1}', '{"before":{"id":1},"after":{"id":1,"v":"c"},"op":"u"}'),
    event('{"id":2}', '{"before":{"id":2},"after":null,"op":"d"}'),
    event('{"id":2}', 'null'),
  ])
  assert.deepEqual([...rows], [['{"id":1}', '{"id":1,"v":"c"}']])
})

test('a truncate empties the fold', () => {
  const created = event('{"id":1}', '{"before":null,"after":{"id":1},"op":"c"}')
  assert.equal(foldEvents([created, event('null', '{"op":"t"}')]).size, 0)
})

test('the frame with a schema makes no difference', () => {
  const rows = foldEvents([event('7', '{"schema":{},"payload":{"before":null,"after":{"id":7},"op":"c"}}')])
  assert.deepEqual([...rows], [['7', '{"id":7}']])
})
