import assert from 'node:assert/strict'
import {test} from 'node:test'
import {nameRewrite} from '../../../src/config/java-replacement.ts'
import type {Transform} from '../../../src/config/transforms/transform.ts'
import {routeTopic, tableRoute} from '../../../src/encode/topic-routing.ts'
import {PLAIN_SCHEMAS} from '../../../src/config/schema-settings.ts'

function regexRouter(regex: string, replacement: string): Transform {
  return {type: 'regex-router', name: 'route', choice: null, topic: nameRewrite(regex, replacement)}
}

function logicalRouter(regex: string, replacement: string, value: [string, string] | null = null): Transform {
  const keyField = {name: 'shard', value: value === null ? null : nameRewrite(...value)}
  const topic = nameRewrite(regex, replacement)
  return {type: 'logical-table-router', name: 'shards', choice: null, topic, schemaNames: 'none', keyField}
}

const settings = {topicPrefix: 'p', topicDelimiter: '.', schemas: PLAIN_SCHEMAS}
const id = {database: 'shop', table: 'orders_1'}

test('without transforms a table has the topic of its name, and so have its schemas', () => {
  assert.deepEqual(tableRoute({...settings, transforms: []}, id), {
    topic: 'p.shop.orders_1',
    schemaTopic: 'p.shop.orders_1',
    keyFields: [],
  })
})

test('a RegexRouter changes the topic alone', () => {
  assert.deepEqual(tableRoute({...settings, transforms: [regexRouter('(.*)_1', '$1')]}, id), {
    topic: 'p.shop.orders',
    schemaTopic: 'p.shop.orders_1',
    keyFields: [],
  })
})

test('a ByLogicalTableRouter also names the schemas and adds the former topic to the key', () => {
  assert.deepEqual(tableRoute({...settings, transforms: [logicalRouter('(.*)_\\d+', '$1')]}, id), {
    topic: 'p.shop.orders',
    schemaTopic: 'p.shop.orders',
    keyFields: [{name: 'shard', value: 'p.shop.orders_1'}],
  })
})

test('the field of the key is what its own expression makes of the topic, or the topic where that does not match', () => {
  const fields = (regex: string) =>
    routeTopic('p.shop.orders_1', [logicalRouter('(.*)_\\d+', '$1', [regex, '$1'])]).keyFields
  assert.deepEqual(fields('.*_(\\d+)'), [{name: 'shard', value: '1'}])
  assert.deepEqual(fields('_(\\d+)'), [{name: 'shard', value: 'p.shop.orders_1'}])
})

test('each transform sees the topic that the one before it gave', () => {
  const shards = logicalRouter('p\\.shop\\.orders_\\d+', 'orders')
  const all = regexRouter('(.*)', 'all-$1')
  assert.deepEqual(routeTopic('p.shop.orders_1', [shards, all]), {
    topic: 'all-orders',
    schemaTopic: 'orders',
    keyFields: [{name: 'shard', value: 'p.shop.orders_1'}],
    isDropped: false,
  })
  assert.deepEqual(routeTopic('p.shop.orders_1', [all, shards]), {
    topic: 'all-p.shop.orders_1',
    schemaTopic: null,
    keyFields: [],
    isDropped: false,
  })
})

test('as in Debezium a ByLogicalTableRouter that gives no name leaves the record alone', () => {
  const route = routeTopic('p.shop.orders_1', [logicalRouter('(x)?.*', '$1')])
  assert.deepEqual(route, {topic: 'p.shop.orders_1', schemaTopic: null, keyFields: [], isDropped: false})
})

for (const [replacement, shown] of [
  ['$1/$1', 'o/o'],
  ['..', '..'],
  ['$2', ''],
  ['o'.repeat(250), 'o'.repeat(250)],
] as const) {
  test(`a topic that Kafka does not take is refused with the transform that made it: ${replacement.slice(0, 9)}`, () => {
    assert.throws(() => routeTopic('o', [regexRouter('(.*)(x)?', replacement)]), {
      code: 'TIDEMARK_TRANSFORM_TOPIC',
      message: new RegExp(`the topic o to "${shown}", .*transforms\\.route$`),
    })
  })
}
