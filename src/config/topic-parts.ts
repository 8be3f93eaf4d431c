// The parts that topic names are made of beside topic.prefix, checked as Debezium's naming strategy checks them.

import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'

export interface TopicParts {
  readonly transaction: string
  readonly heartbeatPrefix: string
  /** Null: made of the prefixes. */
  readonly heartbeat: string | null
}

const MAX_LENGTH = 249
const PARTS = [
  ...['topic.delimiter', 'topic.transaction', 'topic.heartbeat.prefix', 'heartbeat.topics.prefix'],
  'topic.heartbeat.name',
]

export function topicParts(values: OptionValues, problems: ConfigProblems): TopicParts {
  for (const key of PARTS) {
    const part = values.optionalText(key)
    if (part === null) continue
    if (!/^[A-Za-z0-9._-]*$/.test(part)) {
      problems.add(key, `found "${part}", wanted only letters, digits, dot, underscore and hyphen`)
    } else if (part.length > MAX_LENGTH) {
      problems.add(key, `found ${part.length} characters, wanted at most ${MAX_LENGTH}, as in any topic's name`)
    }
  }
  const heartbeat = values.optionalText('topic.heartbeat.name')
  if (heartbeat === '.' || heartbeat === '..') {
    problems.add('topic.heartbeat.name', `found "${heartbeat}", which is no topic's name`)
  }
  const olderPrefix = values.has('topic.heartbeat.prefix') ? null : values.optionalText('heartbeat.topics.prefix')
  return {
    transaction: values.text('topic.transaction'),
    heartbeatPrefix: olderPrefix ?? values.text('topic.heartbeat.prefix'),
    heartbeat,
  }
}
