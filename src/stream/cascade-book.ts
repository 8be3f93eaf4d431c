// Foreign keys by which changes of one table change another without row events, as the stream needs to know them: read at
// the start and with every statement that may change them. The server may be ahead of the stream: a key that it has no
// longer counts up to the statement that names it as dropped, else to where the server was read; one that is new to it counts at once, too early rather
// than too late.

import {compareBinlogPositions, type BinlogPosition} from '../core/binlog-position.ts'
import type {CascadingKey} from '../core/cascading-key.ts'
import type {TableId} from '../core/table-id.ts'
import type {RowsView, StreamTable} from '../binlog/binlog-events.ts'
import {keepsColumns, rowEnd} from '../binlog/row-count.ts'
import type {DdlReading} from './ddl.ts'
import {cascadeEffects, foldedText, type CascadeEffect} from './cascade-effects.ts'

export interface CascadeReading {
  /** What statements before it did is in `keys`. */
  readonly place: BinlogPosition
  readonly keys: readonly CascadingKey[]
}

export interface CascadeSource {
  /** Null where the server logs what cascades do. Asks until it is answered, or the task stops. */
  read(): Promise<CascadeReading | null>
}

interface Known {
  readonly key: CascadingKey
  /** The server has it no longer, from no later than here on. */
  until: BinlogPosition | null
}

/** Of keys that are gone; a stream that lags so far behind forgets the oldest. */
const MOST_GONE = 1_000
const CHANGES_KEYS = /^(?:CREATE|ALTER|DROP|RENAME) (?:TABLES?|DATABASE|SCHEMA)$/

export class CascadeBook {
  readonly #source: CascadeSource
  readonly #known = new Map<string, Known>()
  /** What is known of each parent in the stream; null: it is none. */
  #parents = new WeakMap<StreamTable, readonly Known[] | null>()
  #reading: Promise<void> | null = null
  #isLogged = false

  constructor(source: CascadeSource) {
    this.#source = source
  }

  /** Before the stream begins. */
  async begin(): Promise<void> {
    this.#read()
    await this.ready()
  }

  /** Null: what is known holds for the rows that come next. */
  ready(): Promise<void> | null {
    return this.#reading
  }

  /** A statement stands in the stream here. A key that it names as dropped counts no longer, whatever the server has by now. */
  changed(
    reading: Pick<DdlReading, 'verb' | 'words'>,
    touches: (table: TableId) => boolean,
    place: BinlogPosition,
  ): void {
    if (this.#isLogged || !CHANGES_KEYS.test(reading.verb)) return
    for (const known of this.#known.values()) {
      const {name, child} = known.key
      const isNamed = reading.verb.startsWith('DROP') || reading.words.has(name.toLowerCase())
      if (reading.words.has('drop') && isNamed && touches(child)) known.until ??= place
    }
    this.#read()
  }

  serverChanged(): void {
    for (const [text, {until}] of this.#known) if (until !== null) this.#known.delete(text)
    this.#isLogged = false
    this.#read()
  }

  /** Whether changes of the table may change others. */
  isParent(table: TableId): boolean {
    const text = foldedText(table)
    return [...this.#known.values()].some(({key}) => foldedText(key.parent) === text)
  }

  /** What the rows of the event have changed elsewhere. `reached`: where the stream is. */
  effects(view: RowsView, reached: BinlogPosition): readonly CascadeEffect[] {
    if (view.operation === 'c' || this.#known.size === 0) return []
    const {id} = view.table.shape
    let parent = this.#parents.get(view.table)
    if (parent === undefined) {
      parent = this.isParent(id) ? [...this.#known.values()] : null
      this.#parents.set(view.table, parent)
    }
    if (parent === null) return []
    const keys = parent
      .filter(({until}) => until === null || compareBinlogPositions(reached, until) < 0)
      .map(({key}) => key)
    const own = keys.filter(key => foldedText(key.parent) === foldedText(id))
    const columns = view.operation === 'd' ? null : changedColumns(view, own)
    return columns?.size === 0 ? [] : cascadeEffects(keys, {table: id, columns})
  }

  // The last one to be asked counts: it knows all that the others know.
  #read(): void {
    const reading: Promise<void> = this.#source.read().then(answer => {
      if (this.#reading !== reading) return
      this.#reading = null
      this.#isLogged = answer === null
      this.#enter(answer ?? {place: {file: '', pos: 0}, keys: []})
    })
    reading.catch(() => undefined)
    this.#reading = reading
  }

  #enter({place, keys}: CascadeReading): void {
    const there = new Map(keys.map(key => [JSON.stringify(key), key]))
    for (const [text, known] of this.#known) if (!there.has(text)) known.until ??= place
    for (const [text, key] of there) this.#known.set(text, {key, until: null})
    const gone = [...this.#known].filter(([, {until}]) => until !== null)
    for (const [text] of gone.slice(0, -MOST_GONE)) this.#known.delete(text)
    this.#parents = new WeakMap()
  }
}

/** Columns of an updated table that keys refer to, and that are not the same in every row. */
function changedColumns(view: RowsView, keys: readonly CascadingKey[]): ReadonlySet<string> {
  const changed = new Set<string>()
  const {shape, unnamed} = view.table
  for (const {changesOnUpdate, parentColumns} of keys) {
    if (!changesOnUpdate) continue
    for (const {name, index} of parentColumns) {
      if (changed.has(name)) continue
      const at = unnamed === true ? index : shape.columns.findIndex(column => column.name === name)
      if (at < 0 || !keepsColumn(view, at)) changed.add(name)
    }
  }
  return changed
}

function keepsColumn(view: RowsView, column: number): boolean {
  for (let at = view.start; at < view.end; at = rowEnd(view, at)) if (!keepsColumns(view, at, [column])) return false
  return true
}
