import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import type {PrerequisiteResult, PrerequisiteScope} from '../../../src/mysql/prerequisite.ts'
import {serverPrerequisites} from '../../../src/mysql/prerequisites-server.ts'

const GOOD: Readonly<Record<string, string>> = {
  version: '8.4.6',
  server_id: '1',
  log_bin: 'ON',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  binlog_row_value_options: '',
  binlog_order_commits: 'ON',
  sync_binlog: '1',
  gtid_mode: 'ON',
  enforce_gtid_consistency: 'ON',
  binlog_expire_logs_seconds: '2592000',
}

function results(
  variables: Readonly<Record<string, string>>,
  {readOnly = false, mode = 'no_data', watermarks = 'signal-table'} = {},
): Map<string, PrerequisiteResult> {
  const settings = {readOnly, database: {serverId: 7}, stream: {}, snapshot: {mode, watermarks}} as unknown as Settings
  const scope = {settings, variables: new Map(Object.entries({...GOOD, ...variables}))} as unknown as PrerequisiteScope
  return new Map(serverPrerequisites(scope).map(result => [result.name, result]))
}

test('without GTIDs read.only is refused, with the statements that switch them on and where RDS has them', () => {
  const result = results({gtid_mode: 'OFF'}, {readOnly: true, watermarks: 'executed-gtids'}).get('gtid_mode')!
  assert.equal(result.ok, 'failed')
  assert.match(result.wanted, /read\.only=true takes its watermarks from executed GTIDs/)
  assert.match(result.statement, /^SET PERSIST enforce_gtid_consistency = ON;/)
  assert.match(result.rds ?? '', /parameter group/)
})

test('where neither a signal table nor GTIDs are there, a snapshot.mode that copies is refused with both ways out', () => {
  const result = results({gtid_mode: 'OFF'}, {mode: 'initial', watermarks: 'executed-gtids'}).get('gtid_mode')!
  assert.equal(result.ok, 'failed')
  assert.match(result.statement, /signal\.data\.collection .* or switch GTIDs on: SET PERSIST/)
})

test('without GTIDs a task that copies nothing, or has a signal table, may run', () => {
  for (const options of [{watermarks: 'executed-gtids'}, {mode: 'initial'}]) {
    assert.equal(results({gtid_mode: 'OFF'}, options).get('gtid_mode')!.ok, 'warning')
  }
})

test('consistency that is not enforced is as bad as no GTIDs', () => {
  const found = results({enforce_gtid_consistency: 'WARN'}, {readOnly: true, watermarks: 'executed-gtids'})
  assert.equal(found.get('gtid_mode')!.ok, 'failed')
})

test('an Aurora reader is recognized, and told apart from a server whose binlog is off', () => {
  const reader = results({log_bin: 'OFF', innodb_read_only: 'ON'}).get('log_bin')!
  assert.match(reader.found, /a reader of an Aurora cluster/)
  assert.match(reader.statement, /writer\) endpoint with read\.only=true/)
  const plain = results({log_bin: 'OFF', innodb_read_only: 'OFF'}).get('log_bin')!
  assert.equal(plain.ok, 'failed')
  assert.doesNotMatch(plain.found + plain.statement, /Aurora cluster, which/)
})
