// Readers one after the other: each begins when the one before it has completed.

import {RunningReader, readToEnd} from './reader.ts'
import type {Reader} from './reader.ts'

export class ChainedReader extends RunningReader {
  readonly #links: readonly (() => Reader)[]

  /** Each is made when its turn comes, so that it begins where the one before it has ended. */
  constructor(links: readonly (() => Reader)[]) {
    super()
    this.#links = links
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    for (const link of this.#links) {
      if (signal.aborted) return
      await readToEnd(link(), signal)
    }
  }
}
