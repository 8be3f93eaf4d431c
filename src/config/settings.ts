// What the rest of the program knows of the configuration: typed, validated, with defaults filled in.
// The keys that users type are in option-table.ts; load-settings.ts turns one into the other.

import type {ColumnRules} from './column-rules.ts'
import type {ConverterRule} from './converters.ts'
import type {SchemaSettings} from './schema-settings.ts'
import type {Transform} from './transforms/transform.ts'
import type {DecimalFormat, ValueModes} from './value-modes.ts'

export type SnapshotMode = 'no_data' | 'never' | 'initial' | 'initial_only' | 'always' | 'when_needed'
export type NotificationChannelName = 'sink' | 'log' | 'file' | 'webhook'
/** What becomes of what cannot be shown: it stops the task, or is left out; warn logs it as a warning, the others for debugging. */
export type FailureMode = 'fail' | 'warn' | 'skip' | 'ignore'
export type WatermarkSource = 'signal-table' | 'executed-gtids'
export type WatermarkingStrategy = 'insert_insert' | 'insert_delete'

export interface TlsSettings {
  /** disabled, preferred, required, verify_ca, verify_identity; as database.ssl.mode. */
  readonly mode: 'disabled' | 'preferred' | 'required' | 'verify_ca' | 'verify_identity'
  /** PEM files. */
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
}

export interface DatabaseSettings {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Unique among the server's replicas. */
  readonly serverId: number
  readonly tls: TlsSettings
  readonly connectTimeoutMs: number
  /** Bound on one SELECT of a chunk. 0: none. */
  readonly queryTimeoutMs: number
  /** connect.keep.alive.interval.ms: the server is asked for a heartbeat at 0.8 of it. */
  readonly keepAliveIntervalMs: number
}

export interface KafkaSinkSettings {
  readonly type: 'kafka'
  readonly bootstrapServers: readonly string[]
  readonly clientId: string
  readonly security: KafkaSecurity
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Bound on one record batch; never above the broker's message.max.bytes. */
  readonly maxRequestBytes: number
  readonly requestTimeoutMs: number
  readonly topicCreation: TopicCreation
  /** exactly.once.support=required; absent or null: each batch counts as soon as it is written. */
  readonly transaction?: {readonly id: string; readonly timeoutMs: number} | null
}

export interface KafkaSecurity {
  readonly tls: {
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
    /** Of the key, where it is encrypted. */
    readonly passphrase: string | null
    readonly verifyHostname: boolean
  } | null
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  } | null
}

export interface KafkaSignalSettings {
  readonly topic: string
  readonly bootstrapServers: readonly string[]
  readonly clientId: string
  readonly security: KafkaSecurity
  readonly requestTimeoutMs: number
  /** What it has read is passed where the state knows nothing yet. */
  readonly groupId: string
  /** Where a partition is begun of which neither the state nor the group knows anything, or whose stored offset is gone. */
  readonly startFrom: 'earliest' | 'latest'
}

/** Connect's topic.creation.*: the first group whose patterns match a topic's name, else the default. */
export interface TopicCreation {
  readonly enabled: boolean
  readonly groups: readonly TopicCreationGroup[]
}
export interface TopicCreationGroup {
  readonly name: string
  readonly include: readonly RegExp[]
  readonly exclude: readonly RegExp[]
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** -1: the broker's default. */
  readonly partitions: number
  readonly configEntries: Readonly<Record<string, string>>
}

export type StateSettings =
  | {readonly type: 'file'; readonly path: string}
  | {readonly type: 'topic'; readonly topic: string; readonly kafka: KafkaSinkSettings}

export interface FileSinkSettings {
  readonly type: 'file'
  readonly path: string
}
export interface StdoutSinkSettings {
  readonly type: 'stdout'
}
export type SinkSettings = KafkaSinkSettings | FileSinkSettings | StdoutSinkSettings

/** Everything that decides the bytes of keys, values and headers. */
export interface EventSettings {
  readonly topicPrefix: string
  readonly topicDelimiter: string
  readonly tombstonesOnDelete: boolean
  /** Of c, u, d, t, r. */
  readonly skippedOperations: ReadonlySet<string>
  /** skip.messages.without.change */
  readonly skipsUnchanged: boolean
  readonly keySchemasEnabled: boolean
  readonly valueSchemasEnabled: boolean
  readonly keyConverter: 'json' | 'string'
  readonly extendedHeaders: boolean
  /** For the extended headers. */
  readonly connectorName: string
  /** message.key.columns: table regex and its key columns. */
  readonly messageKeyColumns: readonly {readonly table: RegExp; readonly columns: readonly string[]}[]
  readonly valueModes: ValueModes
  /** In the order in which they are applied. */
  readonly transforms: readonly Transform[]
  readonly columns: ColumnRules
  readonly schemas: SchemaSettings
  /** The first that takes a column converts it. */
  readonly converters: readonly ConverterRule[]
  /** key.converter.decimal.format; that of values is one of `valueModes`. */
  readonly keyDecimalFormat: DecimalFormat
}

/** include.schema.changes */
export interface SchemaChangeSettings {
  /** include.schema.comments */
  readonly comments: boolean
  /** schema.history.internal.store.only.captured.tables.ddl and .databases.ddl: other statements are left out. */
  readonly onlyCapturedTables: boolean
  readonly onlyCapturedDatabases: boolean
}

export interface Settings {
  /** The connector's name: `name`, else topic.prefix. */
  readonly name: string
  readonly database: DatabaseSettings
  readonly filters: {
    /** Java-like, full match, case-insensitive; null: not given. Includes and excludes are never both given. */
    readonly databaseInclude: readonly RegExp[] | null
    readonly databaseExclude: readonly RegExp[] | null
    readonly tableInclude: readonly RegExp[] | null
    readonly tableExclude: readonly RegExp[] | null
    readonly ignoreBuiltin: boolean
  }
  readonly signals: {
    /** `database.table`, or null. */
    readonly dataCollection: {readonly database: string; readonly table: string} | null
    readonly enabledChannels: readonly string[]
    /** signal.table.events: streamed rows of the signal table come out as events. */
    readonly tableEvents: boolean
    /** The signal topic, where the channel kafka is enabled. */
    readonly kafka: KafkaSignalSettings | null
    /** The signal file, where the channel file is enabled. */
    readonly file: string | null
  }
  readonly snapshot: {
    /** Where watermarks come from: rows in the signal table, or the server's executed GTIDs, which writes nothing. */
    readonly watermarks: WatermarkSource
    readonly mode: SnapshotMode
    readonly includeCollections: readonly RegExp[] | null
    readonly maxThreads: number
    readonly chunkRows: number
    readonly watermarking: WatermarkingStrategy
    readonly newTables: 'incremental' | 'parallel' | 'off'
    /** Bytes of chunks read ahead of the stream. */
    readonly memoryBytes: number
    /** As a task begins; changed over HTTP while it runs. */
    readonly throttle: {
      /** Null: no limit. */
      readonly maxRowsPerSecond: number | null
      /** A SELECT that returns 1 to have snapshots wait. */
      readonly query: string | null
    }
  }
  readonly stream: {
    /** Bytes of streamed events that wait for the sink. */
    readonly memoryBytes: number
    /** The last part of the transaction topic's name; null where provide.transaction.metadata is off. */
    readonly transactionTopic: string | null
    /** include.query */
    readonly includesQuery: boolean
    /** event.processing.failure.handling.mode, inconsistent.schema.handling.mode */
    readonly failures: {readonly rows: FailureMode; readonly definitions: FailureMode}
  }
  readonly readOnly: boolean
  readonly events: EventSettings
  /** Null: no schema change events. */
  readonly schemaChanges: SchemaChangeSettings | null
  readonly sink: SinkSettings
  readonly state: StateSettings
  readonly notifications: {
    readonly channels: readonly NotificationChannelName[]
    /** Empty only where the channel sink is not enabled. */
    readonly sinkTopic: string
    /** JSON lines; empty only where the channel file is not enabled. */
    readonly filePath: string
    /** Told by POST; empty only where the channel webhook is not enabled. */
    readonly webhooks: readonly {
      readonly url: string
      /** The header Authorization. */
      readonly authorization: string | null
      readonly timeoutMs: number
    }[]
  }
  readonly heartbeat: {
    readonly intervalMs: number
    readonly topicPrefix: string
    /** The whole name of the topic; null: made of the prefixes. */
    readonly topicName: string | null
    readonly actionQuery: string | null
  }
  readonly http: {readonly host: string; readonly port: number; readonly token: string | null} | null
  readonly logLevel: string
  /** Values that must never be shown anywhere: passwords, tokens. */
  readonly secrets: readonly string[]
}
