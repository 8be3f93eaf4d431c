// The seam to mysql2's inside: the few members of its connection that we use beyond its documented interface, checked at
// run time, so that a new version of mysql2 fails here by name and not with lost bytes.

import type {Duplex} from 'node:stream'
import {TidemarkError} from '../core/tidemark-error.ts'

/** What mysql2's writePacket wants of a packet. */
export interface OutgoingPacket {
  readonly buffer: Buffer
  length(): number
  writeHeader(sequenceId: number): void
}

/** What mysql2 wants of a command in its queue: `execute` starts it (no packet), then takes packets until it returns true. */
export interface RawCommand {
  execute(packet: IncomingPacket | undefined, connection: RawConnection): boolean
  /** Called on a lost connection instead of `execute`. */
  onResult(error: Error | null): void
}

export interface IncomingPacket {
  isError(): boolean
  asError(encoding: string): Error
}

/** Takes the bytes that the connection's socket brings; mysql2 calls it for each chunk. */
export interface ChunkReceiver {
  execute(chunk: Buffer): void
}

export interface RawConnection {
  packetParser: ChunkReceiver
  readonly stream: Duplex
  readonly config: {readonly clientFlags: number; readonly compress?: unknown}
  readonly serverCapabilityFlags: number
  readonly clientEncoding: string
  readonly threadId: number | null
  readonly _closing?: boolean
  sequenceId: number
  addCommand(command: RawCommand): unknown
  writePacket(packet: OutgoingPacket): void
  _resetSequenceId(): void
}

/** mysql2's connection behind `connection`, which may be its promise wrapper. Throws TIDEMARK_MYSQL_SEAM where a member is missing. */
export function rawConnection(connection: unknown): RawConnection {
  const outer = connection as {readonly connection?: unknown} | null
  const core = (outer?.connection ?? connection) as Record<string, unknown> | null
  const wanted: readonly (readonly [string, string])[] = [
    ['packetParser', 'object'],
    ['stream', 'object'],
    ['config', 'object'],
    ['serverCapabilityFlags', 'number'],
    ['sequenceId', 'number'],
    ['addCommand', 'function'],
    ['writePacket', 'function'],
    ['_resetSequenceId', 'function'],
  ]
  const missing = wanted.filter(([name, type]) => typeof core?.[name] !== type).map(([name]) => name)
  if (core === null || missing.length > 0) {
    throw seamError(`its connection has no ${missing.join(', ')}`)
  }
  const raw = core as unknown as RawConnection
  if (raw.config.compress === true) {
    throw new TidemarkError(
      'TIDEMARK_MYSQL_COMPRESSED',
      'the MySQL connection uses the compressed protocol, whose bytes cannot be read directly; connect without compression',
    )
  }
  return raw
}

/**
 * From now on the socket's chunks go to `receiver` and not to mysql2's parser. Only at the start of a command, when
 * nothing of the server's answer has come. Returns the way back: it must be called between two packets.
 */
export function takeOverChunks(connection: RawConnection, receiver: ChunkReceiver): () => void {
  const parser = connection.packetParser
  const idle = (Object.getPrototypeOf(parser) as {executeStart?: unknown}).executeStart
  if (typeof idle !== 'function') throw seamError('its packet parser has no executeStart')
  if (parser.execute !== idle) throw seamError('a packet is half read when a command starts')
  connection.packetParser = receiver
  return () => {
    connection.packetParser = parser
  }
}

function seamError(what: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_MYSQL_SEAM',
    `this version of mysql2 cannot be used: ${what}; install the version that package.json names`,
  )
}
