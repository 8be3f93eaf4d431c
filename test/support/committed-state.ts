// A task's state beside a process that may have been killed: what is committed now. The product's own way waits for the end of
// transactions that are open, which a killed process leaves to its next start, or to their timeout of a minute.

import type {Settings} from '../../src/config/settings.ts'
import {SILENT} from '../../src/core/log.ts'
import {KafkaCluster} from '../../src/kafka/kafka-cluster.ts'
import {latestRecords} from '../../src/kafka/latest-records.ts'
import {TopicFetcher, type PartitionBounds} from '../../src/kafka/topic-fetcher.ts'
import {readState} from '../../src/state/read-state.ts'
import {stateKeys} from '../../src/state/topic-state-store.ts'

/** The text, or null where nothing is stored. */
export async function committedState({state, name}: Pick<Settings, 'state' | 'name'>): Promise<string | null> {
  const {signal} = new AbortController()
  if (state.type === 'file') return await readState({state, name}, {log: SILENT, signal})
  const {bootstrapServers, clientId, security, requestTimeoutMs} = state.kafka
  const cluster = new KafkaCluster(bootstrapServers, {clientId, security, requestTimeoutMs, log: SILENT})
  try {
    const fetcher = new CommittedFetcher(cluster, state.topic)
    const partitions = await fetcher.partitions()
    if (partitions === null) return null
    const key = stateKeys(name).state
    return (await latestRecords(fetcher, {partitions, wants: found => found === key, signal})).get(key) ?? null
  } finally {
    cluster.close()
  }
}

class CommittedFetcher extends TopicFetcher {
  override async bounds(partition: number): Promise<PartitionBounds> {
    return await super.bounds(partition, {open: false})
  }
}
