// Every row change of the simulated binlog with its place, and what a stored offset means for it.

import {compareBinlogPositions} from '../../src/core/binlog-position.ts'
import type {BinlogPosition} from '../../src/core/binlog-position.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import type {Checkpoint, StoredOffset} from '../../src/state/checkpoint.ts'
import {SERVER_UUID} from './sim-mysql.ts'
import type {BinlogEntry, RowChange, SimMysql, Transaction} from './sim-mysql.ts'
import {keyOf, SIGNAL_TABLE, isKeyless} from './sim-tables.ts'
import type {SimDefinition} from './sim-tables.ts'

export interface HistoryRow {
  readonly change: RowChange
  readonly transaction: Transaction
  /** Its number among the rows of the transaction, as the binlog has them. */
  readonly row: number
  /** Names it in an event's source block. */
  readonly place: string
  /** The events that it becomes, by operation. */
  readonly ops: readonly string[]
  /** Captured rows that it touches, as `table/key`. */
  readonly keys: readonly string[]
}

export interface HistoryTruncate {
  readonly transaction: Transaction
  readonly table: string
  readonly sql: string
  /** `file:pos`, which names it in an event's source block. */
  readonly place: string
}

export class History {
  /** In the binlog's order. */
  readonly rows: HistoryRow[] = []
  readonly byPlace = new Map<string, HistoryRow>()
  /** The last change of each row, by `table/key`. */
  readonly lastTouch = new Map<string, HistoryRow>()
  /** In the binlog's order. */
  readonly truncates: HistoryTruncate[] = []
  /** Changes of definitions, in the binlog's order. */
  readonly #ddl: {readonly end: BinlogPosition; readonly definition: SimDefinition}[] = []
  readonly #mysql: SimMysql
  #read = 0
  #counted: Transaction | null = null
  #count = 0

  constructor(mysql: SimMysql) {
    this.#mysql = mysql
  }

  /** Takes in what was written since. */
  catchUp(): void {
    const {binlog} = this.#mysql
    while (this.#read < binlog.length) this.#add(binlog[this.#read++]!)
  }

  /** The table as a stream knows it that has come to this place. */
  definitionAt(table: string, place: BinlogPosition): SimDefinition {
    const before = this.#ddl.filter(({end, definition}) => {
      return definition.table === table && compareBinlogPositions(end, place) <= 0
    })
    return before.at(-1)?.definition ?? this.#mysql.tables.find(each => each.table === table)!
  }

  #add({kind, transaction, changes, file, startPos, endPos}: BinlogEntry): void {
    if (kind === 'query') {
      const {definition, sql, table} = transaction!.ddl!
      this.#ddl.push({end: {file, pos: endPos}, definition})
      const place = `${file}:${startPos}`
      if (sql.startsWith('TRUNCATE')) this.truncates.push({transaction: transaction!, table, sql, place})
    }
    if (kind !== 'rows' || transaction === null) return
    if (this.#counted !== transaction) this.#count = 0
    this.#counted = transaction
    for (const [i, change] of changes.entries()) {
      const {definition, before, after, op} = change
      const isCaptured = definition.table !== SIGNAL_TABLE
      const touched = [before, after]
        .filter(row => row !== null)
        .map(row => `${definition.table}/${keyOf(definition, row)}`)
      const keys = isCaptured && !isKeyless(definition) ? [...new Set(touched)] : []
      const ops = !isCaptured ? [] : keys.length === 2 ? ['d', 'c'] : [op]
      const row = {change, transaction, row: this.#count++, place: `${file}:${startPos}:${i}`, ops, keys}
      this.rows.push(row)
      this.byPlace.set(row.place, row)
      for (const key of keys) this.lastTouch.set(key, row)
    }
  }
}

/** Tells whether a task that resumes there will not be brought a row again. */
export function passedBy(offset: StoredOffset): (row: Pick<HistoryRow, 'transaction' | 'row'>) => boolean {
  const {gtidSet, file, pos, rows, gno} = offset
  if (gtidSet !== null) {
    const executed = GtidSet.parse(gtidSet)
    return ({transaction, row}) =>
      executed.has(SERVER_UUID, transaction.gno) || (rows > 0 && gno === transaction.gno && row < rows)
  }
  return ({transaction, row}) => {
    if (transaction.file !== file) return transaction.file < file
    return transaction.startPos < pos || (transaction.startPos === pos && row < rows)
  }
}

type Place = Pick<StoredOffset, 'file' | 'pos' | 'gtidSet'> & Partial<StoredOffset>

/** The same of a whole state, which says of the branch's table apart what will not come again. */
export function passedByState({
  offset,
  parallel,
}: Pick<Checkpoint, 'offset' | 'parallel'>): (row: Pick<HistoryRow, 'transaction' | 'row'>, table: string) => boolean {
  const passedByPlace = (place: Place): ReturnType<typeof passedBy> => passedBy({rows: 0, sid: '', gno: 0, ...place})
  const main = passedBy(offset)
  if (parallel === undefined) return main
  const {table} = parallel.table
  switch (parallel.state) {
    case 'copying':
    case 'following': {
      const {mainUntil = null} = parallel
      const isMain = mainUntil === null ? () => false : passedByPlace(mainUntil)
      const branch = passedBy(parallel.from)
      // Whose a transaction is, is decided for the whole of it.
      return (row, of) => (of !== table || isMain({...row, row: 0}) ? main(row) : branch(row))
    }
    case 'adopted': {
      const emitted = passedByPlace(parallel.until)
      return (row, of) => main(row) || (of === table && emitted(row))
    }
  }
}
