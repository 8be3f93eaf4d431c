// The Kafka sink's settings out of Kafka's own keys: brokers, TLS from PEM, SASL.

import {createPrivateKey, X509Certificate} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {createSecureContext} from 'node:tls'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {KafkaSecurity, KafkaSinkSettings} from './settings.ts'
import {transactionSettings} from './state-settings.ts'
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
    transaction: transactionSettings(values, name),
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
  const ca = values.optionalText('ssl.truststore.certificates') ?? pem(values, 'ssl.truststore.location', problems)
  const passphrase = values.optionalText('ssl.key.password')
  checkTrusted(ca, values, problems)
  checkOwn({cert, key, passphrase}, values, problems)
  return {ca, cert, key, passphrase, verifyHostname: verifiesHostname(values)}
}

type Tls = NonNullable<KafkaSecurity['tls']>

/** What TLS would refuse or overlook when it connects is refused here, where the key can be named. */
function checkTrusted(ca: string | null, values: OptionValues, problems: ConfigProblems): void {
  if (ca === null) return
  const key = given(values, 'ssl.truststore.certificates', 'ssl.truststore.location')
  const certificates = ca.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g)
  if (certificates === null)
    problems.add(key, 'it holds no certificate; wanted those of the brokers’ authorities, as PEM')
  for (const [index, certificate] of (certificates ?? []).entries()) {
    try {
      new X509Certificate(certificate)
    } catch (error) {
      problems.add(key, `its certificate ${index + 1} cannot be read (${tlsWords(error)})`)
    }
  }
}

function checkOwn(
  {cert, key, passphrase}: Pick<Tls, 'cert' | 'key' | 'passphrase'>,
  values: OptionValues,
  problems: ConfigProblems,
): void {
  if (cert === null && key === null) return
  const name = given(values, 'ssl.keystore.key', 'ssl.keystore.location')
  if (cert === null || key === null) {
    const missing = cert === null ? 'ssl.keystore.certificate.chain' : 'ssl.keystore.key'
    problems.add(missing, 'it is missing; a client certificate and its key go together')
    return
  }
  if (passphrase === null && key.includes('ENCRYPTED')) {
    problems.add('ssl.key.password', `it is missing; the key of ${name} is encrypted`)
    return
  }
  try {
    createSecureContext({cert, key, ...(passphrase === null ? {} : {passphrase})})
    // Of two kinds of keys, as RSA and EC, it takes both and connects with neither.
    const own = createPrivateKey({key, ...(passphrase === null ? {} : {passphrase})})
    if (new X509Certificate(cert).checkPrivateKey(own)) return
    problems.add(name, 'the key is not that of the certificate; wanted the two that belong together')
  } catch (error) {
    const wanted = passphrase === null ? '' : ', and ssl.key.password the password of the key'
    const found = `found what TLS cannot use (${tlsWords(error)})`
    problems.add(name, `${found}; wanted PEM with a private key and the certificate that belongs to it${wanted}`)
  }
}

function given(values: OptionValues, first: string, second: string): string {
  return values.has(first) ? first : second
}

/** OpenSSL's words for it; nothing of the file stands in them. */
function tlsWords(error: unknown): string {
  const {reason, code} = error as {reason?: unknown; code?: unknown}
  return [reason, code].find(word => typeof word === 'string') ?? 'unknown error'
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
    problems.add(key, `${path} is no PEM file; ${conversion(key, path)}`)
  } catch (error) {
    problems.add(key, `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
  }
  return null
}

/** The commands that make PEM of Java's stores; both ask for the store's password. */
function conversion(key: string, path: string): string {
  const pem = `${path.replace(/\.(?:jks|p12|pfx|pkcs12|keystore|truststore)$/i, '')}.pem`
  const command =
    key === 'ssl.truststore.location'
      ? `keytool -list -rfc -keystore ${path} > ${pem}`
      : `keytool -importkeystore -srckeystore ${path} -destkeystore ${path}.tmp -deststoretype PKCS12 && openssl pkcs12 -in ${path}.tmp -nodes -out ${pem}`
  return `a Java store is converted with \`${command}\`, then set ${key}=${pem}`
}
