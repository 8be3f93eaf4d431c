// io.debezium.transforms.ExtractNewRecordState, with the names that its options had before Debezium 3.

import {splitCommaList} from '../comma-list.ts'
import type {NamedOptions} from './named-options.ts'
import type {FieldReference, Unwrap} from './transform.ts'

export const UNWRAP_OPTIONS: readonly string[] = [
  ...['delete.tombstone.handling.mode', 'delete.handling.mode', 'drop.tombstones', 'route.by.field'],
  ...['add.fields', 'add.fields.prefix', 'add.headers', 'add.headers.prefix', 'replace.null.with.default'],
  ...['drop.fields.header.name', 'drop.fields.from.key', 'drop.fields.keep.schema.compatible'],
]

const MODES = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const
const LEGACY_MODES = ['drop', 'none', 'rewrite'] as const

const EVENT_FIELDS: readonly string[] = ['op', 'ts_ms', 'ts_us', 'ts_ns']
const TRANSACTION_FIELDS: readonly string[] = ['id', 'total_order', 'data_collection_order']
const SOURCE_FIELDS: readonly string[] = [
  ...['version', 'connector', 'name', 'ts_ms', 'ts_us', 'ts_ns', 'snapshot', 'db', 'sequence', 'table'],
  ...['server_id', 'gtid', 'file', 'pos', 'row', 'thread', 'query'],
]
const FIELDS_OF: Readonly<Record<'source' | 'transaction' | 'event', readonly string[]>> = {
  source: SOURCE_FIELDS,
  transaction: TRANSACTION_FIELDS,
  event: EVENT_FIELDS,
}

export function unwrap(options: NamedOptions): Omit<Unwrap, 'choice'> {
  if (options.has('drop.fields.header.name')) {
    options.report(
      'drop.fields.header.name',
      'no record has a header that lists fields here, as that needs ExtractChangedRecordState, which is not supported; ' +
        'leave it out, or leave columns out with column.exclude.list',
    )
  }
  // Both say how fields are dropped, which happens through that header alone.
  options.flag('drop.fields.from.key', false)
  options.flag('drop.fields.keep.schema.compatible', true)
  if (!options.flag('replace.null.with.default', true)) {
    options.report(
      'replace.null.with.default',
      'false is not supported; leave it out: the converter would put the default there all the same',
    )
  }
  return {
    type: 'unwrap',
    name: options.name,
    ...deleteHandling(options),
    fields: references(options, 'add.fields'),
    headers: references(options, 'add.headers'),
    routeByField: options.optional('route.by.field'),
  }
}

function deleteHandling(options: NamedOptions): Pick<Unwrap, 'deletes' | 'keepsTombstones'> {
  const isLegacy = options.has('delete.handling.mode') || options.has('drop.tombstones')
  if (isLegacy && !options.has('delete.tombstone.handling.mode')) {
    const mode = options.choice('delete.handling.mode', LEGACY_MODES, 'drop')
    const keepsTombstones = !options.flag('drop.tombstones', true)
    return {deletes: mode === 'none' ? 'null' : mode, keepsTombstones}
  }
  const mode = options.choice('delete.tombstone.handling.mode', MODES, 'tombstone')
  switch (mode) {
    case 'drop':
      return {deletes: 'drop', keepsTombstones: false}
    case 'tombstone':
      return {deletes: 'null', keepsTombstones: false}
    case 'delete-to-tombstone':
      return {deletes: 'tombstone', keepsTombstones: false}
    case 'rewrite':
      return {deletes: 'rewrite', keepsTombstones: false}
    case 'rewrite-with-tombstone':
      return {deletes: 'rewrite', keepsTombstones: true}
  }
}

/** `op`, `source.ts_ms`, `transaction.id:tx`: a field of the event and, behind a colon, its name. */
function references(options: NamedOptions, option: string): FieldReference[] {
  const prefix = options.optional(`${option}.prefix`) ?? '__'
  return splitCommaList(options.text(option, '')).flatMap(text => {
    const [path = '', alias, ...more] = text.split(':')
    const parts = path.split('.')
    const [struct, field] = parts.length === 2 ? [parts[0]!, parts[1]!] : [structOf(path), path]
    const known = FIELDS_OF[struct as keyof typeof FIELDS_OF]
    if (more.length > 0 || parts.length > 2 || known?.includes(field) !== true || alias === '') {
      options.report(
        option,
        `"${text}" names no field that it can add; wanted ${EVENT_FIELDS.join(', ')}, a field of source or transaction ` +
          `(${SOURCE_FIELDS.join(', ')}; ${TRANSACTION_FIELDS.join(', ')}), each as field, struct.field or field:name`,
      )
      return []
    }
    const name = prefix + (alias ?? (parts.length === 2 ? `${struct}_${field}` : field))
    return [{struct: struct === 'event' ? null : (struct as 'source' | 'transaction'), field, name}]
  })
}

/** Where a field without a struct is looked for. */
function structOf(field: string): 'source' | 'transaction' | 'event' {
  if (TRANSACTION_FIELDS.includes(field)) return 'transaction'
  return EVENT_FIELDS.includes(field) ? 'event' : 'source'
}
