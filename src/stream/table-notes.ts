// The stream's notes: which keys of a table under snapshot it has seen, and at which place. A row that was read is
// superseded when its key was noted at a place that its low watermark does not cover.
//
// A place is the number of the last own mark that the stream had passed; the notes of one key keep only the latest,
// because a low watermark of this kind covers everything up to a place. The map is kept in the order of places
// (a key that is noted again moves to the end), so that forgetting works from its front.
//
// A change that is left out of the events (skipped.operations) keeps its row with the note: a row that was read is then
// not dropped but leaves as that, since nothing else would ever show it.

const ENTRY_OVERHEAD_BYTES = 96

/** A row as it stands after a change that is not emitted: its JSON, then its message key. */
export interface RowImage {
  readonly bytes: Buffer
  readonly rowEnd: number
}

export class TableNotes {
  /** Every key counts as noted up to and including this place: notes were given up there for want of memory. */
  lostUpTo = -1
  bytes = 0
  #lastPlace = -1
  readonly #places = new Map<string, number>()
  readonly #images = new Map<string, RowImage>()

  note(key: string, place: number): void {
    this.#lastPlace = place
    if (this.#images.size > 0) this.#dropImage(key)
    const known = this.#places.get(key)
    if (known === place) return
    if (known === undefined) this.bytes += key.length + ENTRY_OVERHEAD_BYTES
    else this.#places.delete(key)
    this.#places.set(key, place)
  }

  /** As `note`, of a change that is not emitted. */
  noteSilently(key: string, place: number, image: RowImage): void {
    this.note(key, place)
    this.#images.set(key, image)
    this.bytes += image.bytes.length
  }

  /** What a superseded row leaves as; null: not at all, its event has shown it. */
  imageOf(key: string): RowImage | null {
    return this.#images.get(key) ?? null
  }

  /** True where an event for the key came at a place that `low` does not cover. */
  supersedes(key: string, low: number): boolean {
    const place = this.#places.get(key)
    return place !== undefined && place >= low
  }

  /** True where no row read after `low` can be superseded, so that nobody needs to look its key up. */
  quietSince(low: number): boolean {
    return this.#lastPlace < low
  }

  /** True where a window that begins at `low` may miss notes, and must be read again. */
  lostSince(low: number): boolean {
    return this.lostUpTo >= low
  }

  /** Forgets the notes that every window from `low` on is covered for. */
  forgetBefore(low: number): void {
    for (const [key, place] of this.#places) {
      if (place >= low) return
      this.#places.delete(key)
      this.#dropImage(key)
      this.bytes -= key.length + ENTRY_OVERHEAD_BYTES
    }
  }

  /** Gives up all notes: up to `place` every key counts as noted. */
  overflow(place: number): void {
    this.#places.clear()
    this.#images.clear()
    this.bytes = 0
    this.lostUpTo = place
  }

  get size(): number {
    return this.#places.size
  }

  #dropImage(key: string): void {
    const image = this.#images.get(key)
    if (image === undefined) return
    this.#images.delete(key)
    this.bytes -= image.bytes.length
  }
}

/** All tables under snapshot, with one bound in bytes for their notes together. */
export class NoteLog {
  /** Number of the last own mark that the stream has passed. */
  place = 0
  overflows = 0
  readonly #tables = new Map<string, TableNotes>()
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  begin(table: string): TableNotes {
    let notes = this.#tables.get(table)
    if (notes === undefined) this.#tables.set(table, (notes = new TableNotes()))
    return notes
  }

  end(table: string): void {
    this.#tables.delete(table)
  }

  of(table: string): TableNotes | null {
    return this.#tables.get(table) ?? null
  }

  /** Called between events: where all notes together are too many, the largest table's are given up. */
  bound(): void {
    let total = 0
    let largest: TableNotes | null = null
    for (const notes of this.#tables.values()) {
      total += notes.bytes
      if (largest === null || notes.bytes > largest.bytes) largest = notes
    }
    if (total <= this.#maxBytes || largest === null) return
    largest.overflow(this.place)
    this.overflows++
  }
}
