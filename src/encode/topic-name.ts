// Names of the topics that Debezium's default naming strategy gives.

import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'

/** Kafka's bound on a topic name. */
const MAX_LENGTH = 249

/** `<topic.prefix>.<database>.<table>`: characters that Kafka does not take become `_`, longer names are cut. Two tables may share a name then. */
export function topicName(settings: Pick<EventSettings, 'topicPrefix' | 'topicDelimiter'>, id: TableId): string {
  return sanitized([settings.topicPrefix, id.database, id.table].join(settings.topicDelimiter))
}

/** `<topic.heartbeat.prefix>.<topic.prefix>`. */
export function heartbeatTopicName(
  settings: Pick<EventSettings, 'topicPrefix' | 'topicDelimiter'>,
  heartbeatPrefix: string,
): string {
  return sanitized([heartbeatPrefix, settings.topicPrefix].join(settings.topicDelimiter))
}

/** `<topic.prefix>.<topic.transaction>`. */
export function transactionTopicName(
  settings: Pick<EventSettings, 'topicPrefix' | 'topicDelimiter'>,
  transaction: string,
): string {
  return sanitized([settings.topicPrefix, transaction].join(settings.topicDelimiter))
}

function sanitized(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, MAX_LENGTH)
}
