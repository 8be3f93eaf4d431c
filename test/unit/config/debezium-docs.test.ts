import assert from 'node:assert/strict'
import {test} from 'node:test'
import {DIFFERENCES, OWN_KEYS} from '../../../src/config/debezium-differences.ts'
import {debeziumOptionsMarkdown} from '../../../src/config/debezium-docs.ts'
import {OPTIONS} from '../../../src/config/option-table.ts'

test('what is said to be different from Debezium, or new, is a supported key', () => {
  const supported = new Set(OPTIONS.filter(({status}) => status === 'supported').map(({key}) => key))
  assert.deepEqual(
    [...Object.keys(DIFFERENCES), ...OWN_KEYS].filter(key => !supported.has(key)),
    [],
  )
  assert.deepEqual(
    Object.keys(DIFFERENCES).filter(key => OWN_KEYS.has(key)),
    [],
  )
})

test('every key of the option table is in the page for those who come from Debezium', () => {
  const page = debeziumOptionsMarkdown()
  assert.deepEqual(
    OPTIONS.filter(({key}) => !page.includes(`\`${key}\``)).map(({key}) => key),
    [],
  )
})

test('every value and key that is refused is there with what to do instead', () => {
  const rows = debeziumOptionsMarkdown().split('\n')
  for (const {key, status, notYet, instead} of OPTIONS) {
    if (status !== 'refused' && notYet === undefined) continue
    const found = rows.filter(row => row.startsWith(`| \`${key}\` |`) && row.includes(instead ?? 'leave it out'))
    assert.equal(found.length, 1, key)
    for (const value of notYet ?? []) assert(found[0]!.includes(`\`${String(value)}\``), `${key}=${String(value)}`)
  }
})
