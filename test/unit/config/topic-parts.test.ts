import assert from 'node:assert/strict'
import {test} from 'node:test'
import {OptionValues} from '../../../src/config/option-values.ts'
import {ConfigProblems} from '../../../src/config/problems.ts'
import {topicParts, type TopicParts} from '../../../src/config/topic-parts.ts'

function parts(config: Readonly<Record<string, string>>): TopicParts {
  const problems = new ConfigProblems()
  const found = topicParts(new OptionValues(new Map(Object.entries(config))), problems)
  problems.throwIfAny('test')
  return found
}

test('names are made of the prefixes where nothing else is said', () => {
  assert.deepEqual(parts({}), {transaction: 'transaction', heartbeatPrefix: '__debezium-heartbeat', heartbeat: null})
  assert.equal(parts({'topic.transaction': 'tx'}).transaction, 'tx')
  assert.equal(parts({'topic.heartbeat.name': 'beats'}).heartbeat, 'beats')
})

test('the older name of the heartbeat prefix counts only where the newer one is not set', () => {
  assert.equal(parts({'heartbeat.topics.prefix': 'old'}).heartbeatPrefix, 'old')
  assert.equal(parts({'heartbeat.topics.prefix': 'old', 'topic.heartbeat.prefix': 'new'}).heartbeatPrefix, 'new')
})

for (const key of ['topic.delimiter', 'topic.transaction', 'topic.heartbeat.prefix', 'topic.heartbeat.name']) {
  test(`what Kafka does not take in a topic's name is refused in ${key}`, () => {
    assert.throws(() => parts({[key]: 'a/b'}), new RegExp(`${key}: found "a/b", wanted only letters`))
    assert.throws(() => parts({[key]: 'a'.repeat(250)}), new RegExp(`${key}: found 250 characters`))
  })
}

test('dots alone are no name of a heartbeat topic', () => {
  assert.throws(() => parts({'topic.heartbeat.name': '..'}), /topic\.heartbeat\.name: found "\.\."/)
})
