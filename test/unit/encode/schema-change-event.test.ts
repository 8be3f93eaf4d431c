import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {ColumnDefinition, TableDefinition} from '../../../src/core/table-definition.ts'
import {EventOrigin} from '../../../src/encode/envelope.ts'
import {schemaChangeKey, schemaChangeValue, type SchemaChange} from '../../../src/encode/schema-change-event.ts'
import {tableChangeStruct} from '../../../src/encode/table-change.ts'
import {NO_ROUTE} from '../../../src/encode/topic-routing.ts'

const ID = {database: 'd', table: 't"u'}

function column(type: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition {
  return {name: 'c', type, nullable: true, charset: null, defaultValue: null, extra: '', comment: '', ...more}
}

function definition(...columns: ColumnDefinition[]): TableDefinition {
  return {id: ID, charset: 'utf8mb4', comment: 'why', columns, primaryKey: ['c']}
}

/** Of one column: type, name, length, scale, automatic, default, labels. */
function described(type: string, more: Partial<ColumnDefinition> = {}): unknown[] {
  const change = {type: 'CREATE', id: ID, table: definition(column(type, more))} as const
  const {table} = tableChangeStruct(change, {comments: false}) as {table: {columns: Record<string, unknown>[]}}
  const {jdbcType, typeName, length, scale, autoIncremented, defaultValueExpression, enumValues} = table.columns[0]!
  return [jdbcType, typeName, length, scale, autoIncremented, defaultValueExpression, enumValues]
}

const TYPES: readonly (readonly [string, Partial<ColumnDefinition>, readonly unknown[]])[] = [
  ['int', {extra: 'auto_increment'}, [4, 'INT', null, null, true, null, null]],
  ['tinyint(1)', {defaultValue: '1'}, [5, 'TINYINT', 1, null, false, '1', null]],
  ['bigint unsigned', {}, [-5, 'BIGINT UNSIGNED', null, null, false, null, null]],
  ['smallint(5) unsigned zerofill', {}, [5, 'SMALLINT UNSIGNED ZEROFILL', 5, null, false, null, null]],
  ['decimal(10,2)', {defaultValue: '1.50'}, [3, 'DECIMAL', 10, 2, false, '1.50', null]],
  ['bit(9)', {defaultValue: "b'101'"}, [-7, 'BIT', 9, null, false, '101', null]],
  ['varchar(5)', {defaultValue: "it's \\ \n"}, [12, 'VARCHAR', 5, null, false, "it''s \\\\ \\n", null]],
  ['varchar(9)', {defaultValue: 'uuid()', extra: 'DEFAULT_GENERATED'}, [12, 'VARCHAR', 9, null, false, null, null]],
  ['binary(3)', {defaultValue: '0x610062'}, [-2, 'BINARY BINARY', 3, null, false, 'a\\0b', null]],
  ['datetime(6)', {defaultValue: 'CURRENT_TIMESTAMP(6)', extra: 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP(6)'},
    [93, 'DATETIME', 6, null, true, '1970-01-01 00:00:00', null]],
  ["enum('a','b''c','d,e)')", {defaultValue: 'a'}, [1, 'ENUM', 1, null, false, 'a', ["'a'", "'b''c'", "'d,e)'"]]],
  ["set('x','y','z')", {}, [1, 'SET', 5, null, false, null, ["'x'", "'y'", "'z'"]]],
  ['geomcollection', {}, [1111, 'GEOMCOLLECTION', null, null, false, null, null]],
  ['json', {}, [1111, 'JSON', null, null, false, null, null]],
] // prettier-ignore
for (const [type, more, wanted] of TYPES) {
  test(`a column of ${type} is described as the peer describes it`, () => {
    assert.deepEqual(described(type, more), wanted)
  })
}

function changed(): SchemaChange {
  const table = definition(column('int', {comment: 'of the column', nullable: false}))
  return {
    database: 'd',
    tables: 't"u',
    ddl: "ALTER TABLE `t\"u` COMMENT '😀'",
    changes: [{type: 'ALTER', id: ID, table}],
  }
}

function origin(): EventOrigin {
  const made = new EventOrigin()
  made.set({
    ...{tsUs: 1_700_000_000_123_456, snapshot: 'false', serverId: 1, sid: 's', gno: 7, file: 'b.000001', pos: 110},
    ...{threadId: null, nowUs: 1_700_000_000_200_999},
  })
  return made
}

const VALUE =
  '{"source":{"version":"0","connector":"mysql","name":"p","ts_ms":1700000000123,"snapshot":"false","db":"d",' +
  '"sequence":null,"ts_us":1700000000123000,"ts_ns":1700000000123000000,"table":"t\\"u","server_id":1,"gtid":"s:7",' +
  '"file":"b.000001","pos":110,"row":0,"thread":null,"query":null},"ts_ms":1700000000200,"databaseName":"d",' +
  '"schemaName":null,"ddl":"ALTER TABLE `t\\"u` COMMENT \'\\uD83D\\uDE00\'","tableChanges":[{"type":"ALTER",' +
  '"id":"\\"d\\".\\"t\\"\\"u\\"","table":{"defaultCharsetName":"utf8mb4","primaryKeyColumnNames":["c"],"columns":[{"name":"c",' +
  '"jdbcType":4,"nativeType":null,"typeName":"INT","typeExpression":"INT","charsetName":null,"length":null,"scale":null,' +
  '"position":1,"optional":false,"autoIncremented":false,"generated":false,"comment":null,"defaultValueExpression":null,' +
  '"enumValues":null}],"comment":null}}]}'

test('the value of a schema change has the bytes that the peer writes', () => {
  const settings = {topicPrefix: 'p', valueSchemasEnabled: false}
  const options = {settings, version: '0', comments: false}
  assert.equal(schemaChangeValue(changed(), origin(), options).toString(), VALUE)
  const withComments = schemaChangeValue(changed(), origin(), {...options, comments: true}).toString()
  assert.equal(withComments.match(/"comment":"(?:of the column|why)"/g)?.length, 2)
})

test('with schemas it stands in the frame of io.debezium.connector.mysql.SchemaChangeValue', () => {
  const settings = {topicPrefix: 'p', valueSchemasEnabled: true}
  const text = schemaChangeValue(changed(), origin(), {settings, version: '0', comments: false}).toString()
  assert.ok(text.endsWith(`,"payload":${VALUE}}`))
  const {schema} = JSON.parse(text) as {schema: {name: string; version: number; fields: {field: string}[]}}
  assert.deepEqual([schema.name, schema.version], ['io.debezium.connector.mysql.SchemaChangeValue', 1])
  assert.deepEqual(
    schema.fields.map(({field}) => field),
    ['source', 'ts_ms', 'databaseName', 'schemaName', 'ddl', 'tableChanges'],
  )
})

test('the key is the name of the database', () => {
  const settings = {keySchemasEnabled: false, keyConverter: 'json'} as const
  assert.equal(schemaChangeKey('d', settings, NO_ROUTE).toString(), '{"databaseName":"d"}')
  const framed = schemaChangeKey('', {...settings, keySchemasEnabled: true}, NO_ROUTE).toString()
  assert.ok(framed.includes('"name":"io.debezium.connector.mysql.SchemaChangeKey","version":1'))
  assert.ok(framed.endsWith('"payload":{"databaseName":""}}'))
})

test('a table that is gone has no definition', () => {
  const dropped = tableChangeStruct({type: 'DROP', id: ID, table: null}, {comments: true})
  assert.deepEqual(dropped, {type: 'DROP', id: '"d"."t""u"', table: null})
})
