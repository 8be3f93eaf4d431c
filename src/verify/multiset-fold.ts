// Folds the events of tables without a key: how often each full row is there, beside how often the table has it.

import {createHash} from 'node:crypto'
import type {FoldOptions} from './fold.ts'
import {ADD_OPEN, ADD_SHOWN, REMOVE_OPEN, REMOVE_SHOWN, ROW, TRUNCATE_SHOWN} from './record-kinds.ts'
import type {RecordHead} from './spill-store.ts'

const FINGERPRINT_DIGITS = 16

interface RowState {
  readonly table: number
  /** How often the table has the row. */
  rows: number
  /** How often the events of the partition at hand leave it: events of open transactions may be shown or not, each. */
  least: number
  most: number
  /** The same of partitions that were read before. */
  settledLeast: number
  settledMost: number
  partition: number
  file: number
  pos: number
}

/** Of one bucket. Its key is the row itself, as JSON. A partition's records come one after the other. */
export class MultisetFold {
  readonly #rows = new Map<string, RowState>()
  readonly #options: FoldOptions

  constructor(options: FoldOptions) {
    this.#options = options
  }

  take(row: string, head: RecordHead): void {
    const {table, kind} = head
    const name = `${table}:${row}`
    let state = this.#rows.get(name)
    if (state === undefined) {
      if (kind !== ROW && this.#options.rowsOnly) return
      state = newState(table)
      this.#rows.set(name, state)
    }
    if (kind === ROW) {
      state.rows++
      return
    }
    this.#enter(state, head)
    if (kind === ADD_SHOWN) state.least++
    if (kind === ADD_SHOWN || kind === ADD_OPEN) state.most++
    if (kind === REMOVE_SHOWN || kind === REMOVE_OPEN) state.least--
    if (kind === REMOVE_SHOWN) state.most--
  }

  /** Of its partition, which alone it empties. */
  truncate(head: RecordHead): void {
    const partition = this.#options.partitions[head.file]
    for (const state of this.#rows.values()) {
      if (state.table !== head.table || state.partition !== partition) continue
      const isShown = head.kind === TRUNCATE_SHOWN
      state.least = isShown ? 0 : Math.min(0, state.least)
      state.most = isShown ? 0 : Math.max(0, state.most)
      state.file = head.file
      state.pos = head.pos
    }
  }

  /** Adds what differs to the findings. */
  compare(): void {
    for (const [name, state] of this.#rows) this.#compare(name, state)
  }

  #enter(state: RowState, head: RecordHead): void {
    const partition = this.#options.partitions[head.file] ?? 0
    if (partition !== state.partition) {
      state.settledLeast += state.least
      state.settledMost += state.most
      state.least = state.most = 0
      state.partition = partition
    }
    state.file = head.file
    state.pos = head.pos
  }

  #compare(name: string, state: RowState): void {
    const {rows, table} = state
    const least = state.settledLeast + state.least
    const most = state.settledMost + state.most
    const found = Math.min(Math.max(rows, least), most)
    const findings = this.#options.findings[table]!
    findings.keys += Math.max(0, found)
    if (found === rows) return
    const kind = found < rows ? 'missing' : 'ghost'
    if (kind === 'missing') findings.missing += rows - found
    else findings.ghosts += found - rows
    if (findings.shown.length >= this.#options.most) return
    findings.shown.push({
      kind,
      key: fingerprint(name.slice(name.indexOf(':') + 1)),
      columns: [],
      counts: {table: rows, events: found},
      lastEvent: state.pos < 0 ? null : {file: this.#options.files[state.file] ?? '', pos: state.pos},
    })
  }
}

/** Tells rows apart without showing them. */
function fingerprint(latin1: string): string {
  const digest = createHash('sha256').update(Buffer.from(latin1, 'latin1')).digest('hex')
  return `sha256:${digest.slice(0, FINGERPRINT_DIGITS)}`
}

function newState(table: number): RowState {
  return {table, rows: 0, least: 0, most: 0, settledLeast: 0, settledMost: 0, partition: -1, file: 0, pos: -1}
}
