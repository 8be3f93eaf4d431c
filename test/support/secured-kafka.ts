// A broker of a test's own that asks for passwords and certificates, each way on a listener of its own.

import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {freePort} from '../../tools/servers/free-port.ts'
import {startKafka, type KafkaListener, type KafkaServer, type KafkaUser} from '../../tools/servers/kafka-server.ts'
import {tlsAuthority, type TlsAuthority, type TlsIdentity} from './tls-files.ts'

/**
 * - `password`: SASL without TLS;
 * - `tls`: TLS, anyone may come;
 * - `certificate`: TLS, only with a certificate of our authority's;
 * - `both`: SASL over TLS;
 * - `elsewhere`: TLS with a certificate for another host.
 */
export type SecuredListener = 'password' | 'tls' | 'certificate' | 'both' | 'elsewhere'

const PROTOCOLS: Readonly<Record<SecuredListener, KafkaListener['protocol']>> = {
  password: 'SASL_PLAINTEXT',
  tls: 'SSL',
  certificate: 'SSL',
  both: 'SASL_SSL',
  elsewhere: 'SSL',
}
const MECHANISMS = {password: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512', both: 'SCRAM-SHA-512'} as const

export interface SecuredKafka {
  readonly server: KafkaServer
  readonly authority: TlsAuthority
  /** Another one, which signed nothing here. */
  readonly stranger: TlsAuthority
  /** Of a client, signed by `authority`. */
  readonly client: TlsIdentity
  readonly user: KafkaUser
  at(listener: SecuredListener): string
  stop(): Promise<void>
}

export async function securedKafka(): Promise<SecuredKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-'))
  const authority = await tlsAuthority(folder, 'authority')
  const identity = await authority.sign('broker', 'DNS:localhost,IP:127.0.0.1')
  const elsewhere = await authority.sign('elsewhere', 'DNS:kafka.example.net')
  const names = Object.keys(PROTOCOLS) as SecuredListener[]
  const firstPort = await freePort(names.length)
  const ports = new Map(names.map((name, index) => [name, firstPort + index]))
  const user = {name: 'shop', password: 'pass-word 1'}
  const server = await startKafka({
    listeners: names.map(name => ({name: name.toUpperCase(), protocol: PROTOCOLS[name], port: ports.get(name)!})),
    scramUsers: [user],
    unref: true,
    config: {
      ...saslSettings('password', user),
      ...saslSettings('both', user),
      ...tlsSettings('tls', identity, authority),
      ...tlsSettings('both', identity, authority),
      ...tlsSettings('elsewhere', elsewhere, authority),
      ...tlsSettings('certificate', identity, authority),
      'listener.name.certificate.ssl.client.auth': 'required',
    },
  })
  return {
    server,
    authority,
    stranger: await tlsAuthority(folder, 'stranger'),
    client: await authority.sign('client', 'DNS:client'),
    user,
    at: listener => `127.0.0.1:${String(ports.get(listener))}`,
    stop: async () => {
      await server.stop()
      await rm(folder, {recursive: true, force: true})
    },
  }
}

function saslSettings(listener: keyof typeof MECHANISMS, {name, password}: KafkaUser): Record<string, string> {
  const key = `listener.name.${listener}`
  const modules = 'org.apache.kafka.common.security'
  const scram = `${modules}.scram.ScramLoginModule required;`
  return {
    [`${key}.sasl.enabled.mechanisms`]: MECHANISMS[listener],
    [`${key}.plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule required user_${name}="${password}";`,
    [`${key}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${key}.scram-sha-512.sasl.jaas.config`]: scram,
  }
}

function tlsSettings(listener: SecuredListener, own: TlsIdentity, trusted: TlsAuthority): Record<string, string> {
  const key = `listener.name.${listener}.ssl`
  return {
    [`${key}.keystore.type`]: 'PEM',
    [`${key}.keystore.location`]: own.file,
    [`${key}.truststore.type`]: 'PEM',
    [`${key}.truststore.location`]: trusted.file,
  }
}
