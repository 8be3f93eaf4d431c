// Schema change events: the bytes of their keys and values, as Debezium's.

import type {EventSettings} from '../config/settings.ts'
import type {EventOrigin} from './envelope.ts'
import {jsonText} from './json-bytes.ts'
import {schemaText, type Schema} from './schemas/connect-schema.ts'
import {SOURCE_SCHEMA} from './schemas/schema-frame.ts'
import {singleFieldKey} from './single-field-key.ts'
import {tableChangeStruct, type TableChange} from './table-change.ts'
import type {KeyRoute} from './topic-routing.ts'

export interface SchemaChange {
  /** '' for what concerns the whole server. */
  readonly database: string
  /** `source.table`: names of tables with commas between them; '' where a statement names none; null: a database's. */
  readonly tables: string | null
  readonly ddl: string
  readonly changes: readonly TableChange[]
}

const NAME = 'io.debezium.connector.mysql.SchemaChange'

export function schemaChangeKey(
  database: string,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
  route: KeyRoute,
): Buffer {
  const key = {field: 'databaseName', value: database, schemaName: `${NAME}Key`, owner: 'schema changes'}
  return singleFieldKey(key, settings, route)
}

export interface SchemaChangeOptions {
  readonly settings: Pick<EventSettings, 'topicPrefix' | 'valueSchemasEnabled'>
  /** `source.version`. */
  readonly version: string
  /** include.schema.comments */
  readonly comments: boolean
}

export function schemaChangeValue(
  change: SchemaChange,
  origin: EventOrigin,
  {settings, version, comments}: SchemaChangeOptions,
): Buffer {
  const {database, ddl, changes} = change
  const rest = {
    ts_ms: Math.floor(origin.nowUs / 1000),
    databaseName: database,
    schemaName: null,
    ddl,
    tableChanges: changes.map(each => tableChangeStruct(each, {comments})),
  }
  const payload = `{"source":${sourceText(change, origin, {settings, version})},${jsonText(JSON.stringify(rest)).slice(1)}`
  if (!settings.valueSchemasEnabled) return Buffer.from(payload)
  return Buffer.from(`{"schema":${schemaText(VALUE_SCHEMA)},"payload":${payload}}`)
}

function sourceText(
  {database, tables}: SchemaChange,
  origin: EventOrigin,
  {settings, version}: Pick<SchemaChangeOptions, 'settings' | 'version'>,
): string {
  const {tsUs, sid, gno, threadId} = origin
  const tsMs = Math.floor(tsUs / 1000)
  const source = {
    version,
    connector: 'mysql',
    name: settings.topicPrefix,
    ts_ms: tsMs,
    snapshot: origin.snapshot,
    db: database,
    sequence: null,
    ts_us: tsMs * 1000,
    // Behind 2^53: put in as text.
    ts_ns: 0,
    table: tables,
    server_id: origin.serverId,
    gtid: sid === '' ? null : `${sid}:${gno}`,
    file: origin.file,
    pos: origin.pos,
    row: 0,
    thread: threadId < 0 ? null : threadId,
    query: null,
  }
  return jsonText(JSON.stringify(source)).replace('"ts_ns":0', `"ts_ns":${tsMs === 0 ? '0' : `${tsMs}000000`}`)
}

const text = (field: string): Schema => ({type: 'string', optional: false, field})
const optionalText = (field: string): Schema => ({type: 'string', optional: true, field})
const number = (field: string): Schema => ({type: 'int32', optional: false, field})
const optionalNumber = (field: string): Schema => ({type: 'int32', optional: true, field})
const optionalFlag = (field: string): Schema => ({type: 'boolean', optional: true, field})
const optionalTexts = (field: string): Schema => ({
  type: 'array',
  items: {type: 'string', optional: false},
  optional: true,
  field,
})

const COLUMN_SCHEMA: Schema = {
  type: 'struct',
  fields: [
    text('name'),
    number('jdbcType'),
    optionalNumber('nativeType'),
    text('typeName'),
    optionalText('typeExpression'),
    optionalText('charsetName'),
    optionalNumber('length'),
    optionalNumber('scale'),
    number('position'),
    optionalFlag('optional'),
    optionalFlag('autoIncremented'),
    optionalFlag('generated'),
    optionalText('comment'),
    optionalText('defaultValueExpression'),
    optionalTexts('enumValues'),
  ],
  optional: false,
  name: 'io.debezium.connector.schema.Column',
  version: 1,
}

const TABLE_SCHEMA: Schema = {
  type: 'struct',
  fields: [
    optionalText('defaultCharsetName'),
    optionalTexts('primaryKeyColumnNames'),
    {type: 'array', items: COLUMN_SCHEMA, optional: false, field: 'columns'},
    optionalText('comment'),
  ],
  optional: true,
  name: 'io.debezium.connector.schema.Table',
  version: 1,
}

const CHANGE_SCHEMA: Schema = {
  type: 'struct',
  fields: [text('type'), text('id'), {...TABLE_SCHEMA, field: 'table'}],
  optional: false,
  name: 'io.debezium.connector.schema.Change',
  version: 1,
}

const VALUE_SCHEMA: Schema = {
  type: 'struct',
  fields: [
    {...SOURCE_SCHEMA, field: 'source'},
    {type: 'int64', optional: false, field: 'ts_ms'},
    optionalText('databaseName'),
    optionalText('schemaName'),
    optionalText('ddl'),
    {type: 'array', items: CHANGE_SCHEMA, optional: false, field: 'tableChanges'},
  ],
  optional: false,
  name: `${NAME}Value`,
  version: 1,
}
