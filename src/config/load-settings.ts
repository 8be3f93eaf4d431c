// From the file that the user wrote to the settings that the program reads; everything that is wrong is said at once.

import {parseConfigText, readConfigText, resolveConfig, type ConfigText, type RawConfig} from './config-file.ts'
import type {Environment} from './config-providers.ts'
import {eventSettings} from './event-settings.ts'
import {topicParts} from './topic-parts.ts'
import {notificationSettings} from './notification-settings.ts'
import {jaasPassword, kafkaSinkSettings} from './kafka-settings.ts'
import {kafkaSignalSettings} from './kafka-signal-settings.ts'
import {checkConfig} from './option-schema.ts'
import {findOption} from './option-table.ts'
import {OptionValues} from './option-values.ts'
import {ConfigProblems} from './problems.ts'
import {mergeProducerKeys} from './producer-keys.ts'
import {isSecretKey} from './redact.ts'
import {schemaChangeSettings} from './schema-change-settings.ts'
import {throttleSettings} from './throttle-settings.ts'
import {stateSettings} from './state-settings.ts'
import type {
  DatabaseSettings,
  FailureMode,
  Settings,
  SinkSettings,
  SnapshotMode,
  TlsSettings,
  WatermarkingStrategy,
} from './settings.ts'

export interface LoadedSettings {
  readonly settings: Settings
  /** The keys as they are written, references to values kept elsewhere too. */
  readonly written: RawConfig
  /** The same with those values. */
  readonly config: RawConfig
  /** Something that the user should mend. */
  readonly warnings: readonly string[]
  /** What is worth a line in the start log. */
  readonly notes: readonly string[]
  /** Those of the notes that name keys without meaning here. */
  readonly ignored: readonly string[]
}

/** Throws one TidemarkError of the kind `configuration` whose message lists all problems. Reads files, changes nothing. */
export function loadSettings(path: string, {env}: {readonly env: Environment}): LoadedSettings {
  return loadSettingsText(readConfigText(path), {env})
}

/** The same of a text that is not, or not yet, in its file. */
export function loadSettingsText(text: ConfigText, {env}: {readonly env: Environment}): LoadedSettings {
  const problems = new ConfigProblems()
  const written = parseConfigText(text, problems)
  const raw = resolveConfig(written, env, problems)
  const merged = mergeProducerKeys(raw, problems)
  const checked = checkConfig(merged.config, problems)
  // What was reported is left out here, so that the rest is looked at, too, and all problems come at once.
  const values = new OptionValues(checked.values, checked.broken)
  const warnings: string[] = []
  const settings = buildSettings(values, {secrets: findSecrets(raw), config: merged.config, problems, warnings})
  problems.throwIfAny(text.path)
  const ignored = [...checked.notes, ...merged.notes]
  return {
    settings,
    written,
    config: raw,
    warnings: [...checked.warnings, ...merged.warnings, ...warnings],
    notes: [...ignored, ...startNotes(settings)],
    ignored,
  }
}

interface BuildContext {
  readonly secrets: readonly string[]
  readonly config: RawConfig
  readonly problems: ConfigProblems
  readonly warnings: string[]
}

function buildSettings(values: OptionValues, {secrets, config, problems, warnings}: BuildContext): Settings {
  const topicPrefix = values.text('topic.prefix')
  const name = values.optionalText('name') ?? topicPrefix
  const sink = sinkSettings(values, name, problems)
  const topics = topicParts(values, problems)
  if (sink.type === 'stdout' && values.has('connector.class') && !values.has('sink.type')) {
    warnings.push(
      'bootstrap.servers, which a Connect worker keeps elsewhere, is not set: events go to standard output; set it, or sink.type',
    )
  }
  return {
    name,
    database: databaseSettings(values, problems),
    filters: filterSettings(values, problems),
    signals: {
      dataCollection: signalTable(values, problems),
      enabledChannels: values.list('signal.enabled.channels').map(channel => channel.toLowerCase()),
      tableEvents: values.flag('signal.table.events'),
      kafka: kafkaSignalSettings(values, {name, topicPrefix, config, problems, warnings}),
      file: isChannelEnabled(values, 'file') ? values.text('signal.file') : null,
    },
    snapshot: snapshotSettings(values, problems),
    stream: {
      memoryBytes: values.integer('stream.memory.bytes'),
      transactionTopic: values.flag('provide.transaction.metadata') ? topics.transaction : null,
      includesQuery: values.flag('include.query'),
      failures: {
        rows: values.choice<FailureMode>('event.processing.failure.handling.mode'),
        definitions: values.choice<FailureMode>('inconsistent.schema.handling.mode'),
      },
    },
    readOnly: values.flag('read.only'),
    events: eventSettings(values, name, problems),
    schemaChanges: schemaChangeSettings(values),
    sink,
    state: stateSettings(values, {name, sink}, problems),
    notifications: notificationSettings(values, problems),
    heartbeat: {
      intervalMs: values.integer('heartbeat.interval.ms'),
      topicPrefix: topics.heartbeatPrefix,
      topicName: topics.heartbeat,
      actionQuery: values.optionalText('heartbeat.action.query'),
    },
    http: httpSettings(values, problems),
    logLevel: values.choice('log.level'),
    secrets,
  }
}

function databaseSettings(values: OptionValues, problems: ConfigProblems): DatabaseSettings {
  const certFile = values.optionalText('database.ssl.cert')
  const keyFile = values.optionalText('database.ssl.key')
  if ((certFile === null) !== (keyFile === null)) {
    const missing = certFile === null ? 'database.ssl.cert' : 'database.ssl.key'
    problems.add(missing, 'it is missing; a client certificate and its key go together')
  }
  return {
    hostname: values.text('database.hostname'),
    port: values.integer('database.port'),
    user: values.text('database.user'),
    password: values.text('database.password'),
    serverId: values.integer('database.server.id'),
    tls: {
      mode: values.choice<TlsSettings['mode']>('database.ssl.mode'),
      caFile: values.optionalText('database.ssl.ca'),
      certFile,
      keyFile,
    },
    connectTimeoutMs: values.integer('connect.timeout.ms'),
    queryTimeoutMs: values.integer('database.query.timeout.ms'),
    keepAliveIntervalMs: values.integer('connect.keep.alive.interval.ms'),
  }
}

function filterSettings(values: OptionValues, problems: ConfigProblems): Settings['filters'] {
  for (const kind of ['database', 'table']) {
    const isGiven = (key: string): boolean => values.has(key) || values.isBroken(key)
    if (isGiven(`${kind}.include.list`) && isGiven(`${kind}.exclude.list`)) {
      problems.add(`${kind}.exclude.list`, `it cannot be used together with ${kind}.include.list; remove one of them`)
    }
  }
  return {
    databaseInclude: values.patterns('database.include.list'),
    databaseExclude: values.patterns('database.exclude.list'),
    tableInclude: values.patterns('table.include.list'),
    tableExclude: values.patterns('table.exclude.list'),
    ignoreBuiltin: values.flag('table.ignore.builtin'),
  }
}

function isChannelEnabled(values: OptionValues, channel: string): boolean {
  return values.list('signal.enabled.channels').some(enabled => enabled.toLowerCase() === channel)
}

function signalTable(values: OptionValues, problems: ConfigProblems): Settings['signals']['dataCollection'] {
  const key = 'signal.data.collection'
  const names = values.list(key)
  const [found] = names
  if (found === undefined) return null
  const dot = found.indexOf('.')
  if (names.length > 1 || dot < 1 || dot === found.length - 1) {
    problems.add(key, `found "${values.text(key)}", wanted one table as database.table`)
    return null
  }
  return {database: found.slice(0, dot), table: found.slice(dot + 1)}
}

function snapshotSettings(values: OptionValues, problems: ConfigProblems): Settings['snapshot'] {
  const mode = values.choice<SnapshotMode>('snapshot.mode')
  const hasSignalTable = values.has('signal.data.collection')
  return {
    watermarks: hasSignalTable && !values.flag('read.only') ? 'signal-table' : 'executed-gtids',
    mode,
    includeCollections: values.patterns('snapshot.include.collection.list'),
    maxThreads: values.integer('snapshot.max.threads'),
    chunkRows: values.integer('incremental.snapshot.chunk.size'),
    watermarking: values.choice<WatermarkingStrategy>('incremental.snapshot.watermarking.strategy'),
    newTables: values.choice<'incremental' | 'parallel' | 'off'>('snapshot.new.tables'),
    memoryBytes: values.integer('snapshot.memory.bytes'),
    throttle: throttleSettings(values, problems),
  }
}

function sinkSettings(values: OptionValues, name: string, problems: ConfigProblems): SinkSettings {
  const byDefault = values.has('bootstrap.servers') ? 'kafka' : 'stdout'
  const type = values.has('sink.type') ? values.choice<SinkSettings['type']>('sink.type') : byDefault
  if (type === 'kafka') return kafkaSinkSettings(values, name, problems)
  if (type === 'stdout') return {type}
  const path = values.optionalText('sink.file.path')
  if (path === null) problems.add('sink.file.path', 'it is missing; sink.type=file needs the path of a JSON lines file')
  return {type, path: path ?? ''}
}

function httpSettings(values: OptionValues, problems: ConfigProblems): Settings['http'] {
  const listen = values.text('http.listen')
  if (listen.toLowerCase() === 'off') return null
  const [, bracketed, plain, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(listen) ?? []
  const port = Number(portText)
  if (portText === undefined || port > 65_535) {
    problems.add('http.listen', `found "${listen}", wanted host:port, e.g. 127.0.0.1:8083, or off`)
    return null
  }
  // Without a host Node listens on every address.
  const host = bracketed ?? (plain === '' ? '0.0.0.0' : plain!)
  const token = values.optionalText('http.token')
  const isLoopback = host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host)
  if (!isLoopback && token === null) {
    problems.add('http.token', `it is missing; http.listen=${listen} is reached from other machines, so set a token`)
  }
  return {host, port, token}
}

/** Texts that must never be shown: of every key that holds a secret, and the password inside of a JAAS text. */
function findSecrets(raw: RawConfig): string[] {
  const secrets = new Set<string>()
  for (const [key, value] of raw) {
    const plain = key.replace(/^(?:producer\.(?:override\.)?|signal\.consumer\.)/, '')
    if (value === '' || (findOption(plain)?.type !== 'secret' && !isSecretKey(key))) continue
    if (typeof value === 'boolean') continue
    secrets.add(String(value))
    const password = plain === 'sasl.jaas.config' ? jaasPassword(String(value)) : null
    if (password !== null && password !== '') secrets.add(password)
  }
  return [...secrets]
}

const NO_SINK_CHANNEL = 'notification.sink.topic.name has no effect without sink in notification.enabled.channels'

function startNotes(settings: Settings): string[] {
  const {keySchemasEnabled, valueSchemasEnabled} = settings.events
  const {channels, sinkTopic} = settings.notifications
  return [
    `key.converter.schemas.enable is ${keySchemasEnabled}, value.converter.schemas.enable is ${valueSchemasEnabled}`,
    ...(sinkTopic !== '' && !channels.includes('sink') ? [NO_SINK_CHANNEL] : []),
  ]
}
