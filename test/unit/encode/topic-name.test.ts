import assert from 'node:assert/strict'
import {test} from 'node:test'
import {heartbeatTopicName, topicName, transactionTopicName} from '../../../src/encode/topic-name.ts'

const settings = {topicPrefix: 'app', topicDelimiter: '.'}

test('a topic is prefix, database and table', () => {
  assert.equal(topicName(settings, {database: 'shop', table: 'orders'}), 'app.shop.orders')
  assert.equal(topicName({...settings, topicDelimiter: '_'}, {database: 'shop', table: 'orders'}), 'app_shop_orders')
})

test('what Kafka does not take becomes an underscore, and long names are cut', () => {
  assert.equal(topicName(settings, {database: 'shop', table: 'bestellung größe$1'}), 'app.shop.bestellung_gr__e_1')
  assert.equal(topicName(settings, {database: 'd'.repeat(200), table: 't'.repeat(200)}).length, 249)
})

test('the heartbeat topic is its prefix and the topic prefix', () => {
  assert.equal(heartbeatTopicName(settings, '__debezium-heartbeat'), '__debezium-heartbeat.app')
})

test('the transaction topic stands behind the topic prefix, with its delimiter', () => {
  assert.equal(transactionTopicName(settings, 'transaction'), 'app.transaction')
  assert.equal(transactionTopicName({...settings, topicDelimiter: '-'}, 'tx'), 'app-tx')
})
