// Which events of a table without a key count, in one partition and in its order. A fold by key takes a repeated event
// as it comes; a multiset does not, so what a crash repeats and what a copy that was given up has left are told apart here.
//
// - A streamed row counts once for its place (file, pos, row). The events of a partition come in the binlog's order, so
//   one mark is enough: what lies at or behind it is a repetition, unless its transaction is newer than all before. Then
//   another server has taken over, which counts its files anew, and the mark is set back.
// - TRUNCATE TABLE is such an event, too: repeated, it would empty what came after it.
// - A truncate event with a copy id begins a copy: from there on only read events of that copy count. It always counts,
//   and the mark stays: its place is the one that the task had reached, which says nothing of the table.

import {compareBinlogPositions} from '../core/binlog-position.ts'

/** A row's place in the binlog, and its transaction; '' and 0 where it has no GTID. */
export interface RowPlace {
  readonly file: string
  readonly pos: number
  /** Within its event. */
  readonly row: number
  readonly sid: string
  readonly gno: number
}

interface Mark {
  file: string
  pos: number
  row: number
  /** An update of the message key is a delete and then a create of one place. */
  step: number
}

export class KeylessOrder {
  readonly #mark: Mark = {file: '', pos: 0, row: 0, step: 0}
  /** The highest number seen of each source's transactions. */
  readonly #newest = new Map<string, number>()
  #copyId: string | null = null

  /** Whether the event at this place counts, of a row or of a TRUNCATE TABLE. */
  takesStreamed(place: RowPlace, {isCreate}: {readonly isCreate: boolean}): boolean {
    const step = isCreate ? 1 : 0
    const isNewer = this.#isNewer(place)
    if (!isNewer && !this.#isBehindMark(place, step)) return false
    this.#setMark(place, step)
    return true
  }

  /** Whether a read event of this copy counts. Before a copy has begun with a truncate event, those of any do. */
  takesRead(copyId: string | null): boolean {
    return this.#copyId === null || this.#copyId === copyId
  }

  /** A truncate event with a copy id. */
  beginCopy(copyId: string): void {
    this.#copyId = copyId
  }

  /** Of a transaction that comes after all that were seen of its source. */
  #isNewer({sid, gno}: RowPlace): boolean {
    if (sid === '') return false
    if (gno <= (this.#newest.get(sid) ?? 0)) return false
    this.#newest.set(sid, gno)
    return true
  }

  #isBehindMark(place: RowPlace, step: number): boolean {
    const mark = this.#mark
    if (mark.file === '') return true
    const order = compareBinlogPositions(place, mark)
    if (order !== 0) return order > 0
    return place.row === mark.row ? step > mark.step : place.row > mark.row
  }

  #setMark({file, pos, row}: RowPlace, step: number): void {
    const mark = this.#mark
    mark.file = file
    mark.pos = pos
    mark.row = row
    mark.step = step
  }
}
