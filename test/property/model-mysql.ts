// A MySQL in miniature for the window's property tests: versioned rows, a binlog, and commits that stand in the binlog
// (and may be streamed) before they are visible to a SELECT, in binlog order.

export type BinlogEntry =
  | {
      readonly type: 'change'
      readonly table: string
      readonly key: number
      readonly version: number
      readonly deleted: boolean
      /** Of a row that was there. */
      readonly update: boolean
    }
  | {readonly type: 'mark'; readonly number: number}

export interface ModelRow {
  readonly key: number
  readonly version: number
}

export class ModelMysql {
  readonly binlog: BinlogEntry[] = []
  #visible = 0
  #version = 0
  readonly #tables = new Map<string, Map<number, number>>()
  /** As of the binlog's end. */
  readonly #present = new Set<string>()
  readonly #onVisible = new Map<number, () => void>()

  /** A row that was there before the binlog began. */
  seed(table: string, key: number): void {
    this.#rows(table).set(key, ++this.#version)
    this.#present.add(`${table}/${key}`)
  }

  /** Writes a change to the binlog; SELECTs see it after `publish`. */
  write(table: string, key: number, deleted: boolean): void {
    const id = `${table}/${key}`
    const update = !deleted && this.#present.has(id)
    this.binlog.push({type: 'change', table, key, version: ++this.#version, deleted, update})
    if (deleted) this.#present.delete(id)
    else this.#present.add(id)
  }

  /** Writes a mark; `onVisible` is the server's OK. */
  mark(number: number, onVisible: () => void): void {
    this.#onVisible.set(this.binlog.length, onVisible)
    this.binlog.push({type: 'mark', number})
  }

  get canPublish(): boolean {
    return this.#visible < this.binlog.length
  }

  /** The oldest commit that is not visible yet becomes so. */
  publish(): void {
    const entry = this.binlog[this.#visible]!
    if (entry.type === 'change') {
      if (entry.deleted) this.#rows(entry.table).delete(entry.key)
      else this.#rows(entry.table).set(entry.key, entry.version)
    }
    this.#onVisible.get(this.#visible++)?.()
  }

  /** Rows behind `after` up to `upTo` as they are visible now. */
  select(table: string, range: {after: number; upTo: number; limit: number}): ModelRow[] {
    return [...this.#rows(table)]
      .filter(([key]) => key > range.after && key <= range.upTo)
      .sort(([a], [b]) => a - b)
      .slice(0, range.limit)
      .map(([key, version]) => ({key, version}))
  }

  maximumKey(table: string): number | null {
    const keys = [...this.#rows(table).keys()]
    return keys.length === 0 ? null : Math.max(...keys)
  }

  /** The table as `key -> version`. */
  contents(table: string): ReadonlyMap<number, number> {
    return this.#rows(table)
  }

  #rows(table: string): Map<number, number> {
    let rows = this.#tables.get(table)
    if (rows === undefined) this.#tables.set(table, (rows = new Map<number, number>()))
    return rows
  }
}
