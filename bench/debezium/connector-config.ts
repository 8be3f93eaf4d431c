// How Debezium's connector is configured: what both settings have in common with Tidemark's run, and what tuning adds.

export const tunings = ['default', 'tuned'] as const
export type Tuning = (typeof tunings)[number]
export type ConnectorConfig = Readonly<Record<string, string>>

/** What guides to tuning the connector and Connect's producer name, with values beyond which it became no faster here. */
export const tunedConfig: ConnectorConfig = {
  'max.batch.size': '16384',
  'max.queue.size': '65536',
  'poll.interval.ms': '10',
  'signal.poll.interval.ms': '100',
  'snapshot.fetch.size': '10000',
  'producer.override.batch.size': '524288',
  'producer.override.linger.ms': '5',
  'producer.override.buffer.memory': '67108864',
}

/** The worker's: a heap and a collector as Kafka's own scripts choose them. */
export const workerJvmOptions: readonly string[] = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
]

export interface ConnectorChoice {
  readonly tuning: Tuning
  readonly prefix: string
  readonly mysql: {readonly host: string; readonly port: number; readonly user: string; readonly password: string}
  readonly serverId: number
  readonly database: string
  readonly tables: readonly string[]
  readonly chunkRows: number | null
  readonly compression: 'none' | 'lz4'
  readonly headers: boolean
  /** It begins at an offset that it is given; the history of schemas is then built from the tables as they are. */
  readonly hasOffset: boolean
}

export function connectorConfig(choice: ConnectorChoice): ConnectorConfig {
  const {mysql, database, tables, chunkRows} = choice
  return {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'tasks.max': '1',
    'topic.prefix': choice.prefix,
    'database.hostname': mysql.host,
    'database.port': String(mysql.port),
    'database.user': mysql.user,
    'database.password': mysql.password,
    'database.server.id': String(choice.serverId),
    'table.include.list': tables.map(table => `${database}.${table}`).join(','),
    'signal.data.collection': `${database}.debezium_signal`,
    'snapshot.mode': choice.hasOffset ? 'recovery' : 'no_data',
    // As in Tidemark's run: no schema events, since nothing but rows is compared.
    'include.schema.changes': 'false',
    'schema.history.internal': 'io.debezium.relational.history.MemorySchemaHistory',
    'schema.history.internal.store.only.captured.tables.ddl': 'true',
    // One line of the log for each chunk, by which the end of a snapshot is known.
    'notification.enabled.channels': 'log',
    ...(choice.compression === 'none' ? {} : {'producer.override.compression.type': choice.compression}),
    ...(chunkRows === null ? {} : {'incremental.snapshot.chunk.size': String(chunkRows)}),
    ...(choice.headers ? {} : {'extended.headers.enabled': 'false'}),
    ...(choice.tuning === 'tuned' ? tunedConfig : {}),
  }
}

/** Connect's own, beside its addresses and files: JSON without the schema, as Tidemark writes without connector.class. */
export const workerConfig: ConnectorConfig = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
  'connector.client.config.override.policy': 'All',
  'plugin.discovery': 'service_load',
}
