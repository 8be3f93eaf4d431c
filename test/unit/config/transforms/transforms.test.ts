import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {rewriteName, type NameRewrite} from '../../../../src/config/java-replacement.ts'
import type {Transform} from '../../../../src/config/transforms/transform.ts'
import {loadKeys, loadText, problemsOf, REQUIRED_KEYS, type ConfigKeys} from '../../../support/config-file.ts'

const REGEX_ROUTER = 'org.apache.kafka.connect.transforms.RegexRouter'
const LOGICAL_ROUTER = 'io.debezium.transforms.ByLogicalTableRouter'
const KNOWN =
  `${REGEX_ROUTER}, ${LOGICAL_ROUTER}, io.debezium.transforms.ExtractNewRecordState, ` +
  'io.debezium.transforms.outbox.EventRouter, io.debezium.transforms.Filter, org.apache.kafka.connect.transforms.Filter'
const ROUTE: ConfigKeys = {
  transforms: 'route',
  'transforms.route.type': REGEX_ROUTER,
  'transforms.route.regex': '(.*)',
  'transforms.route.replacement': 'x-$1',
}
const SHARDS: ConfigKeys = {
  transforms: 'shards',
  'transforms.shards.type': LOGICAL_ROUTER,
  'transforms.shards.topic.regex': '(.*)orders_\\d+',
  'transforms.shards.topic.replacement': '$1orders',
}

function topicOf(transform: Transform | undefined): NameRewrite {
  assert.ok(transform !== undefined && 'topic' in transform)
  return transform.topic
}

async function transformsOf(t: TestContext, keys: ConfigKeys): Promise<readonly Transform[]> {
  const {settings, warnings} = await loadKeys(t, keys)
  assert.deepEqual(warnings, [])
  return settings.events.transforms
}

test('without transforms there is none', async t => {
  assert.deepEqual(await transformsOf(t, {}), [])
  assert.deepEqual(await transformsOf(t, {transforms: ''}), [])
})

test('transforms stand in the order of their list, not of their keys', async t => {
  const found = await transformsOf(t, {...SHARDS, ...ROUTE, transforms: ' shards, route'})
  assert.deepEqual(
    found.map(({name, type}) => [name, type]),
    [
      ['shards', 'logical-table-router'],
      ['route', 'regex-router'],
    ],
  )
  assert.equal(rewriteName('a', topicOf(found[1])), 'x-a')
})

test('the short names that Connect takes for these classes are taken', async t => {
  const found = await transformsOf(t, {...ROUTE, 'transforms.route.type': 'RegexRouter'})
  assert.equal(found[0]?.type, 'regex-router')
})

test('a .properties file needs no more backslashes than Java’s', async t => {
  const text = Object.entries({...REQUIRED_KEYS, ...SHARDS, 'transforms.shards.topic.regex': '(.*)orders_\\\\d+'})
    .map(([key, value]) => `${key}=${String(value)}`)
    .join('\n')
  const {settings} = await loadText(t, text, {name: 'shop.properties'})
  assert.equal(rewriteName('s.orders_7', topicOf(settings.events.transforms[0])), 's.orders')
})

test('a ByLogicalTableRouter adds a field to the key unless it is told not to', async t => {
  const fieldOf = async (keys: ConfigKeys) => {
    const [router] = await transformsOf(t, {...SHARDS, ...keys})
    assert.equal(router?.type, 'logical-table-router')
    return router.keyField
  }
  assert.deepEqual(await fieldOf({}), {name: '__dbz__physicalTableIdentifier', value: null})
  assert.equal(await fieldOf({'transforms.shards.key.enforce.uniqueness': false}), null)
  assert.equal(await fieldOf({'transforms.shards.key.enforce.uniqueness': 'FALSE'}), null)
  const named = await fieldOf({
    'transforms.shards.key.field.name': 'shard',
    'transforms.shards.key.field.regex': '.*_(\\d+)',
    'transforms.shards.key.field.replacement': 'no $1',
    'transforms.shards.logical.table.cache.size': 32,
    'transforms.shards.schema.name.adjustment.mode': 'none',
  })
  assert.equal(named?.name, 'shard')
  assert.equal(rewriteName('s.orders_7', named.value!), 'no 7')
})

test('a name may begin as another one does', async t => {
  const keys = Object.entries(SHARDS).map(([key, value]) => [key.replace('.shards.', '.route.b.'), value] as const)
  const shards: ConfigKeys = Object.fromEntries(keys)
  const found = await transformsOf(t, {...ROUTE, ...shards, transforms: 'route,route.b'})
  assert.deepEqual(
    found.map(({type}) => type),
    ['regex-router', 'logical-table-router'],
  )
})

const REFUSED: readonly (readonly [ConfigKeys, string])[] = [
  [{transforms: 'route'}, 'transforms.route.type: it is missing; the transform route needs it'],
  [
    {...ROUTE, 'transforms.route.type': 'io.debezium.transforms.TimezoneConverter'},
    'transforms.route.type: io.debezium.transforms.TimezoneConverter is not supported; use one of ' +
      `${KNOWN}, or transform the events downstream`,
  ],
  [{...ROUTE, transforms: 'route,route'}, 'transforms: route stands there twice; name each transform once'],
  [
    {'transforms.route.type': REGEX_ROUTER},
    'transforms.route.type: there is no such transform; add its name to transforms, or leave the key out',
  ],
  [
    {...ROUTE, 'transforms.route.predicate': 'isOrder'},
    'transforms.route.predicate: there is no predicate isOrder; add its name to predicates',
  ],
  [
    {...ROUTE, 'transforms.route.negate': true},
    'transforms.route.negate: there is no predicate that it could negate; add it',
  ],
  [
    {...ROUTE, 'transforms.route.topic.regex': 'x'},
    'transforms.route.topic.regex: RegexRouter has no such option; wanted one of regex, replacement',
  ],
  [{...ROUTE, 'transforms.route.regex': null}, 'transforms.route.regex: it is missing; the transform route needs it'],
  [
    {...ROUTE, 'transforms.route.replacement': ''},
    'transforms.route.replacement: it is missing; the transform route needs it',
  ],
  [
    {...ROUTE, 'transforms.route.regex': 'a++'},
    'transforms.route.regex: "a++" cannot be used as a regular expression: possessive quantifiers (*+, ++, ?+) are not supported',
  ],
  [
    {...ROUTE, 'transforms.route.replacement': '$2'},
    'transforms.route.replacement: "$2" cannot be used as a replacement: the regular expression has no group 2',
  ],
  [
    {...SHARDS, 'transforms.shards.key.enforce.uniqueness': 'no'},
    'transforms.shards.key.enforce.uniqueness: found "no", wanted true or false',
  ],
  [
    {...SHARDS, 'transforms.shards.key.field.regex': 'x'},
    'transforms.shards.key.field.replacement: it is missing; the transform shards needs it',
  ],
  [
    {...SHARDS, 'transforms.shards.schema.name.adjustment.mode': 'snake'},
    'transforms.shards.schema.name.adjustment.mode: found "snake", wanted one of none, avro, avro_unicode',
  ],
  [{predicates: 'isOrder'}, 'predicates.isOrder.type: it is missing; the predicate isOrder needs it'],
]

for (const [keys, problem] of REFUSED) {
  test(`refused by name: ${problem}`, async t => {
    assert.deepEqual(await problemsOf(loadKeys(t, keys)), [problem])
  })
}
