// Symptom: the first update that changed a key ended the task with "internal error: The value of sourceEnd is out of
// range". Cause: the search for a schema frame compared 26 bytes of a message key that had fewer.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {keyChangeHeaders} from '../../src/encode/headers.ts'

const added = Buffer.alloc(0)

test('the header of a changed key holds a key shorter than the schema frame', () => {
  const key = Buffer.from('{"id":1}')
  assert.deepEqual(keyChangeHeaders(null, {name: 'newkey', key, added}).entries, [
    {name: '__debezium.newkey', value: key},
  ])
})

test('the header of a changed key holds the payload of a framed key', () => {
  const key = Buffer.from('{"schema":{"type":"struct","fields":[]},"payload":{"id":1}}')
  const [entry] = keyChangeHeaders(null, {name: 'oldkey', key, added}).entries
  assert.equal(entry?.value?.toString(), '{"id":1}')
})
