// Which tables have their events in which topic. Where a topic may hold those of several, an event's `source` tells.

import type {TableId} from '../core/table-id.ts'
import {jsonStringBytes} from '../encode/json-bytes.ts'
import type {KeyField} from '../encode/key-fields.ts'

export interface TableTopic {
  readonly id: TableId
  /** `database.table` */
  readonly text: string
  readonly topic: string
  /** What its keys have beside the row's own key. */
  readonly keyFields: readonly KeyField[]
}

/** The table that all records of a topic belong to; or the index of a table by `sourceName`, among records of others. */
export type TopicContent =
  | {readonly type: 'own'; readonly table: number}
  | {readonly type: 'shared'; readonly tables: ReadonlyMap<string, number>}

export interface TopicTables {
  /** Index in `contents` by topic. */
  readonly topics: ReadonlyMap<string, number>
  readonly contents: readonly TopicContent[]
}

/** `isRouted`: transforms choose topics, so a topic may also hold what is not asked for. */
export function topicTables(tables: readonly TableTopic[], isRouted: boolean): TopicTables {
  const topics = new Map<string, number>()
  const contents: TopicContent[] = []
  for (const [topic, indexes] of tablesByTopic(tables)) {
    topics.set(topic, contents.length)
    if (indexes.length === 1 && !isRouted) contents.push({type: 'own', table: indexes[0]!})
    else contents.push({type: 'shared', tables: new Map(indexes.map(index => [nameOf(tables[index]!.id), index]))})
  }
  return {topics, contents}
}

/** A note for the table's report where others share its topic, else null. */
export function sharingNote(table: TableTopic, tables: readonly TableTopic[]): string | null {
  const others = tables.filter(({topic, text}) => topic === table.topic && text !== table.text)
  if (others.length === 0) return null
  const names = others.slice(0, SHOWN).map(({text}) => text)
  const more = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : ''
  const isMixed = others.some(({keyFields}) => JSON.stringify(keyFields) === JSON.stringify(table.keyFields))
  const warning = isMixed ? '; rows of two tables may have the same key there, and compaction keeps one of them' : ''
  return `the topic also has ${names.join(', ')}${more}; source.db and source.table tell the events apart${warning}`
}

const SHOWN = 5

/** The key of `TopicContent.tables`, from `source.db` and `source.table` as they stand between their quotes. */
export function sourceName(database: string, table: string): string {
  return `${database}"${table}`
}

function nameOf({database, table}: TableId): string {
  return sourceName(jsonInside(database), jsonInside(table))
}

function jsonInside(text: string): string {
  return jsonStringBytes(text).toString('latin1').slice(1, -1)
}

function tablesByTopic(tables: readonly TableTopic[]): Map<string, number[]> {
  const byTopic = new Map<string, number[]>()
  for (const [index, {topic}] of tables.entries()) {
    const indexes = byTopic.get(topic)
    if (indexes === undefined) byTopic.set(topic, [index])
    else indexes.push(index)
  }
  return byTopic
}
