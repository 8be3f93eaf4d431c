// What the sink takes. Nothing is written to find it out: it is what somebody says, what a running snapshot shows, or an
// assumption that the plan states.

import {connect} from 'node:net'
import type {SinkSettings} from '../config/settings.ts'
import type {PlannedSink} from './plan-report.ts'

/** Bytes of a snapshot that are on their way to a broker at once (DESIGN of the outlet), before compression. */
const IN_FLIGHT_BYTES = 512 * 1024
/** A broker's own time until it acknowledges a batch of 256 KB, beside the network. */
const ACKNOWLEDGE_MS = 2.5
/** An SSD's sequential writes, behind the page cache. */
const FILE_BYTES_PER_SECOND = 500_000_000
const CONNECT_MS = 3_000

export interface SinkKnowledge {
  /** --sink-rows-per-second */
  readonly givenRowsPerSecond: number | null
  /** Of the snapshot that runs now, reading included; null: none runs. */
  readonly observedRowsPerSecond: number | null
}

export async function sinkRate(sink: SinkSettings, known: SinkKnowledge): Promise<PlannedSink> {
  const {type} = sink
  if (known.givenRowsPerSecond !== null) {
    const because = 'as --sink-rows-per-second says'
    return {type, basis: 'given', bytesPerSecond: null, rowsPerSecond: known.givenRowsPerSecond, because}
  }
  if (known.observedRowsPerSecond !== null) {
    const because = 'as fast as the snapshot that runs now'
    return {type, basis: 'observed', bytesPerSecond: null, rowsPerSecond: known.observedRowsPerSecond, because}
  }
  switch (sink.type) {
    case 'kafka':
      return {type, basis: 'assumed', rowsPerSecond: null, ...(await brokerRate(sink.bootstrapServers))}
    case 'file': {
      const because = 'a disk that is written at 500 MB/s'
      return {type, basis: 'assumed', bytesPerSecond: FILE_BYTES_PER_SECOND, rowsPerSecond: null, because}
    }
    case 'stdout': {
      const because = 'whoever reads it keeps up'
      return {type, basis: 'assumed', bytesPerSecond: null, rowsPerSecond: null, because}
    }
  }
}

async function brokerRate(servers: readonly string[]): Promise<{bytesPerSecond: number; because: string}> {
  const network = await roundTripMs(servers[0] ?? '')
  const milliseconds = ACKNOWLEDGE_MS + (network ?? 0)
  const told =
    network === null
      ? `${servers[0] ?? 'the broker'} does not answer now`
      : `a network of ${network.toFixed(1)} ms, measured`
  return {
    bytesPerSecond: IN_FLIGHT_BYTES / (milliseconds / 1000),
    because: `one broker that acknowledges within ${ACKNOWLEDGE_MS} ms (assumed), ${told}, with 512 KB on their way`,
  }
}

/** A TCP connection's handshake; null where there is none. The second one counts: the first may look a name up. */
async function roundTripMs(server: string): Promise<number | null> {
  const colon = server.lastIndexOf(':')
  const [host, port] = [server.slice(0, colon).replace(/^\[|\]$/g, ''), Number(server.slice(colon + 1))]
  if (colon < 1 || !Number.isInteger(port)) return null
  return (await handshakeMs(host, port)) === null ? null : await handshakeMs(host, port)
}

function handshakeMs(host: string, port: number): Promise<number | null> {
  return new Promise(resolve => {
    const began = performance.now()
    const socket = connect({host, port, timeout: CONNECT_MS})
    const end = (milliseconds: number | null): void => {
      socket.destroy()
      resolve(milliseconds)
    }
    socket.once('connect', () => {
      end(performance.now() - began)
    })
    socket.once('timeout', () => {
      end(null)
    })
    socket.once('error', () => {
      end(null)
    })
  })
}
