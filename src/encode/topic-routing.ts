// What the transforms make of a topic: where its records go, what their schemas are named after, what their keys gain.
// All of it follows from the name that the topic would have without them.

import {rewriteName} from '../config/java-replacement.ts'
import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {KeyField} from './key-fields.ts'
import {adjustSchemaName} from './name-adjustment.ts'
import {topicName} from './topic-name.ts'

export interface TopicRoute {
  readonly topic: string
  /** Schemas of keys and change events are named after it; null: as they are without transforms. */
  readonly schemaTopic: string | null
  readonly keyFields: readonly KeyField[]
}

/** What a key must know of its topic. */
export type KeyRoute = Pick<TopicRoute, 'schemaTopic' | 'keyFields'>

export interface TableRoute extends TopicRoute {
  readonly schemaTopic: string
}

export const NO_ROUTE: KeyRoute = {schemaTopic: null, keyFields: []}

/** What Kafka takes. */
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/

/** Throws TIDEMARK_TRANSFORM_TOPIC where what comes out is no topic's name. */
export function routeTopic(physical: string, transforms: EventSettings['transforms']): TopicRoute {
  let topic = physical
  let schemaTopic: string | null = null
  let last = ''
  const keyFields: KeyField[] = []
  for (const transform of transforms) {
    const routed = rewriteName(topic, transform.topic)
    if (routed === null) continue
    if (transform.type === 'logical-table-router') {
      // As Debezium, which passes such a record on as it is.
      if (routed === '') continue
      schemaTopic = adjustSchemaName(routed, transform.schemaNames)
      const field = transform.keyField
      if (field !== null) {
        const value = field.value === null ? null : rewriteName(topic, field.value)
        keyFields.push({name: field.name, value: value ?? topic})
      }
    }
    topic = routed
    last = transform.name
  }
  if (last !== '' && !TOPIC_NAME.test(topic)) throw noTopicName(physical, topic, last)
  return {topic, schemaTopic, keyFields}
}

/** The route of a table's events. */
export function tableRoute(
  settings: Pick<EventSettings, 'topicPrefix' | 'topicDelimiter' | 'transforms' | 'schemas'>,
  id: TableId,
): TableRoute {
  const physical = topicName(settings, id)
  const route = routeTopic(physical, settings.transforms)
  return {...route, schemaTopic: route.schemaTopic ?? adjustSchemaName(physical, settings.schemas.schemaNames)}
}

function noTopicName(physical: string, topic: string, transform: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_TRANSFORM_TOPIC',
    `the transforms send what belongs to the topic ${physical} to "${topic}", which is no topic's name: wanted 1 to 249 ` +
      `letters, digits, dots, underscores and hyphens; mend the replacement of transforms.${transform}`,
    {kind: 'configuration'},
  )
}
