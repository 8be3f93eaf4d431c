// The port behind which checkpoints live: a file, or a compacted topic.

/**
 * Contract of every store (test/contract/state-store-contract.ts):
 * - one owner at a time. A file: `open` rejects with TIDEMARK_STATE_IN_USE while another live process holds the same
 *   state. A topic with exactly once support: whoever opens last owns it, and the saves of earlier owners reject;
 * - `save` replaces the whole text atomically: after a crash at any instant `load` gives the old or the new text, whole;
 * - when `save` has resolved, the text survives a crash of the machine.
 */
export interface StateStore {
  open(): Promise<void>
  /** Before `open` in a process that owned the state already: rejects with TIDEMARK_STATE_IN_USE where another has it now. */
  assertOwned?(): Promise<void>
  /** The last saved text, or null where nothing was ever saved. */
  load(): Promise<string | null>
  save(text: string): Promise<void>
  /** Gives up ownership. May be called twice. */
  close(): Promise<void>
}
