// What a snapshot plan needs to know, from MySQL: shapes and keys, maximum keys, the places to cut a table for several lanes.

import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Log} from '../core/log.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {selectRows} from '../mysql/row-query.ts'
import type {KeyReader} from './table-keys.ts'
import {chunkKeyColumns, keysOf} from './table-keys.ts'
import {chunkKeyOf, keyLiteral} from './chunk-key.ts'
import type {ChunkKey, KeyValues} from './chunk-key.ts'
import {boundaryQuery, chunkQuery, maximumKeyQuery} from './chunk-query.ts'
import {fieldsBehind} from './chunk-lane.ts'
import type {PlanningSource, TableDescription} from './prepared-table.ts'

export interface MysqlPlanningOptions {
  readonly connection: () => Promise<MysqlConnection>
  readonly readShape: (connection: MysqlConnection, table: TableId) => Promise<TableShape | null>
  readonly readSize: (connection: MysqlConnection, table: TableId) => Promise<{rows: number; rowBytes: number}>
  readonly keys: KeyReader
  readonly events: EventSettings
  readonly log: Log
}

export class MysqlPlanningSource implements PlanningSource {
  readonly #options: MysqlPlanningOptions
  readonly #explained = new Set<string>()

  constructor(options: MysqlPlanningOptions) {
    this.#options = options
  }

  async describe(table: TableId, surrogateKey: readonly string[] | null): Promise<TableDescription> {
    const connection = await this.#options.connection()
    const shape = await this.#options.readShape(connection, table)
    if (shape === null) {
      throw new TidemarkError(
        'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE',
        `cannot snapshot ${tableIdText(table)}: the server has no such table; it was dropped, renamed, or the user may not SELECT it`,
      )
    }
    const keys = await keysOf(shape, this.#options.events, this.#options.keys)
    const columns = await chunkKeyColumns(shape, surrogateKey, keys, this.#options.keys)
    const chunkKey = chunkKeyOf(shape, columns)
    const size = await this.#options.readSize(connection, table)
    const description = {
      // Where there is no primary key, the binlog names the unique key that the server promotes: so must this, or each
      // definition in the stream would look like a change.
      shape: {...shape, primaryKey: keys.rowKey},
      messageKey: keys.messageKey,
      rowKey: keys.rowKey.length > 0 ? keys.rowKey : columns,
      chunkKey,
      rowsEstimated: size.rows,
      rowBytes: Math.max(64, Math.ceil(size.rowBytes * 1.5) + shape.columns.length * 12),
    }
    await this.#explain(connection, description, table)
    return description
  }

  async maximumKey(table: TableId, key: ChunkKey, condition: string | null): Promise<KeyValues | null> {
    return await this.#oneKey(maximumKeyQuery(table, key, condition), key)
  }

  async boundaries(description: TableDescription, table: TableId, parts: number): Promise<KeyValues[]> {
    const {chunkKey, rowsEstimated} = description
    const step = Math.floor(rowsEstimated / parts)
    const cuts: KeyValues[] = []
    let after: KeyValues | null = null
    while (cuts.length < parts - 1) {
      const sql = boundaryQuery({table, key: chunkKey, after, upTo: null, condition: null}, step)
      after = await this.#oneKey(sql, chunkKey)
      if (after === null) break
      cuts.push(after)
    }
    return cuts
  }

  async #oneKey(sql: string, key: ChunkKey): Promise<KeyValues | null> {
    const connection = await this.#options.connection()
    let values: KeyValues | null = null
    await selectRows(connection, sql, (packet, start, end) => {
      const fields = fieldsBehind(packet, start, end, 0)
      values = key.map((column, i) => keyLiteral(column.literal, packet, fields[i]![0], fields[i]![1]))
    })
    return values
  }

  // A chunk whose plan is not a range on the key scans the table again and again. It is said once, not refused: the
  // table may be small, or the optimizer may know better.
  async #explain(connection: MysqlConnection, description: TableDescription, table: TableId): Promise<void> {
    const text = tableIdText(table)
    if (this.#explained.has(text) || description.rowsEstimated < 10_000) return
    this.#explained.add(text)
    const {chunkKey: key} = description
    const maximum = await this.maximumKey(table, key, null)
    if (maximum === null) return
    const range = {table, key, after: maximum, upTo: maximum, condition: null}
    const list = key.map(column => `\`${column.name.replaceAll('`', '``')}\``)
    const [rows] = await connection.query(`EXPLAIN FORMAT=TRADITIONAL ${chunkQuery(range, list, 1)}`)
    const plan = (rows as {type?: string | null; key?: string | null; Extra?: string | null}[])[0]
    if (plan === undefined || plan.type === 'range' || plan.type === null || plan.key === 'PRIMARY') return
    this.#options.log.warn(
      {table: text, access: plan.type, index: plan.key ?? null, extra: plan.Extra ?? null},
      'chunks of this table are not read as a range of its key, so that each may scan far; an index on the chunk key mends it',
    )
  }
}
