// The stream's notes as the snapshot sees them. stream/table-notes.ts keeps them.

import type {TableRun} from './table-run.ts'

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

/** Forgets what no window needs any more. Snapshots of one table share its notes: the oldest window of any keeps them. */
export function forgetNotes(notes: Notes, runs: readonly TableRun[], committed: number): void {
  const oldest = new Map<string, number>()
  for (const run of runs) {
    oldest.set(run.text, Math.min(oldest.get(run.text) ?? committed, run.oldestLow(committed)))
  }
  for (const [text, low] of oldest) {
    const noted = notes.of(text)
    if (noted !== null && noted.size > 0) noted.forgetBefore(low)
  }
}
