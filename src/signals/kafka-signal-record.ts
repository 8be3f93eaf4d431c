// A record of the signal topic as Debezium's users write it: the key is topic.prefix, the value a JSON object with type,
// data and, if wanted, id.

import {jsonSignal} from './json-signal.ts'
import type {SignalRecord} from './signal.ts'

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
  const broken = (reason: string): SignalRecord => ({...base, id: occurrence, type: '', data: null, broken: reason})
  if (key === null) {
    return broken(
      `the record has no key; wanted ${JSON.stringify(topicPrefix)} (topic.prefix), e.g. with kafka-console-producer --property parse.key=true --property key.separator=:`,
    )
  }
  if (value === null || value.trim() === '') return broken('the record has no value; wanted {"type": …, "data": {…}}')
  return jsonSignal(value, base, 'the value')
}
