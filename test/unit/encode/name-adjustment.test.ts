import assert from 'node:assert/strict'
import {test} from 'node:test'
import {adjustFieldName, adjustSchemaName} from '../../../src/encode/name-adjustment.ts'

test('without adjustment a name is as it is', () => {
  assert.equal(adjustFieldName('1. Größe "x"', 'none'), '1. Größe "x"')
})

for (const [name, avro, unicode] of [
  ['id_1', 'id_1', 'id_u005f1'],
  ['1st', '_1st', '_u0031st'],
  ['a.b', 'a_b', 'a_u002eb'],
  ['naïve', 'na_ve', 'na_u00efve'],
  ['Āb', '_b', '_u100b'],
  ['漢', '_', '_u6f22'],
  ['', '', ''],
] as const) {
  test(`the field ${JSON.stringify(name)} is ${avro} or ${unicode}`, () => {
    assert.deepEqual([adjustFieldName(name, 'avro'), adjustFieldName(name, 'avro_unicode')], [avro, unicode])
  })
}

test('the dots of a schema stay, but not at its front', () => {
  assert.equal(adjustSchemaName('my-app.db 1.t.Key', 'avro'), 'my_app.db_1.t.Key')
  assert.equal(adjustSchemaName('my-app.t', 'avro_unicode'), 'my_u002dapp.t')
  assert.equal(adjustSchemaName('.t', 'avro'), '_t')
})
