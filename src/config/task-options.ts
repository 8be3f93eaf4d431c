// Options of the sink, the state and the process itself.

import {flag, integer, list, secret, text, type Option} from './option.ts'

export const SINK_OPTIONS: readonly Option[] = [
  text('sink.type', null, 'Where events go.', {
    values: ['kafka', 'file', 'stdout'],
    defaultText: 'kafka where bootstrap.servers is set, else stdout',
  }),
  text('sink.file.path', null, 'JSON lines, one event a line; for sink.type=file.'),
  list('bootstrap.servers', null, 'Kafka brokers, `host:port,…`.'),
  text('client.id', null, 'Name shown to the brokers.', {defaultText: 'tidemark-<name>'}),
  text('compression.type', 'none', 'Compression of record batches.', {
    values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  }),
  integer('max.request.size', 1_048_576, 'Bound on one record batch; never above the broker’s message.max.bytes.', {
    minimum: 1024,
  }),
  integer('request.timeout.ms', 30_000, 'How long a broker may take to answer.', {minimum: 100}),
  integer(
    'transaction.timeout.ms',
    60_000,
    'After so long the brokers abort a transaction; with exactly once support.',
    {
      minimum: 1000,
    },
  ),
  text('security.protocol', 'PLAINTEXT', 'How brokers are talked to.', {
    values: ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'],
  }),
  text('sasl.mechanism', null, 'Authentication, with security.protocol=SASL_….', {
    values: ['plain', 'scram-sha-256', 'scram-sha-512'],
    notYet: ['gssapi', 'oauthbearer'],
  }),
  secret('sasl.jaas.config', 'User and password as of a Java client.'),
  text('sasl.username', null, 'User, instead of sasl.jaas.config.'),
  secret('sasl.password', 'Password, instead of sasl.jaas.config.'),
  text('ssl.truststore.type', null, 'Only PEM.', {
    values: ['pem'],
    notYet: ['jks', 'pkcs12'],
    instead:
      'make PEM of it (keytool -list -rfc -keystore STORE > ca.pem), name that in ssl.truststore.location, and use pem',
  }),
  text('ssl.truststore.location', null, 'PEM file of the authorities that sign the brokers’ certificates.'),
  text('ssl.truststore.certificates', null, 'The same as text.'),
  text('ssl.keystore.type', null, 'Only PEM.', {
    values: ['pem'],
    notYet: ['jks', 'pkcs12'],
    instead:
      'make PEM of it (openssl pkcs12 -in STORE -nodes -out client.pem; of JKS first PKCS12, with keytool -importkeystore), name that in ssl.keystore.location, and use pem',
  }),
  text('ssl.keystore.location', null, 'PEM file with the client’s key and certificates.'),
  text('ssl.keystore.certificate.chain', null, 'The client’s certificates as text.'),
  secret('ssl.keystore.key', 'The client’s key as text.'),
  secret('ssl.key.password', 'Password of the client’s key, where that is encrypted.'),
  text('ssl.endpoint.identification.algorithm', 'https', 'Empty: the broker’s host name is not checked.'),
  text('producer.*', null, 'The Kafka keys above for the producer alone, as of a Connect worker.'),
  text('producer.override.*', null, 'The same, as of a connector; it goes before `producer.*`.'),
  flag('topic.creation.enable', true, 'Create topics that are missing.'),
  list('topic.creation.groups', null, 'Names of groups of topics, the first match counts.'),
  text(
    'topic.creation.*',
    null,
    '`<group>.include`, `.exclude` (patterns of topic names), `.partitions`, `.replication.factor` (-1: the broker’s default) and any topic setting; the group `default` is for all others.',
  ),
]

export const TASK_OPTIONS: readonly Option[] = [
  text('offset.storage.file.filename', null, 'File of the stored state.', {
    defaultText: '<name>.state in the working directory',
  }),
  text('offset.storage.topic', null, 'The state in a compacted topic instead, made where it is missing.', {
    defaultText: 'none; tidemark-state.<name> with exactly.once.support=required',
  }),
  text(
    'exactly.once.support',
    'requested',
    '`required`: events, state and notifications in one Kafka transaction; consumers with `isolation.level=read_committed` see every event once.',
    {values: ['requested', 'required']},
  ),
  text('http.listen', '127.0.0.1:8083', 'Address of the HTTP interface, `host:port`; `off` for none.'),
  secret('http.token', 'Token that HTTP requests must carry; required beyond loopback.'),
  text('log.level', 'info', 'Least level that is logged.', {
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  }),
]
