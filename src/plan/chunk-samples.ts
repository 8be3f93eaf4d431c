// A few chunks of a table, read as a snapshot would read them: its first, middle and last ones. Only SELECTs, no lock.

import type {RowEncoder} from '../encode/row-encoder.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import {selectRows} from '../mysql/row-query.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {keyLiteral, type ChunkKey, type KeyValues} from '../snapshot/chunk-key.ts'
import {fieldsBehind} from '../snapshot/chunk-lane.ts'
import {boundaryQuery, chunkQuery, maximumKeyQuery} from '../snapshot/chunk-query.ts'
import {explainChunk, readKey, type ChunkAccess} from '../snapshot/mysql-planning-source.ts'
import {middleKey} from './middle-key.ts'
import type {ChunkSample} from './plan-report.ts'

/** One row in the text protocol. */
export interface RowPacket {
  readonly packet: Buffer
  readonly start: number
  readonly end: number
}

export interface SampledChunks {
  readonly samples: readonly ChunkSample[]
  readonly rows: readonly RowPacket[]
  /** Null for an empty table and for one that is read as a whole. */
  readonly access: ChunkAccess | null
}

export interface SampledTable {
  readonly id: TableId
  /** Empty: the table has no key and is read as a whole. */
  readonly key: ChunkKey
  readonly encoder: Pick<RowEncoder, 'selectList'>
  /** Rows of one chunk. */
  readonly chunkRows: number
}

/** Chunks read at one place, and the time after which there are enough of them. */
const MOST_READS = 3
const ENOUGH_MS = 250

/** 20,000 rows of about 90 bytes that no table has. */
const WARM_UP_SQL = `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 200)
  SELECT a.i, b.i, REPEAT('x', 80) FROM numbers a, numbers b LIMIT 20000`

/** The first rows of a process go through code that is not compiled yet; no table's figures shall be theirs. */
export async function warmUp(connection: MysqlConnection): Promise<void> {
  let bytes = 0
  await selectRows(connection, WARM_UP_SQL, (_packet, start, end) => (bytes += end - start))
}

export async function sampleChunks(
  connection: MysqlConnection,
  table: SampledTable,
  signal: AbortSignal,
): Promise<SampledChunks> {
  try {
    return table.key.length === 0
      ? await sampleWhole(connection, table, signal)
      : await sampleByKey(connection, table, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw toMysqlError(error, `sample ${tableIdText(table.id)}`)
  }
}

async function sampleByKey(
  connection: MysqlConnection,
  {id, key, encoder, chunkRows}: SampledTable,
  signal: AbortSignal,
): Promise<SampledChunks> {
  const whole = {table: id, key, after: null, upTo: null, condition: null}
  const first = await readKey(connection, boundaryQuery(whole, 0), key)
  const last = await readKey(connection, maximumKeyQuery(id, key, null), key)
  if (first === null || last === null) return {samples: [], rows: [], access: null}
  const places: readonly (readonly [ChunkSample['place'], KeyValues | null])[] = [
    ['first', null],
    ['middle', middleKey(key[0]!, first, last)],
    ['last', await readKey(connection, `${maximumKeyQuery(id, key, null)} OFFSET ${chunkRows}`, key)],
  ]
  const explain = (after: KeyValues): Promise<ChunkAccess | null> =>
    explainChunk(connection, {...whole, after, upTo: last}, chunkRows)
  // In the middle there may be nothing, which the server knows without an index.
  const inside = await explain(places[1]![1] ?? first)
  const access = inside?.access == null ? await explain(first) : inside
  const samples: ChunkSample[] = []
  const rows: RowPacket[] = []
  for (const [place, from] of places) {
    // A table of no more than a chunk has only its first one.
    if (place !== 'first' && (from === null || samples[0]!.rows < chunkRows)) continue
    let after = from
    // One behind the other, as a snapshot reads them; slow ones need no company to be told from chance.
    for (let read = 0, spent = 0; read < MOST_READS && spent < ENOUGH_MS; read++) {
      const sql = chunkQuery({...whole, after, upTo: last}, encoder.selectList, chunkRows)
      const sample = await timedSelect(connection, {sql, rows, signal})
      if (sample.rows > 0) samples.push({place, ...sample})
      // A table that is one chunk is read again: of one SELECT nobody knows what was chance.
      if (sample.rows < chunkRows && after !== null) break
      spent += sample.milliseconds
      if (sample.rows === chunkRows) after = keyOf(key, rows.at(-1)!, encoder.selectList.length)
    }
  }
  return {samples, rows, access}
}

/** Key expressions of their own stand behind the columns. */
function keyOf(key: ChunkKey, {packet, start, end}: RowPacket, columns: number): KeyValues {
  const fields = fieldsBehind(packet, start, end, 0)
  let extra = columns
  return key.map(({literal, column, expression}) => {
    const [from, to] = fields[expression === null ? column : extra++]!
    return keyLiteral(literal, packet, from, to)
  })
}

/** Without a key nothing names another place than the first rows. */
async function sampleWhole(
  connection: MysqlConnection,
  {id, encoder, chunkRows}: SampledTable,
  signal: AbortSignal,
): Promise<SampledChunks> {
  const rows: RowPacket[] = []
  const samples: ChunkSample[] = []
  for (let read = 0, spent = 0, skipped = 0; read < MOST_READS && spent < ENOUGH_MS; read++) {
    const sql = `SELECT ${encoder.selectList.join(', ')} FROM ${quoteTable(id)} LIMIT ${chunkRows} OFFSET ${skipped}`
    const sample = await timedSelect(connection, {sql, rows, signal})
    if (sample.rows > 0) samples.push({place: 'first', ...sample})
    if (sample.rows < chunkRows && skipped > 0) break
    spent += sample.milliseconds
    if (sample.rows === chunkRows) skipped += chunkRows
  }
  return {samples, rows, access: null}
}

async function timedSelect(
  connection: MysqlConnection,
  {sql, rows, signal}: {readonly sql: string; readonly rows: RowPacket[]; readonly signal: AbortSignal},
): Promise<Omit<ChunkSample, 'place'>> {
  const began = performance.now()
  const read = await selectRows(connection, sql, (packet, start, end) => rows.push({packet, start, end}), {signal})
  return {rows: read.rows, milliseconds: performance.now() - began}
}
