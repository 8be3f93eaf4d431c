// A record of the signal topic as Debezium's users write it: the key is topic.prefix, the value a JSON object with type,
// data and, if wanted, id.

import type {SignalRecord} from './signal.ts'
import {jsonProblem} from './signal.ts'

export interface KafkaSignal {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Null: none. */
  readonly key: string | null
  readonly value: string | null
}

/**
 * The signal of a record; broken where it cannot be one, so that it is answered all the same; null where it is not for us: the
 * key is another connector's. A record without id has its place for one, which stays the same over a crash.
 */
export function kafkaSignalRecord(record: KafkaSignal, topicPrefix: string): SignalRecord | null {
  const {topic, partition, offset, key, value} = record
  if (key !== null && key !== topicPrefix) return null
  const occurrence = `${topic}-${partition}-${offset}`
  const base = {channel: 'kafka', occurrence} as const
  const broken = (reason: string, id = occurrence, type = ''): SignalRecord => {
    return {...base, id, type, data: null, broken: reason}
  }
  if (key === null) {
    return broken(
      `the record has no key; wanted ${JSON.stringify(topicPrefix)} (topic.prefix), e.g. with kafka-console-producer --property parse.key=true --property key.separator=:`,
    )
  }
  if (value === null || value.trim() === '') return broken('the record has no value; wanted {"type": …, "data": {…}}')
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    return broken(`the value is not JSON: ${jsonProblem(value)}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return broken(
      'the value must be a JSON object like {"type": "execute-snapshot", "data": {"data-collections": ["db.table"]}}',
    )
  }
  const {id: givenId, type, data} = parsed as {id?: unknown; type?: unknown; data?: unknown}
  const id = typeof givenId === 'string' && givenId !== '' ? givenId : occurrence
  if (givenId !== undefined && givenId !== null && typeof givenId !== 'string') {
    return broken('"id" must be a text', occurrence, typeof type === 'string' ? type : '')
  }
  if (typeof type !== 'string') return broken('"type" is missing, or no text', id)
  return {...base, id, type, data: dataText(data)}
}

/** Debezium wants an object; JSON in a text, as in the signal table, is taken, too. */
function dataText(data: unknown): string | null {
  if (data === undefined || data === null) return null
  return typeof data === 'string' ? data : JSON.stringify(data)
}
