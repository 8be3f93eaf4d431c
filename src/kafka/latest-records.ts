// The last value of each key in a compacted topic, read to its end.

import {PartitionRecords} from './fetch-protocol.ts'
import {throwOf, type TopicFetcher} from './topic-fetcher.ts'

const FETCH_BYTES = 4 * 1024 * 1024

export interface LatestRecordsOptions {
  readonly partitions: readonly number[]
  readonly wants: (key: string) => boolean
  readonly signal: AbortSignal
}

/**
 * What was committed before the call is in it: each log is read to its end, behind transactions of others that are still
 * open, once those have ended. A key whose last value is null is not there.
 */
export async function latestRecords(
  fetcher: TopicFetcher,
  {partitions, wants, signal}: LatestRecordsOptions,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const partition of partitions) {
    const {start, end} = await fetcher.bounds(partition, {open: true})
    const reader = new PartitionRecords(start, end)
    while (!reader.isDone) {
      signal.throwIfAborted()
      const answers = await fetcher.fetch([{partition, offset: reader.nextOffset}], FETCH_BYTES)
      for (const answer of answers) {
        throwOf(answer.errorCode, `read topic ${fetcher.topic}`)
        reader.take(answer, (bytes, {keyStart, keyEnd, valueStart, valueEnd}) => {
          if (keyStart < 0) return
          const key = bytes.toString('utf8', keyStart, keyEnd)
          if (!wants(key)) return
          if (valueStart < 0) found.delete(key)
          else found.set(key, bytes.toString('utf8', valueStart, valueEnd))
        })
      }
    }
  }
  return found
}
