// io.debezium.transforms.ByLogicalTableRouter.

import {nameAdjustments} from '../schema-settings.ts'
import type {NamedOptions} from './named-options.ts'
import type {LogicalTableRouter} from './transform.ts'

export const LOGICAL_ROUTER_OPTIONS: readonly string[] = [
  ...['topic.regex', 'topic.replacement', 'key.field.name', 'key.field.regex', 'key.field.replacement'],
  ...['key.enforce.uniqueness', 'schema.name.adjustment.mode', 'logical.table.cache.size'],
]
const KEY_FIELD_NAME = '__dbz__physicalTableIdentifier'

export function logicalTableRouter(options: NamedOptions): Omit<LogicalTableRouter, 'choice'> | null {
  const topic = options.rewrite(['topic.regex'], ['topic.replacement'])
  const schemaNames = options.choice('schema.name.adjustment.mode', nameAdjustments, 'none')
  const isUnique = options.flag('key.enforce.uniqueness', true)
  const name = options.text('key.field.name', KEY_FIELD_NAME)
  const value = options.has('key.field.regex') ? options.rewrite(['key.field.regex'], ['key.field.replacement']) : null
  if (topic === null) return null
  return {
    ...{type: 'logical-table-router', name: options.name, topic, schemaNames},
    keyField: isUnique ? {name, value} : null,
  }
}
