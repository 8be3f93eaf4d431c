// Settings that decide the bytes of events.

import {columnRules} from './column-rules.ts'
import {converterRules} from './converters.ts'
import {schemaSettings} from './schema-settings.ts'
import {splitCommaList} from './comma-list.ts'
import {javaRegex} from './java-regex.ts'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {EventSettings} from './settings.ts'
import {transformSettings} from './transforms/transforms.ts'

export function eventSettings(values: OptionValues, name: string, problems: ConfigProblems): EventSettings {
  const topicPrefix = values.text('topic.prefix')
  if (topicPrefix !== '' && !/^[A-Za-z0-9._-]+$/.test(topicPrefix)) {
    problems.add('topic.prefix', `found "${topicPrefix}", wanted only letters, digits, dot, underscore and hyphen`)
  }
  // As in Connect, where the frame is on; on its own Tidemark writes the plain payload.
  const framed = values.has('connector.class')
  const schemas = (key: string): boolean => (values.has(key) ? values.flag(key) : framed)
  return {
    topicPrefix,
    topicDelimiter: values.text('topic.delimiter'),
    tombstonesOnDelete: values.flag('tombstones.on.delete'),
    skippedOperations: skippedOperations(values, problems),
    skipsUnchanged: values.flag('skip.messages.without.change'),
    keySchemasEnabled: schemas('key.converter.schemas.enable'),
    valueSchemasEnabled: schemas('value.converter.schemas.enable'),
    keyConverter: values.text('key.converter').endsWith('StringConverter') ? 'string' : 'json',
    extendedHeaders: values.flag('extended.headers.enabled'),
    connectorName: name,
    messageKeyColumns: messageKeyColumns(values, problems),
    columns: columnRules(values, problems),
    schemas: schemaSettings(values),
    converters: converterRules(values, problems),
    keyDecimalFormat: values.choice('key.converter.decimal.format'),
    transforms: transformSettings(values, problems),
    valueModes: {
      decimal: values.choice('decimal.handling.mode'),
      bigintUnsigned: values.choice('bigint.unsigned.handling.mode'),
      binary: values.choice('binary.handling.mode'),
      time: values.choice('time.precision.mode'),
      decimalFormat: values.choice('value.converter.decimal.format'),
    },
  }
}

function skippedOperations(values: OptionValues, problems: ConfigProblems): ReadonlySet<string> {
  const operations = values.list('skipped.operations').map(operation => operation.toLowerCase())
  if (!operations.includes('none')) return new Set(operations)
  if (operations.length > 1) problems.add('skipped.operations', 'found none among others; wanted none alone')
  return new Set()
}

/** `tables:column,column;tables:column`. */
function messageKeyColumns(values: OptionValues, problems: ConfigProblems): EventSettings['messageKeyColumns'] {
  const key = 'message.key.columns'
  const entries: {table: RegExp; columns: string[]}[] = []
  for (const entry of values.text(key).split(';')) {
    if (entry.trim() === '') continue
    const [, table, columns] = /^\s*([^\s:]+):([^:\s]+)\s*$/.exec(entry) ?? []
    if (table === undefined || columns === undefined) {
      problems.add(key, `found "${entry.trim()}", wanted database.table:column,column`)
      continue
    }
    try {
      entries.push({table: javaRegex(table), columns: splitCommaList(columns)})
    } catch (error) {
      problems.add(key, `"${table}" cannot be used as a regular expression: ${(error as Error).message}`)
    }
  }
  return entries
}
