// What a consumer group has read of a topic, for a reader that takes its place and has no group of its own.

import type {KafkaCluster} from './kafka-cluster.ts'
import {throwOf} from './topic-fetcher.ts'

/** The next offset of each partition of which the group has committed one. Rejects as `throwOf` does; asks nothing to be changed. */
export async function committedOffsets(
  cluster: KafkaCluster,
  groupId: string,
  {topic, partitions}: {readonly topic: string; readonly partitions: readonly number[]},
): Promise<Map<number, bigint>> {
  const doing = `read what the consumer group ${groupId} has read of ${topic}`
  const coordinator = await cluster.groupCoordinator(groupId)
  const answer = (await cluster.ask(coordinator, 'OffsetFetch', {
    groupId,
    topics: [{topic, partitions: partitions.map(partition => ({partition}))}],
  })) as OffsetFetchAnswer
  throwOf(answer.errorCode ?? 0, doing)
  const committed = new Map<number, bigint>()
  for (const {partition, offset, errorCode} of answer.responses.flatMap(response => response.partitions)) {
    throwOf(errorCode, doing)
    if (BigInt(offset) >= 0n) committed.set(partition, BigInt(offset))
  }
  return committed
}

interface OffsetFetchAnswer {
  readonly errorCode?: number
  readonly responses: readonly {
    readonly partitions: readonly {readonly partition: number; readonly offset: string; readonly errorCode: number}[]
  }[]
}
