// Waits until the main stream has emitted its share of the branch's table, which comes before all that the branch emits.

import {StreamExtent} from '../core/stream-extent.ts'
import type {ExtentText} from '../core/stream-extent.ts'
import type {MainStream} from './branch-stream.ts'
import {RunningReader} from './reader.ts'

export interface MainStreamReaderOptions {
  readonly main: MainStream
  readonly until: ExtentText
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
}

const LOOK_EVERY_MS = 20

export class MainStreamReader extends RunningReader {
  readonly #options: MainStreamReaderOptions

  constructor(options: MainStreamReaderOptions) {
    super()
    this.#options = options
  }

  // Acknowledged, so that no state that says less is stored once the branch has begun.
  protected override async run(signal: AbortSignal): Promise<void> {
    const {main, until, delay} = this.#options
    const extent = StreamExtent.parse(until)
    while (!signal.aborted && !main.safelyCovers(extent)) {
      main.sendOpen()
      await delay(LOOK_EVERY_MS, signal)
    }
  }
}
