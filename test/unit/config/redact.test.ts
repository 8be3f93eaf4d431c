import assert from 'node:assert/strict'
import {test} from 'node:test'
import {isSecretKey, redact} from '../../../src/config/redact.ts'

test('a secret is replaced as it is, as in JSON and as in a URL', () => {
  const secret = 'p"a/ss\\'
  for (const spelling of [secret, JSON.stringify({secret}), `http://u:${encodeURIComponent(secret)}@h`]) {
    const redacted = redact(`before ${spelling} after`, [secret])
    assert.match(redacted, /\*\*\*/)
    assert.ok(!redacted.includes('ss\\') && !redacted.includes('ss%5C'))
  }
})

test('texts of one or two characters are not looked for', () => {
  assert.equal(redact('a banana', ['a', '']), 'a banana')
})

test('keys that hold secrets are told by their names', () => {
  for (const key of ['database.password', 'producer.sasl.jaas.config', 'http.token', 'ssl.keystore.key']) {
    assert.ok(isSecretKey(key), key)
  }
  assert.ok(!isSecretKey('message.key.columns'))
})
