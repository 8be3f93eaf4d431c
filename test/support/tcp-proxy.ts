// A TCP proxy in front of a server, for tests that need a network that fails.

import {connect, createServer, type Server, type Socket} from 'node:net'
import {once} from 'node:events'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Answers are swallowed. */
  isDeaf: boolean
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Connections accepted so far. */
  connections = 0
  /** Bytes of answers that were swallowed. */
  swallowed = 0
  #refuses = false
  #cutAfter: {bytes: number} | null = null

  static async start(t: CleanUpContext, target: {host: string; port: number}): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onCleanUp(t, () => proxy.#stop())
    return proxy
  }

  private constructor(target: {host: string; port: number}) {
    this.#server = createServer(client => {
      this.connections++
      if (this.#refuses) client.destroy()
      else this.#join(client, connect(target))
    })
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

  refuse(refuses: boolean): void {
    this.#refuses = refuses
    if (refuses) this.cut()
  }

  #join(client: Socket, server: Socket): void {
    const pair: Pair = {client, server, isDeaf: false}
    this.#pairs.add(pair)
    client.on('data', chunk => {
      server.write(chunk)
      this.#count(chunk.length)
    })
    server.on('data', chunk => {
      if (pair.isDeaf) this.swallowed += chunk.length
      else client.write(chunk)
    })
    const end = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
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
