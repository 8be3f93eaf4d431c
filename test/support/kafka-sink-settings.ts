import type {KafkaSinkSettings} from '../../src/config/settings.ts'

/** A Kafka sink as the defaults make it, on one broker. */
export function kafkaSinkSettings(bootstrap: string, change: Partial<KafkaSinkSettings> = {}): KafkaSinkSettings {
  return {
    type: 'kafka',
    bootstrapServers: [bootstrap],
    clientId: 'tidemark-test',
    security: {tls: null, sasl: null},
    compression: 'none',
    maxRequestBytes: 1024 * 1024,
    requestTimeoutMs: 30_000,
    topicCreation: {enabled: true, groups: []},
    ...change,
  }
}
