// What ends a producer, in words that say what to do.

import {describeError, TidemarkError} from '../../core/tidemark-error.ts'
import type {Entry, PartitionQueue} from './partition-queue.ts'

export function compressionError(cause: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_KAFKA_COMPRESSION',
    `cannot compress a batch: ${describeError(cause).message}; please report it`,
    {cause},
  )
}

/** `limit` is producer.override.max.request.size where that was met, null where the broker refused. */
export function tooLargeError(queue: PartitionQueue, entry: Entry, limit: number | null): TidemarkError {
  const bytes = entry.batch.wireBytes
  const what =
    entry.batch.count === 1 ? `an event of ${bytes} bytes` : `${entry.batch.count} events of ${bytes} bytes together`
  const wanted = 2 ** Math.ceil(Math.log2(bytes + 1024))
  const remedy =
    `set producer.override.max.request.size=${wanted} and run: kafka-configs --alter --entity-type topics ` +
    `--entity-name ${queue.topic} --add-config max.message.bytes=${wanted} (and let consumers fetch as much)`
  const why =
    limit === null
      ? "Kafka answered MESSAGE_TOO_LARGE, it is above the topic's max.message.bytes"
      : `max.request.size is ${limit}`
  return new TidemarkError(
    'TIDEMARK_KAFKA_MESSAGE_TOO_LARGE',
    `cannot write ${what} to topic ${queue.topic}: ${why}; ${remedy}`,
  )
}
