// The Kafka sink's settings out of Kafka's own keys: brokers, TLS from PEM, SASL.

import {readFileSync} from 'node:fs'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {KafkaSecurity, KafkaSinkSettings} from './settings.ts'
import {topicCreation} from './topic-creation.ts'

export function kafkaSinkSettings(values: OptionValues, name: string, problems: ConfigProblems): KafkaSinkSettings {
  const bootstrapServers = brokerAddresses(values, 'bootstrap.servers', problems)
  if (bootstrapServers.length === 0) problems.add('bootstrap.servers', 'it is missing; sink.type=kafka needs brokers')
  return {
    type: 'kafka',
    bootstrapServers,
    clientId: values.optionalText('client.id') ?? `tidemark-${name}`,
    security: kafkaSecurity(values, problems),
    compression: values.choice<KafkaSinkSettings['compression']>('compression.type'),
    maxRequestBytes: values.integer('max.request.size'),
    requestTimeoutMs: values.integer('request.timeout.ms'),
    topicCreation: topicCreation(values, problems),
  }
}

/** The addresses of a list; Kafka's clients take PROTOCOL://host:port, too. */
export function brokerAddresses(values: OptionValues, key: string, problems: ConfigProblems): readonly string[] {
  const servers = values.list(key)
  for (const server of servers) {
    if (!/^(?:\w+:\/\/)?(?:\[[0-9a-fA-F:.%]+\]|[^\s:[\]]+):\d{1,5}$/.test(server)) {
      problems.add(key, `found "${server}", wanted host:port`)
    }
  }
  return servers.map(server => server.replace(/^\w+:\/\//, ''))
}

/** The password inside of a JAAS text, for redaction; null where there is none. */
export function jaasPassword(jaas: string): string | null {
  return jaasOptions(jaas).get('password') ?? null
}

/** TLS and SASL of security.protocol and what belongs to it. */
export function kafkaSecurity(values: OptionValues, problems: ConfigProblems): KafkaSecurity {
  const protocol = values.choice<'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl'>('security.protocol')
  return {
    tls: protocol.endsWith('ssl') ? tlsSettings(values, problems) : null,
    sasl: protocol.startsWith('sasl') ? saslSettings(values, problems) : null,
  }
}

function saslSettings(values: OptionValues, problems: ConfigProblems): KafkaSecurity['sasl'] {
  const mechanism = values.choice<'plain' | 'scram-sha-256' | 'scram-sha-512' | ''>('sasl.mechanism')
  if (mechanism === '') {
    problems.add('sasl.mechanism', 'it is missing (Kafka would take GSSAPI); use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512')
    return null
  }
  const jaas = values.optionalText('sasl.jaas.config')
  const options = jaas === null ? null : jaasOptions(jaas)
  const username = options?.get('username') ?? values.optionalText('sasl.username')
  const password = options?.get('password') ?? values.optionalText('sasl.password')
  if (username === null || password === null) {
    problems.add(
      'sasl.jaas.config',
      'found no user and password; wanted `… required username="…" password="…";`, or sasl.username and sasl.password',
    )
    return null
  }
  return {mechanism, username, password}
}

/** The options of `Module required name="value" …;`. */
function jaasOptions(jaas: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const match of jaas.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))/g)) {
    const [, name, double, single, bare] = match
    options.set(name!, (double ?? single ?? bare ?? '').replace(/\\(.)/g, '$1'))
  }
  return options
}

function tlsSettings(values: OptionValues, problems: ConfigProblems): KafkaSecurity['tls'] {
  const keyStore = pem(values, 'ssl.keystore.location', problems)
  const cert = values.optionalText('ssl.keystore.certificate.chain') ?? keyStore
  const key = values.optionalText('ssl.keystore.key') ?? keyStore
  if (key?.includes('ENCRYPTED') === true) {
    problems.add('ssl.keystore.key', 'the key is encrypted, which is not supported; use one that is not')
  }
  return {
    ca: values.optionalText('ssl.truststore.certificates') ?? pem(values, 'ssl.truststore.location', problems),
    cert,
    key,
    verifyHostname: verifiesHostname(values),
  }
}

/** An empty text turns the check off in Kafka, so it is told from an absent one here. */
function verifiesHostname(values: OptionValues): boolean {
  const key = 'ssl.endpoint.identification.algorithm'
  return !values.keys().includes(key) || values.has(key)
}

function pem(values: OptionValues, key: string, problems: ConfigProblems): string | null {
  const path = values.optionalText(key)
  if (path === null) return null
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
    problems.add(key, `${path} is no PEM file; convert it, e.g. with keytool and openssl`)
  } catch (error) {
    problems.add(key, `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
  }
  return null
}
