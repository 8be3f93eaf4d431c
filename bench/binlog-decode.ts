// Decodes a dump of one-row transactions in memory: the share of the main thread that the binlog's decoding takes.

import {EventDecoder} from '../src/binlog/event-decoder.ts'
import {DumpBytes, smallImage, smallTableMap, TEST_COLLATIONS} from '../test/support/binlog-bytes.ts'

const CHUNK_BYTES = 65536
const TRANSACTIONS = 50_000
const WRITE_ROWS = 30

export interface BinlogDecodeFigures {
  readonly transactions: number
  readonly seconds: number
  readonly transactionsPerSecond: number
  readonly megabytesPerSecond: number
}

/** Decodes the same dump until `seconds` have passed. */
export function benchBinlogDecode({seconds = 3}: {readonly seconds?: number} = {}): BinlogDecodeFigures {
  const chunks = oneRowTransactions()
  const started = performance.now()
  let transactions = 0
  let bytes = 0
  while (performance.now() - started < seconds * 1000) {
    let next = 0
    const decoder = new EventDecoder({
      collations: TEST_COLLATIONS,
      checksum: true,
      nextChunk: () => chunks[next++] ?? null,
    })
    while (decoder.next()) {
      if (decoder.kind === 'rows') bytes += decoder.rows.end - decoder.rows.start
      else if (decoder.kind === 'commit') transactions++
    }
  }
  const elapsed = (performance.now() - started) / 1000
  const total = (transactions / TRANSACTIONS) * chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (bytes === 0) throw new Error('the dump has no rows')
  return {
    transactions,
    seconds: elapsed,
    transactionsPerSecond: Math.round(transactions / elapsed),
    megabytesPerSecond: Math.round(total / elapsed / 1e6),
  }
}

function oneRowTransactions(): Buffer[] {
  const dump = new DumpBytes().rotate('binlog.000001').formatDescription()
  const map = smallTableMap()
  for (let id = 0; id < TRANSACTIONS; id++) {
    dump
      .gtid()
      .query('BEGIN')
      .tableMap(map)
      .rows(WRITE_ROWS, {images: smallImage(id, 'twenty characters ..'), present: [0b11], columns: 2})
      .xid()
  }
  const bytes = dump.bytes()
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  return chunks
}
