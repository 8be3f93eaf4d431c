import assert from 'node:assert/strict'
import {test} from 'node:test'
import {EventParser} from '../../../../src/http/page/event-stream.ts'

test('an event comes whole, however the stream was cut', () => {
  const text = 'event: status\ndata: {"a":"1\\n2"}\n\nevent: sample\ndata: 2\n\nevent: later\nda'
  const wanted = [
    {event: 'status', data: '{"a":"1\\n2"}'},
    {event: 'sample', data: '2'},
  ]
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser()
    const events = []
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)))
    assert.deepEqual(events, wanted, `in pieces of ${size}`)
  }
})
