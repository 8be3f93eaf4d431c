// The source's stream over zongji's dump: connects, decodes, and says in one error what to do when it ends.

import {randomUUID} from 'node:crypto'
import {setImmediate} from 'node:timers/promises'
import type {DatabaseSettings} from '../config/settings.ts'
import type {BinlogEvents, BinlogSource, StreamStart} from './binlog-events.ts'
import {Dump} from './dump.ts'
import {EventDecoder} from './event-decoder.ts'

export interface ServerIdentity {
  /** @@server_uuid of the server that the dump comes from, read on the dump's own connection. */
  readonly serverUuid: string
}

export class BinlogReader implements BinlogSource {
  readonly #settings: DatabaseSettings
  /** One for the life of this reader, so that a new connection ends the dump that a lost one left behind. */
  readonly #replicaUuid = randomUUID()
  #dump: Dump | null = null

  readonly #visibleWithinSeconds: number

  constructor(settings: DatabaseSettings, {visibleWithinSeconds = 30}: {readonly visibleWithinSeconds?: number} = {}) {
    this.#settings = settings
    this.#visibleWithinSeconds = visibleWithinSeconds
  }

  /** The server of the dump that is running, null while none is. */
  identity(): ServerIdentity | null {
    return this.#dump === null ? null : {serverUuid: this.#dump.serverUuid}
  }

  /** Bytes that came from the socket and wait for the consumer, and whether the socket is paused for it. */
  backlog(): {readonly queuedBytes: number; readonly mostQueuedBytes: number; readonly isPaused: boolean} {
    const chunks = this.#dump?.chunks
    return {
      queuedBytes: chunks?.queuedBytes ?? 0,
      mostQueuedBytes: chunks?.mostQueuedBytes ?? 0,
      isPaused: chunks?.isPaused ?? false,
    }
  }

  /** See BinlogSource. One stream at a time. */
  async *events(start: StreamStart, signal: AbortSignal): AsyncIterable<BinlogEvents> {
    if (signal.aborted) return
    let dump: Dump
    try {
      dump = await Dump.open(
        {
          settings: this.#settings,
          start,
          replicaUuid: this.#replicaUuid,
          visibleWithinSeconds: this.#visibleWithinSeconds,
        },
        signal,
      )
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    this.#dump = dump
    try {
      const decoder = new EventDecoder({
        collations: dump.collations,
        // Asked for by the dump's session.
        checksum: true,
        nextChunk: () => dump.chunks.take(),
      })
      while (decoder.hasMore ? await othersTurn(signal) : await dump.chunks.waitForBatch(signal)) {
        yield decoder
        if (decoder.dumpEnd !== null) throw await dump.explain(decoder.dumpEnd)
      }
    } finally {
      this.#dump = null
      await dump.close()
    }
  }
}

/** Between two parts of a compressed transaction: heartbeats, requests and the sink's answers are taken up. */
async function othersTurn(signal: AbortSignal): Promise<boolean> {
  await setImmediate()
  return !signal.aborted
}
