import assert from 'node:assert/strict'
import {test} from 'node:test'
import {connectorConfig, tunedConfig, type ConnectorChoice} from '../../../bench/debezium/connector-config.ts'

const choice: ConnectorChoice = {
  tuning: 'default',
  prefix: 'bench-1',
  mysql: {host: '127.0.0.1', port: 3306, user: 'root', password: 'p'},
  serverId: 7,
  database: 'd',
  tables: ['a', 'b'],
  chunkRows: 2048,
  compression: 'lz4',
  headers: true,
  hasOffset: false,
}

test('tuning adds its settings and changes none of those that both contenders share', () => {
  const plain = connectorConfig(choice)
  assert.deepEqual(connectorConfig({...choice, tuning: 'tuned'}), {...plain, ...tunedConfig})
  assert.deepEqual(
    Object.keys(tunedConfig).filter(key => key in plain),
    [],
  )
})

test('tables, chunk size, compression and headers of a run reach the connector', () => {
  const config = connectorConfig({...choice, headers: false})
  assert.equal(config['table.include.list'], 'd.a,d.b')
  assert.equal(config['incremental.snapshot.chunk.size'], '2048')
  assert.equal(config['producer.override.compression.type'], 'lz4')
  assert.equal(config['extended.headers.enabled'], 'false')
})

test('a connector that begins at a stored offset builds its history from the tables', () => {
  assert.equal(connectorConfig({...choice, hasOffset: true})['snapshot.mode'], 'recovery')
  assert.equal(connectorConfig(choice)['snapshot.mode'], 'no_data')
})
