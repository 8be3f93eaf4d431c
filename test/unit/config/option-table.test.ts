import assert from 'node:assert/strict'
import {test} from 'node:test'
import {Ajv} from 'ajv'
import {optionHelp, optionTableMarkdown} from '../../../src/config/option-docs.ts'
import {optionSchema} from '../../../src/config/option-schema.ts'
import {findOption, OPTIONS} from '../../../src/config/option-table.ts'

test('every key stands in the option table once', () => {
  const keys = OPTIONS.map(option => option.key)
  assert.deepEqual(
    keys.filter((key, index) => keys.indexOf(key) !== index),
    [],
  )
})

test('the schema of the options is a JSON schema, which no start checks again', () => {
  assert.equal(new Ajv().validateSchema(optionSchema(), true), true)
})

test('a default is one of the values allowed', () => {
  for (const {key, default: byDefault, values} of OPTIONS) {
    if (byDefault === null || values === undefined) continue
    const same = values.some(value => String(value).toLowerCase() === String(byDefault).toLowerCase())
    assert.ok(same, `${key}: ${String(byDefault)}`)
  }
})

test('the closest family describes a key', () => {
  assert.equal(findOption('producer.override.acks')?.key, 'producer.override.*')
  assert.equal(findOption('producer.acks')?.key, 'producer.*')
  assert.equal(findOption('schema.history.internal.kafka.topic')?.status, 'ignored')
  assert.equal(findOption('column.mask.with.3.chars')?.key, 'column.mask.with.*.chars')
  assert.equal(findOption('no.such.key'), null)
})

test('schema, help and Markdown hold every supported key', () => {
  const schema = optionSchema() as {properties: object; patternProperties: object}
  const help = optionHelp()
  const markdown = optionTableMarkdown()
  for (const option of OPTIONS) {
    assert.ok(markdown.includes(`\`${option.key}\``), `${option.key} in Markdown`)
    if (option.status !== 'supported') continue
    assert.ok(help.includes(`  ${option.key}`), `${option.key} in help`)
    if (!option.key.includes('*')) assert.ok(option.key in schema.properties, `${option.key} in the schema`)
  }
})
