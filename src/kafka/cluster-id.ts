// The id of a Kafka cluster, asked for once, whatever the sink does meanwhile: also while the task is paused or waits for its brokers.

import {KafkaCluster} from './kafka-cluster.ts'
import type {LinkSettings} from './kafkajs-seam.ts'

export interface ClusterIdSettings extends LinkSettings {
  readonly bootstrapServers: readonly string[]
}

/** How long somebody who asks waits for a broker; the next one asks again. */
const PATIENCE_MS = 2000

/** Gives the id, or null where no broker tells it now. Never rejects; once known it is not asked for again. */
export function clusterIdOf(settings: ClusterIdSettings, patienceMs = PATIENCE_MS): () => Promise<string | null> {
  let known: string | null = null
  let asking: Promise<string | null> | null = null
  return async () => {
    if (known !== null) return known
    asking ??= ask(settings, patienceMs).finally(() => {
      asking = null
    })
    known = await asking
    return known
  }
}

async function ask(settings: ClusterIdSettings, patienceMs: number): Promise<string | null> {
  const cluster = new KafkaCluster(settings.bootstrapServers, settings)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), patienceMs)
  })
  // One topic, which need not exist: without any name the brokers would tell of all that they have.
  const asked = cluster.metadata(['tidemark'], false).then(
    () => cluster.clusterId,
    () => null,
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
    cluster.close()
  }
}
