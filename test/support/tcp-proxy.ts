// A TCP proxy in front of a server, for tests that need a network that fails.

import {connect, createServer, type Server, type Socket} from 'node:net'
import {once} from 'node:events'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'

type Protocol = 'any' | 'kafka' | 'mysql'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Answers are swallowed. */
  isDeaf: boolean
  /** So many more bytes of answers pass, the others wait. Null: all pass. */
  passes: number | null
  /** Made while new connections were stalled. */
  readonly isNew: boolean
  /** A binlog is sent over it. */
  isDump: boolean
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Connections accepted so far. */
  connections = 0
  /** Bytes of answers that were swallowed. */
  swallowed = 0
  /** Requests that were lost. */
  lost = 0
  #refuses = false
  #cutAfter: {bytes: number} | null = null

  /** `protocol` kafka: requests are told apart, so that single ones can be lost; mysql: dumps are, so that one can be held. */
  static async start(
    t: CleanUpContext,
    target: {host: string; port: number},
    {protocol = 'any'}: {readonly protocol?: Protocol} = {},
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, protocol)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onCleanUp(t, () => proxy.#stop())
    return proxy
  }

  private constructor(target: {host: string; port: number}, protocol: Protocol) {
    this.#target = target
    this.#protocol = protocol
    this.#server = createServer(client => {
      this.connections++
      if (this.#refuses) client.destroy()
      else this.#join(client, connect(this.#target))
    })
  }
  #target: {host: string; port: number}
  readonly #protocol: Protocol

  /** Another server stands behind the same address from now on, as after a failover; connections to the former one end. */
  retarget(target: {host: string; port: number}): void {
    this.#target = target
    this.cut()
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** Ends every connection at once. */
  cut(): void {
    for (const {client, server} of this.#pairs) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  /** Cuts every connection each time so many more bytes went to the server; null ends it. */
  cutEvery(bytes: number | null): void {
    this.#cutAfter = bytes === null ? null : {bytes}
    this.#left = bytes ?? 0
  }
  #left = 0

  /** The connections of this moment get no answer any more; requests still arrive. Later connections are whole. */
  deafen(): void {
    for (const pair of this.#pairs) pair.isDeaf = true
  }

  /** Loses the next Kafka request with this API key; those behind it on the same connection arrive. */
  loseNext(apiKey: number): void {
    if (this.#protocol !== 'kafka') throw new Error('only requests of Kafka are told apart')
    this.#loses = apiKey
  }
  #loses: number | null = null

  /** Answers of these connections, named by their ports at the server, wait behind so many more bytes until `release`. */
  stall(ports: ReadonlySet<number>, bytes: number): void {
    for (const pair of this.#pairs) if (ports.has(pair.server.localPort ?? 0)) pair.passes = bytes
  }

  /** Connections that are made from now on get no answer until `release` or `releaseNew`. */
  stallNew(): void {
    this.#stallsNew = true
  }
  #stallsNew = false

  release(): void {
    this.#release(() => true)
  }

  releaseNew(): void {
    this.#release(({isNew}) => isNew)
  }

  #release(which: (pair: Pair) => boolean): void {
    this.#stallsNew = false
    for (const pair of [...this.#pairs].filter(which)) {
      pair.passes = null
      pair.server.resume()
    }
  }

  /** A binlog that is asked for while another one is being sent does not come, until that is allowed again. */
  holdSecondDump(holds: boolean): void {
    if (this.#protocol !== 'mysql') throw new Error('only dumps of MySQL are told apart')
    this.#holdsSecond = holds
    if (!holds) for (const {server} of this.#pairs) server.resume()
  }
  #holdsSecond = false
  /** Dumps that were held. */
  held = 0

  refuse(refuses: boolean): void {
    this.#refuses = refuses
    if (refuses) this.cut()
  }

  #join(client: Socket, server: Socket): void {
    const pair: Pair = {
      client,
      server,
      isDeaf: false,
      passes: this.#stallsNew ? 0 : null,
      isNew: this.#stallsNew,
      isDump: false,
    }
    this.#pairs.add(pair)
    const requests = new KafkaRequests(apiKey => {
      if (apiKey !== this.#loses) return true
      this.#loses = null
      this.lost++
      return false
    })
    client.on('data', chunk => {
      if (this.#protocol === 'mysql' && asksForDump(chunk)) this.#beginDump(pair)
      if (this.#protocol !== 'kafka') server.write(chunk)
      else for (const part of requests.passed(chunk)) server.write(part)
      this.#count(chunk.length)
    })
    server.on('data', chunk => {
      if (pair.isDeaf) this.swallowed += chunk.length
      else client.write(chunk)
      if (pair.passes === null) return
      pair.passes -= chunk.length
      if (pair.passes <= 0) server.pause()
    })
    if (pair.passes === 0) server.pause()
    const end = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
  }

  #beginDump(pair: Pair): void {
    if (this.#holdsSecond && [...this.#pairs].some(({isDump}) => isDump)) {
      pair.server.pause()
      this.held++
    }
    pair.isDump = true
  }

  #count(bytes: number): void {
    if (this.#cutAfter === null) return
    this.#left -= bytes
    if (this.#left > 0) return
    this.#left = this.#cutAfter.bytes
    this.cut()
  }

  async #stop(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** COM_BINLOG_DUMP or COM_BINLOG_DUMP_GTID, the first packet of its exchange; without TLS. */
function asksForDump(chunk: Buffer): boolean {
  return chunk.length > 4 && chunk[3] === 0 && (chunk[4] === 0x12 || chunk[4] === 0x1e)
}

/** Takes requests out of the bytes of a connection. Each begins with its length in 4 bytes and its API key in 2. */
class KafkaRequests {
  readonly #mayPass: (apiKey: number) => boolean
  #head = Buffer.alloc(0)
  /** Bytes of the current request that are still to come, and whether they pass. */
  #left = 0
  #passes = true

  constructor(mayPass: (apiKey: number) => boolean) {
    this.#mayPass = mayPass
  }

  *passed(chunk: Buffer): Generator<Buffer> {
    for (let rest = chunk; rest.length > 0;) {
      if (this.#left === 0) {
        const head = Buffer.concat([this.#head, rest])
        if (head.length < 6) {
          this.#head = head
          return
        }
        rest = head
        this.#head = Buffer.alloc(0)
        this.#left = 4 + head.readInt32BE(0)
        this.#passes = this.#mayPass(head.readInt16BE(4))
      }
      const part = rest.subarray(0, this.#left)
      rest = rest.subarray(part.length)
      this.#left -= part.length
      if (this.#passes) yield part
    }
  }
}
