// io.debezium.transforms.outbox.EventRouter.

import {splitCommaList} from '../comma-list.ts'
import type {NamedOptions} from './named-options.ts'
import type {AdditionalField, EventRouter} from './transform.ts'

export const EVENT_ROUTER_OPTIONS: readonly string[] = [
  ...['table.field.event.id', 'table.field.event.key', 'table.field.event.type', 'table.field.event.payload'],
  ...['table.field.event.timestamp', 'table.field.event.schema.version', 'table.fields.additional.placement'],
  ...['table.field.additional.missing', 'table.fields.additional.error.on.missing', 'table.expand.json.payload'],
  ...['table.json.payload.null.behavior', 'table.json.payload.empty.array.behavior', 'table.op.invalid.behavior'],
  ...['route.by.field', 'route.topic.regex', 'route.topic.replacement', 'route.tombstone.on.empty.payload'],
  ...['tracing.span.context.field', 'tracing.operation.name', 'tracing.with.context.field.only'],
]
const PLACEMENTS = ['header', 'envelope', 'partition'] as const

export function eventRouter(options: NamedOptions): Omit<EventRouter, 'choice'> | null {
  for (const option of options.found().filter(each => each.startsWith('tracing.'))) {
    options.report(option, 'tracing is not supported; leave it out')
  }
  if (options.has('table.field.event.timestamp')) {
    options.report(
      'table.field.event.timestamp',
      'a record’s own timestamp is not supported; leave it out, or place the column with table.fields.additional.placement',
    )
  }
  if (options.choice('table.json.payload.empty.array.behavior', ['ignore', 'optional_string'], 'ignore') !== 'ignore') {
    options.report('table.json.payload.empty.array.behavior', 'optional_string is not supported yet; use ignore')
  }
  const topic = options.rewrite(
    ['route.topic.regex', '(?<routedByValue>.*)'],
    ['route.topic.replacement', 'outbox.event.${routedByValue}'],
  )
  const router = {
    type: 'event-router' as const,
    name: options.name,
    id: options.text('table.field.event.id', 'id'),
    key: options.text('table.field.event.key', 'aggregateid'),
    payload: options.text('table.field.event.payload', 'payload'),
    schemaVersion: options.optional('table.field.event.schema.version'),
    additional: additionalFields(options),
    ignoresMissing: ignoresMissing(options),
    expandsJson: options.flag('table.expand.json.payload', false),
    keepsJsonNulls:
      options.choice('table.json.payload.null.behavior', ['ignore', 'optional_bytes'], 'ignore') === 'optional_bytes',
    routeByField: options.text('route.by.field', 'aggregatetype'),
    tombstoneOnEmptyPayload: options.flag('route.tombstone.on.empty.payload', false),
    onUpdate: options.choice('table.op.invalid.behavior', ['warn', 'error', 'fatal'], 'warn'),
  }
  return topic === null ? null : {...router, topic}
}

function ignoresMissing(options: NamedOptions): boolean {
  // The second is the name in Debezium's documentation, the first the one that it reads.
  if (options.has('table.field.additional.missing')) {
    return options.choice('table.field.additional.missing', ['error', 'ignore'], 'error') === 'ignore'
  }
  return !options.flag('table.fields.additional.error.on.missing', true)
}

/** `column:placement` or `column:placement:name`. */
function additionalFields(options: NamedOptions): AdditionalField[] {
  const option = 'table.fields.additional.placement'
  return splitCommaList(options.text(option, '')).flatMap(text => {
    const [column = '', found = '', name = column, ...more] = text.split(':').map(part => part.trim())
    const placement = PLACEMENTS.find(each => each === found.toLowerCase())
    if (column === '' || placement === undefined || name === '' || more.length > 0) {
      options.report(
        option,
        `found "${text}", wanted column:placement or column:placement:name, placed as ${PLACEMENTS.join(', ')}`,
      )
      return []
    }
    return [{column, placement, name}]
  })
}
