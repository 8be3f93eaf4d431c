// What a connection to the brokers that does not come about means: which key an operator must mend, or that waiting may help.

import {TidemarkError, describeError} from '../core/tidemark-error.ts'

/** The keys of the signal topic's own settings begin with it; those of the sink with nothing. */
export const SIGNAL_KEYS = 'signal.consumer.'

/** Names that Node's TLS gives; such a connection does not get better by itself. */
const TLS_CODE = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/
/** The broker's word on our certificate, or on there being none. */
const REFUSED_CERTIFICATE = /^ERR_SSL_.*_ALERT_.*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)/

/**
 * The error that an operator must mend, or null where waiting may help: the broker is away, its name not known yet. `prefix`
 * is that of the keys that say how to connect.
 */
export function fatalConnectionError(error: unknown, brokers: string, prefix = ''): TidemarkError | null {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const found = refusal(e, `Kafka (${brokers})`, prefix)
    if (found === null) continue
    const {code, message} = found
    const note = prefix === '' ? '' : ` (where it is not set, the same key without ${prefix})`
    return new TidemarkError(code, message.includes(prefix) ? `${message}${note}` : message, {
      cause: error,
      kind: 'prerequisite',
    })
  }
  return null
}

/** The reason for people while it is tried again. A broker that hangs up speaks another protocol, as a rule. */
export function connectionProblem(error: unknown, prefix = ''): string {
  const {message} = describeError(error)
  const isHungUp = /Closed connection|connection closed|before secure TLS connection|ECONNRESET/i.test(message)
  return isHungUp
    ? `${message}; if it lasts, ${prefix}security.protocol is not what this listener of the brokers speaks`
    : message
}

function refusal(
  error: Error,
  brokers: string,
  prefix: string,
): {readonly code: string; readonly message: string} | null {
  const {code, type} = error as {code?: unknown; type?: unknown}
  const message = plainText(error.message)
  const mechanism = `${prefix}sasl.mechanism`
  if (type === 'UNSUPPORTED_SASL_MECHANISM' || /mechanism is not supported by the server/.test(message)) {
    const wanted = `set ${mechanism} to one that the brokers offer`
    return {code: 'TIDEMARK_KAFKA_AUTHENTICATION', message: `${brokers}: ${message}; ${wanted}`}
  }
  if (type === 'ILLEGAL_SASL_STATE') {
    const wanted = `set ${prefix}security.protocol to PLAINTEXT or SSL, or connect to a listener with SASL`
    return {code: 'TIDEMARK_KAFKA_AUTHENTICATION', message: `${brokers} asks for no login at this listener; ${wanted}`}
  }
  if (error.name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') {
    const wanted = `mend the user and password of ${prefix}sasl.jaas.config, or ${mechanism}`
    return {code: 'TIDEMARK_KAFKA_AUTHENTICATION', message: `${brokers} refuses the login: ${message}; ${wanted}`}
  }
  if (typeof code === 'string' && TLS_CODE.test(code)) {
    const wanted = tlsRemedy(code, prefix)
    return {code: 'TIDEMARK_KAFKA_TLS', message: `no trusted TLS connection to ${brokers}: ${message}; ${wanted}`}
  }
  if (type === 'UNSUPPORTED_VERSION') {
    return {code: 'TIDEMARK_KAFKA_UNSUPPORTED_VERSION', message: `${message}; use Kafka 0.11 or later`}
  }
  return null
}

function tlsRemedy(code: string, prefix: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return (
      'connect by a name that the certificate has (bootstrap.servers, and advertised.listeners of the brokers), or set ' +
      `${prefix}ssl.endpoint.identification.algorithm to an empty text, which leaves the name unchecked`
    )
  }
  if (REFUSED_CERTIFICATE.test(code)) {
    return (
      'the brokers want a client certificate that they trust: mend ' +
      `${prefix}ssl.keystore.location (or ssl.keystore.certificate.chain and ssl.keystore.key)`
    )
  }
  if (code === 'CERT_HAS_EXPIRED') return 'renew the certificate of the brokers'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return `mend ${prefix}security.protocol: this listener does not speak TLS`
  }
  return `mend ${prefix}ssl.truststore.location (or ssl.truststore.certificates): it must hold the authority that signed the brokers’ certificates`
}

/** OpenSSL's own line, `8F…:error:0A000412:SSL routines:function:the words:file:line:…`, without what is for its developers. */
function plainText(message: string): string {
  const words = message.replace(/\w+:error:\w+:[^:]*:[^:]*:([^:]*):[^]*$/, '$1')
  return words.replace(/^Connection error: /, '').trim()
}
