// What `tidemark check` finds out about the topic of the state, without making it.

import type {StateSettings} from '../config/settings.ts'
import {SILENT} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {fatalConnectionError} from '../kafka/connection-failure.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {TopicFetcher} from '../kafka/topic-fetcher.ts'
import {passed, type PrerequisiteResult} from '../mysql/prerequisite.ts'

export async function checkStateTopic({
  topic,
  kafka,
}: Extract<StateSettings, {type: 'topic'}>): Promise<PrerequisiteResult> {
  const name = 'state topic'
  const {bootstrapServers, clientId, security, requestTimeoutMs} = kafka
  const servers = bootstrapServers.join(',')
  const cluster = new KafkaCluster(bootstrapServers, {clientId, security, requestTimeoutMs, log: SILENT})
  try {
    const fetcher = new TopicFetcher(cluster, topic)
    const partitions = await fetcher.partitions()
    if (partitions === null) return passed(name, `${topic} does not exist at ${servers}; run makes it, compacted`)
    const policy = (await cluster.topicSetting([topic], 'cleanup.policy')).get(topic) ?? 'compact'
    for (const partition of partitions) await fetcher.bounds(partition)
    if (policy === 'compact') return passed(name, `${topic} at ${servers} is compacted and can be read`)
    return {
      name,
      ok: 'failed',
      found: `cleanup.policy=${policy} of ${topic}`,
      wanted: 'compact, else the state is deleted with time',
      statement: `kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=compact`,
    }
  } catch (error) {
    return {
      name,
      ok: 'failed',
      found: describeError(fatalConnectionError(error, servers) ?? error).message,
      wanted: `topic ${topic} at ${servers}, which the account may read`,
      statement:
        'check bootstrap.servers, security.protocol and sasl.*, and that the account may read the topic (ACLs)',
    }
  } finally {
    cluster.close()
  }
}
