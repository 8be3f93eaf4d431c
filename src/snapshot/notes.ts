// The stream's notes as the snapshot sees them. stream/table-notes.ts keeps them.

export interface TableNotesView {
  readonly size: number
  lostSince(low: number): boolean
  forgetBefore(low: number): void
}

export interface Notes {
  /** Number of the last own mark that the stream has passed. */
  place: number
  begin(table: string): TableNotesView
  end(table: string): void
  of(table: string): TableNotesView | null
}
