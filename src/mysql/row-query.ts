// A SELECT whose row packets are handed over as bytes. mysql2 keeps the handshake, TLS, authentication and errors; this
// command of our own joins its queue, takes the socket's chunks while its result set lasts, and then gives them back.

import type {Connection as CoreConnection} from 'mysql2'
import type {Connection} from 'mysql2/promise'
import {TidemarkError} from '../core/tidemark-error.ts'
import {rawConnection, takeOverChunks} from './mysql2-internals.ts'
import type {IncomingPacket, OutgoingPacket, RawCommand, RawConnection} from './mysql2-internals.ts'
import {PacketSplitter} from './packet-splitter.ts'

/** One row in the text protocol: `packet[start, end)`. The buffer belongs to the socket and is not changed afterwards. */
export type OnRow = (packet: Buffer, start: number, end: number) => void

export interface RowQueryOptions {
  readonly signal?: AbortSignal
  /** Asked after each chunk of the socket. While the promise it returns is open, the socket is not read. */
  readonly pauseWhen?: () => Promise<void> | null
}

/**
 * Runs `sql` and calls `onRow` for each row of its one result set.
 *
 * Rejects with the server's error in mysql2's form (code, errno, sqlState), with PROTOCOL_CONNECTION_LOST where the
 * connection ends, with what `onRow` threw, or with the signal's reason. After the last two the server still sends: the
 * rows are read and dropped, and the connection's next query waits until they have ended. Whoever aborts a long SELECT
 * therefore kills the query from another connection (KILL QUERY), or destroys this one.
 */
export function selectRows(
  connection: Connection | CoreConnection,
  sql: string,
  onRow: OnRow,
  options: RowQueryOptions = {},
): Promise<{rows: number}> {
  const raw = rawConnection(connection)
  const {signal} = options
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const settle = (error: unknown, rows: number): void => {
      signal?.removeEventListener('abort', onAbort)
      raw.stream.removeListener('close', onClose)
      if (error === null) resolve({rows})
      else reject(error instanceof Error ? error : new Error('aborted', {cause: error}))
    }
    const command = new RowQuery(sql, onRow, options.pauseWhen ?? (() => null), settle)
    const onAbort = (): void => command.abandon(signal?.reason)
    // mysql2 tells nobody where it closed the connection itself.
    const onClose = (): void => command.onResult(connectionLost())
    signal?.addEventListener('abort', onAbort, {once: true})
    raw.stream.setMaxListeners(0) // Queries that wait for their turn are no leak.
    raw.stream.once('close', onClose)
    raw.addCommand(command)
  })
}

const COM_QUERY = 0x03
const CLIENT_QUERY_ATTRIBUTES = 0x08000000
const CLIENT_DEPRECATE_EOF = 0x01000000
const SERVER_MORE_RESULTS_EXISTS = 0x0008
const OK_MARKER = 0x00
const LOCAL_INFILE_MARKER = 0xfb
const EOF_MARKER = 0xfe
const ERROR_MARKER = 0xff

type ResultPart = 'columnCount' | 'columns' | 'columnsEnd' | 'rows' | 'ended'

class RowQuery implements RawCommand {
  readonly #sql: string
  readonly #onRow: OnRow
  readonly #pauseWhen: () => Promise<void> | null
  readonly #settle: (error: unknown, rows: number) => void
  readonly #splitter = new PacketSplitter()
  #settled = false
  #part: ResultPart = 'columnCount'
  #columnsLeft = 0
  #rows = 0
  #connection: RawConnection | null = null
  #giveBack: (() => void) | null = null

  constructor(
    sql: string,
    onRow: OnRow,
    pauseWhen: () => Promise<void> | null,
    settle: (error: unknown, rows: number) => void,
  ) {
    this.#sql = sql
    this.#onRow = onRow
    this.#pauseWhen = pauseWhen
    this.#settle = settle
  }

  /** mysql2 calls it without a packet to start the command, and with the last packet of the result set, which we hand to it. */
  execute(packet: IncomingPacket | undefined, connection: RawConnection): boolean {
    if (packet === undefined) {
      if (this.#settled) return true
      this.#connection = connection
      this.#giveBack = takeOverChunks(connection, {execute: chunk => this.#receive(chunk)})
      connection._resetSequenceId()
      connection.writePacket(queryPacket(this.#sql, connection))
      return false
    }
    this.onResult(packet.isError() ? packet.asError(connection.clientEncoding) : null)
    return true
  }

  onResult(error: Error | null): void {
    if (this.#settled) return
    this.#settled = true
    this.#settle(error, this.#rows)
  }

  /** The caller is answered now; what the server still sends is read and dropped. */
  abandon(reason: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#settle(reason, this.#rows)
    this.#connection?.stream.resume()
  }

  readonly #onPacket = (buffer: Buffer, start: number, end: number): void => {
    if (this.#part === 'rows') {
      const marker = buffer[start]!
      // A row that begins with 0xfe has a text of 16 MB or more, so it is longer than a packet's payload can be.
      if ((marker === EOF_MARKER && end - start < 0xffffff) || marker === ERROR_MARKER) this.#end(buffer, start, end)
      else if (!this.#settled) this.#row(buffer, start, end)
    } else {
      this.#head(buffer, start, end)
    }
  }

  #row(buffer: Buffer, start: number, end: number): void {
    this.#rows++
    try {
      this.#onRow(buffer, start, end)
    } catch (error) {
      this.abandon(error)
    }
  }

  #head(buffer: Buffer, start: number, end: number): void {
    const marker = buffer[start]!
    if (this.#part === 'columnCount') {
      if (marker === OK_MARKER || marker === ERROR_MARKER) {
        this.#end(buffer, start, end)
      } else if (marker === LOCAL_INFILE_MARKER) {
        this.#refuse('the server asks for a local file')
      } else {
        // Length-encoded; a result set never has more than 4,096 columns.
        this.#columnsLeft = marker < 0xfb ? marker : buffer.readUInt16LE(start + 1)
        this.#part = 'columns'
      }
    } else if (this.#part === 'columns') {
      if (--this.#columnsLeft === 0) this.#part = this.#hasNoEof() ? 'rows' : 'columnsEnd'
    } else if (this.#part === 'columnsEnd') {
      this.#part = 'rows'
    } else {
      this.#refuse('the server sends packets behind the end of the result set')
    }
  }

  #hasNoEof(): boolean {
    const {config, serverCapabilityFlags} = this.#connection!
    return (config.clientFlags & serverCapabilityFlags & CLIENT_DEPRECATE_EOF) !== 0
  }

  /** Gives the socket back and lets mysql2 take the last packet as its own, so that its queue goes on. */
  #end(buffer: Buffer, start: number, end: number): void {
    if (buffer[start] === EOF_MARKER && (this.#finalStatus(buffer, start) & SERVER_MORE_RESULTS_EXISTS) !== 0) {
      this.#refuse('the statement has more than one result set')
      return
    }
    this.#part = 'ended'
    const connection = this.#connection!
    this.#giveBack!()
    const packet = Buffer.allocUnsafe(4 + end - start)
    packet.writeUIntLE(end - start, 0, 3)
    packet[3] = connection.sequenceId
    buffer.copy(packet, 4, start, end)
    connection.packetParser.execute(packet)
  }

  #finalStatus(buffer: Buffer, start: number): number {
    if (!this.#hasNoEof()) return buffer.readUInt16LE(start + 3)
    let at = start + 1
    for (let field = 0; field < 2; field++) {
      const first = buffer[at]!
      at += first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9
    }
    return buffer.readUInt16LE(at)
  }

  #refuse(what: string): void {
    this.#part = 'ended'
    const error = new TidemarkError(
      'TIDEMARK_MYSQL_RESULT',
      `a query for rows cannot be read: ${what}; destroyed the connection`,
    )
    this.onResult(error)
    this.#connection!.stream.destroy(error)
  }

  #receive(chunk: Buffer): void {
    this.#splitter.push(chunk, this.#onPacket)
    if (this.#settled) return
    const pause = this.#pauseWhen()
    if (pause === null) return
    const {stream} = this.#connection!
    stream.pause()
    const goOn = (): void => {
      stream.resume()
    }
    pause.then(goOn, (error: unknown) => {
      this.abandon(error)
      goOn()
    })
  }
}

function queryPacket(sql: string, connection: RawConnection): OutgoingPacket {
  const attributes = (connection.config.clientFlags & connection.serverCapabilityFlags & CLIENT_QUERY_ATTRIBUTES) !== 0
  const head = attributes ? 7 : 5
  const buffer = Buffer.allocUnsafe(head + Buffer.byteLength(sql))
  buffer[4] = COM_QUERY
  if (attributes) {
    buffer[5] = 0 // attributes
    buffer[6] = 1 // sets of them; the protocol knows no other number
  }
  buffer.write(sql, head, 'utf8')
  return {
    buffer,
    length: () => buffer.length,
    writeHeader: sequenceId => {
      buffer.writeUIntLE(buffer.length - 4, 0, 3)
      buffer[3] = sequenceId
    },
  }
}

function connectionLost(): Error {
  const error = new Error('Connection lost: The connection was closed while a query was running.')
  return Object.assign(error, {code: 'PROTOCOL_CONNECTION_LOST', fatal: true})
}
