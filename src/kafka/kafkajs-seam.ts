// The one place that reaches into kafkajs 2.2.4: its connection (socket, TLS, SASL, request queue, ApiVersions) and its
// protocol requests. test/unit/sinks/kafkajs-seam.test.ts breaks when the library changes what is used here.

import {connect as connectTcp, isIP} from 'node:net'
import {connect as connectTls, type ConnectionOptions} from 'node:tls'
import Broker from 'kafkajs/src/broker/index.js'
import ConnectionPool, {type Connection} from 'kafkajs/src/network/connectionPool.js'
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys.js'
import {requests} from 'kafkajs/src/protocol/requests/index.js'
import type {KafkaSecurity} from '../config/settings.ts'
import type {Log} from '../core/log.ts'

export interface LinkSettings {
  readonly clientId: string
  readonly security: KafkaSecurity
  readonly requestTimeoutMs: number
  readonly log: Log
  /** Where to connect for an address that the cluster names, for a way through a tunnel; tests put their proxy here. */
  readonly route?: (advertised: BrokerAddress) => BrokerAddress
}

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** What a producer needs of a link. */
export type ProduceLink = Pick<BrokerLink, 'produce' | 'produceVersion' | 'takesRequests' | 'destroy'>

export type ApiName =
  | 'Metadata'
  | 'InitProducerId'
  | 'CreateTopics'
  | 'DescribeConfigs'
  | 'ListOffsets'
  | 'GroupCoordinator'
  | 'AddPartitionsToTxn'
  | 'EndTxn'
  | 'OffsetFetch'

/** v3 is the first with record batches and the oldest that Kafka 4 takes; v8 and later are not needed. */
const PRODUCE_VERSIONS = {min: 3, max: 7}
const FETCH_VERSION = 4
const CONNECT_TIMEOUT_MS = 10_000
/** Well before the session's end, so that no request in flight meets it. */
const REAUTHENTICATION_THRESHOLD_MS = 10_000

/** Builds a produce or fetch request for one connection. */
export type ProduceFrames = (request: {correlationId: number; clientId: string; version: number}) => readonly Buffer[]

/**
 * One connection to one broker. It is never connected again: after any failure it is thrown away with everything that
 * kafkajs remembers about it (a half-received answer would otherwise be read as the start of the next connection's).
 */
export class BrokerLink {
  readonly address: BrokerAddress
  readonly #broker: Broker
  readonly #connection: Connection
  readonly #withSasl: boolean
  readonly #produceVersion: number
  #destroyed = false

  static async connect(address: BrokerAddress, nodeId: number | null, settings: LinkSettings): Promise<BrokerLink> {
    const {clientId, security, requestTimeoutMs, log, route = same} = settings
    const logger = quietLogger(log)
    const connectionPool = new ConnectionPool({
      ...route(address),
      rack: null,
      clientId,
      logger,
      ssl: security.tls === null ? null : tlsOptions(security.tls),
      sasl: security.sasl,
      socketFactory,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: true,
      maxInFlightRequests: null,
      reauthenticationThreshold: REAUTHENTICATION_THRESHOLD_MS,
      instrumentationEmitter: null,
    })
    const broker = new Broker({
      connectionPool,
      logger,
      nodeId,
      authenticationTimeout: CONNECT_TIMEOUT_MS,
      allowAutoTopicCreation: false,
    })
    const connection = connectionPool.pool[0]!
    try {
      await broker.connect()
      return new BrokerLink(address, broker, connection, security.sasl !== null)
    } catch (error) {
      tearDown(connection, error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  private constructor(address: BrokerAddress, broker: Broker, connection: Connection, withSasl: boolean) {
    this.address = address
    this.#broker = broker
    this.#connection = connection
    this.#withSasl = withSasl
    // kafkajs's own handlers reject what is in flight, but leave a gap in which a request can still be queued on a dying
    // connection and would never be answered nor timed out.
    const gone = () => this.destroy(Object.assign(new Error('connection closed by the broker'), {code: 'ECONNRESET'}))
    connection.socket?.once('end', gone)
    connection.socket?.once('close', gone)
    const offered = broker.versions?.[apiKeys['Produce']!]
    this.#produceVersion = Math.min(PRODUCE_VERSIONS.max, offered?.maxVersion ?? 0)
    if (this.#produceVersion < Math.max(PRODUCE_VERSIONS.min, offered?.minVersion ?? 0)) {
      throw Object.assign(
        new Error(`broker ${address.host}:${address.port} takes no produce request of version 3 to 7`),
        {
          type: 'UNSUPPORTED_VERSION',
        },
      )
    }
  }

  get produceVersion(): number {
    return this.#produceVersion
  }

  get isAlive(): boolean {
    return !this.#destroyed && this.#connection.isConnected()
  }

  /** False near the end of a SASL session: finish what is in flight, then take a new link. */
  get takesRequests(): boolean {
    return this.isAlive && (!this.#withSasl || this.#connection.isAuthenticated())
  }

  /**
   * Sends a produce request now, before the call returns, and resolves with the answer's bytes. The pieces go to the
   * socket as they are; they must stay as they are until the answer came or the link is destroyed.
   */
  produce(frames: ProduceFrames): Promise<Buffer> {
    return this.#exchange('Produce', this.#produceVersion, frames)
  }

  /** The same for a fetch request of version 4, which every broker since Kafka 0.11 answers. */
  fetch(frames: ProduceFrames): Promise<Buffer> {
    return this.#exchange('Fetch', FETCH_VERSION, frames)
  }

  #exchange(apiName: 'Produce' | 'Fetch', version: number, frames: ProduceFrames): Promise<Buffer> {
    const connection = this.#connection
    return new Promise<Buffer>((resolve, reject) => {
      const socket = connection.socket
      if (!this.isAlive || socket === undefined) {
        reject(Object.assign(new Error('not connected'), {code: 'ENOTCONN'}))
        return
      }
      const correlationId = connection.nextCorrelationId()
      const pieces = frames({correlationId, clientId: connection.clientId, version})
      connection.requestQueue.push({
        entry: {
          apiKey: apiKeys[apiName]!,
          apiName,
          apiVersion: version,
          correlationId,
          resolve: ({payload}) => resolve(payload),
          reject,
        },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => {
          socket.cork()
          for (const piece of pieces) socket.write(piece)
          socket.uncork()
        },
      })
    })
  }

  /** Any other request of kafkajs's protocol, decoded; error codes stand in the answer and are not thrown. */
  async call(api: ApiName, parameters: object): Promise<unknown> {
    const build = this.#broker.lookupRequest(apiKeys[api]!, requests[api]!)
    const {request, response} = build(parameters)
    const parse = (decoded: unknown) => Promise.resolve(decoded)
    return await this.#connection.send({request, response: {decode: response.decode, parse}, logResponseError: false})
  }

  /** Rejects what is in flight and closes the socket. */
  destroy(reason: Error): void {
    if (this.#destroyed) return
    this.#destroyed = true
    tearDown(this.#connection, reason)
  }
}

const same = (address: BrokerAddress): BrokerAddress => address

function tearDown(connection: Connection, reason: Error): void {
  // In this order: kafkajs's disconnect waits for requests in flight, and once disconnecting nothing times them out.
  connection.requestQueue.rejectAll(reason)
  connection.socket?.destroy()
  connection.disconnect().catch(() => {})
}

interface SocketRequest extends BrokerAddress {
  readonly ssl: ConnectionOptions | null
  readonly onConnect: () => void
}

/** As kafkajs's own, but without Nagle's delay: small batches leave at once. */
function socketFactory({host, port, ssl, onConnect}: SocketRequest) {
  const socket =
    ssl === null
      ? connectTcp({host, port}, onConnect)
      : connectTls({host, port, ...(isIP(host) === 0 ? {servername: host} : {}), ...ssl}, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}

function tlsOptions(tls: NonNullable<KafkaSecurity['tls']>): ConnectionOptions {
  return {
    ...(tls.ca === null ? {} : {ca: tls.ca}),
    ...(tls.cert === null ? {} : {cert: tls.cert}),
    ...(tls.key === null ? {} : {key: tls.key}),
    ...(tls.passphrase === null ? {} : {passphrase: tls.passphrase}),
    ...(tls.verifyHostname ? {} : {checkServerIdentity: () => undefined}),
  }
}

/** kafkajs calls many passing things errors; ours are reported by whoever knows what they mean. */
function quietLogger(log: Log): object {
  const toDebug = (message: string, extra: {broker?: string} = {}) => {
    log.debug({broker: extra.broker, text: message}, 'kafkajs')
  }
  const silent = () => {}
  const logger: Record<string, unknown> = {debug: silent, info: silent, warn: toDebug, error: toDebug}
  logger['namespace'] = () => logger
  return logger
}
