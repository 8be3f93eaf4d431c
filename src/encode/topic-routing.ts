// What the transforms make of a topic: where its records go, what their schemas are named after, what their keys gain.
// All of it follows from the name that the topic would have without them; what hangs on rows is in encode/transforms.

import type {EventSettings} from '../config/settings.ts'
import type {Transform} from '../config/transforms/transform.ts'
import type {TableId} from '../core/table-id.ts'
import type {KeyField} from './key-fields.ts'
import {adjustSchemaName} from './name-adjustment.ts'
import {topicName} from './topic-name.ts'
import {applyTransforms} from './transforms/apply-transforms.ts'
import {NO_ROW} from './transforms/changed-row.ts'

export interface TopicRoute {
  readonly topic: string
  /** Schemas of keys and change events are named after it; null: as they are without transforms. */
  readonly schemaTopic: string | null
  readonly keyFields: readonly KeyField[]
  /** A filter drops its records. */
  readonly isDropped: boolean
}

/** What a key must know of its topic. */
export type KeyRoute = Pick<TopicRoute, 'schemaTopic' | 'keyFields'>

export interface TableRoute extends Omit<TopicRoute, 'isDropped'> {
  readonly schemaTopic: string
}

export const NO_ROUTE: KeyRoute = {schemaTopic: null, keyFields: []}

/** Of records that are no change events. Throws TIDEMARK_TRANSFORM_TOPIC where what comes out is no topic's name. */
export function routeTopic(physical: string, transforms: EventSettings['transforms']): TopicRoute {
  const transformation = applyTransforms(transforms, physical, {
    ...{kind: 'other', schemaTopic: '', table: null, source: '', row: NO_ROW, columns: new Map()},
  })
  if (transformation.type === 'dropped') return {topic: physical, ...NO_ROUTE, isDropped: true}
  const {topic, schemaTopic, keyFields} = transformation.record
  return {topic, schemaTopic, keyFields, isDropped: false}
}

/** The route of a table's events, as far as it is the same for all of them: keys follow it, topics unless rows decide. */
export function tableRoute(
  settings: Pick<EventSettings, 'topicPrefix' | 'topicDelimiter' | 'transforms' | 'schemas'>,
  id: TableId,
): TableRoute {
  const physical = topicName(settings, id)
  const {topic, schemaTopic, keyFields} = routeTopic(physical, settings.transforms.filter(isRouter))
  return {topic, schemaTopic: schemaTopic ?? adjustSchemaName(physical, settings.schemas.schemaNames), keyFields}
}

function isRouter({type}: Transform): boolean {
  return type === 'regex-router' || type === 'logical-table-router'
}
