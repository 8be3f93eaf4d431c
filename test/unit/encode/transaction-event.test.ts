import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TransactionEventTemplate} from '../../../src/encode/transaction-event.ts'
import {written} from '../../support/encode-value.ts'

const plain = {keySchemasEnabled: false, valueSchemasEnabled: false, keyConverter: 'json'} as const
const framed = {...plain, keySchemasEnabled: true, valueSchemasEnabled: true}
const ID = '3e11fa47-71ca-11e1-9e33-c80aa9429562:23'

test('a begin has no counts yet', () => {
  const template = new TransactionEventTemplate(plain)
  assert.equal(
    written(out => {
      template.writeBegin(ID, 1_700_000_000_123.456, out)
    }),
    `{"status":"BEGIN","id":"${ID}","event_count":null,"data_collections":null,"ts_ms":1700000000123}`,
  )
})

test('an end has the count of all events and of those of each table', () => {
  const template = new TransactionEventTemplate(plain)
  const end = (counts: readonly (readonly [string, number])[]): string =>
    written(out => {
      template.writeEnd(ID, new Map(counts), 1_700_000_000_123, out)
    })
  const tables = [
    ['shop.orders', 12],
    ['shop.it"em', 3],
  ] as const
  const wanted =
    `{"status":"END","id":"${ID}","event_count":15,"data_collections":[` +
    '{"data_collection":"shop.orders","event_count":12},{"data_collection":"shop.it\\"em","event_count":3}],' +
    '"ts_ms":1700000000123}'
  assert.equal(end(tables), wanted)
  assert.equal(end(tables), wanted, 'again')
  assert.equal(
    end([]),
    `{"status":"END","id":"${ID}","event_count":0,"data_collections":[],"ts_ms":1700000000123}`,
    'an empty transaction',
  )
})

test('keys are the id, escaped, as either converter writes them', () => {
  const key = (settings: ConstructorParameters<typeof TransactionEventTemplate>[0], id: string): string =>
    written(out => {
      new TransactionEventTemplate(settings).writeKey(id, out)
    })
  assert.equal(key(plain, 'file=b"1,pos=4'), '{"id":"file=b\\"1,pos=4"}')
  assert.equal(key({...plain, keyConverter: 'string'}, ID), `Struct{id=${ID}}`)
})

test("with schemas key and value stand in frames with Debezium's names, versions and optional fields", () => {
  const template = new TransactionEventTemplate(framed)
  const text = (write: (out: Parameters<typeof template.writeKey>[1]) => void): {schema: unknown; payload: unknown} =>
    JSON.parse(written(write)) as {schema: unknown; payload: unknown}
  const key = text(out => {
    template.writeKey(ID, out)
  })
  assert.deepEqual(key, {
    schema: {
      type: 'struct',
      fields: [{type: 'string', optional: false, field: 'id'}],
      optional: false,
      name: 'io.debezium.connector.common.TransactionMetadataKey',
      version: 1,
    },
    payload: {id: ID},
  })
  const value = text(out => {
    template.writeEnd(ID, new Map([['a.b', 2]]), 5, out)
  })
  assert.deepEqual(value.schema, {
    type: 'struct',
    fields: [
      {type: 'string', optional: false, field: 'status'},
      {type: 'string', optional: false, field: 'id'},
      {type: 'int64', optional: true, field: 'event_count'},
      {
        type: 'array',
        items: {
          type: 'struct',
          fields: [
            {type: 'string', optional: false, field: 'data_collection'},
            {type: 'int64', optional: false, field: 'event_count'},
          ],
          optional: true,
          name: 'event.collection',
          version: 1,
        },
        optional: true,
        field: 'data_collections',
      },
      {type: 'int64', optional: false, field: 'ts_ms'},
    ],
    optional: false,
    name: 'io.debezium.connector.common.TransactionMetadataValue',
    version: 1,
  })
  const begin = text(out => {
    template.writeBegin(ID, 5, out)
  })
  assert.deepEqual(begin.payload, {status: 'BEGIN', id: ID, event_count: null, data_collections: null, ts_ms: 5})
})
