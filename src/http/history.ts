// The last hour in samples, for the page's charts: a ring that never grows.

import type {PageStatus, Sample} from './page/page-status.ts'

export const SAMPLE_EVERY_MS = 10_000
export const KEPT_MS = 3_600_000

export interface SampledStatus {
  readonly behindMs: PageStatus['behindMs']
  readonly sink: Pick<PageStatus['sink'], 'eventsEmitted' | 'bytesInFlight'>
  readonly snapshot: {readonly tables: readonly {readonly state: string; readonly rowsPerSecond: number}[]}
}

export interface HistoryOptions {
  readonly status: () => SampledStatus
  /** ms since 1970. */
  readonly now?: () => number
  readonly everyMs?: number
  readonly keptMs?: number
}

export class History {
  readonly everyMs: number
  readonly keptMs: number
  readonly #status: () => SampledStatus
  readonly #now: () => number
  /** Oldest first. */
  readonly #samples: Sample[] = []
  readonly #listeners = new Set<(sample: Sample) => void>()
  #last: {atMs: number; eventsEmitted: number} | null = null
  #timer: NodeJS.Timeout | null = null

  constructor({status, now = Date.now, everyMs = SAMPLE_EVERY_MS, keptMs = KEPT_MS}: HistoryOptions) {
    this.#status = status
    this.#now = now
    this.everyMs = everyMs
    this.keptMs = keptMs
  }

  get samples(): readonly Sample[] {
    return this.#samples
  }

  /** Samples until `stop`; keeps no process alive. */
  start(): void {
    this.take()
    this.#timer = setInterval(() => this.take(), this.everyMs).unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Called with each new sample until the function that is returned is called. */
  onSample(listener: (sample: Sample) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** One sample of now. */
  take(): void {
    const {behindMs, sink, snapshot} = this.#status()
    const atMs = this.#now()
    const running = snapshot.tables.filter(({state}) => state === 'running')
    const sample: Sample = {
      atMs,
      rowsPerSecond: Math.round(running.reduce((sum, {rowsPerSecond}) => sum + rowsPerSecond, 0)),
      eventsPerSecond: this.#eventsPerSecond(atMs, sink.eventsEmitted),
      behindMs,
      bytesInFlight: sink.bytesInFlight,
    }
    this.#last = {atMs, eventsEmitted: sink.eventsEmitted}
    this.#samples.push(sample)
    while (this.#samples[0]!.atMs <= atMs - this.keptMs || this.#samples.length > this.keptMs / this.everyMs) {
      this.#samples.shift()
    }
    for (const listener of this.#listeners) listener(sample)
  }

  /** A task that begins again counts from 0. */
  #eventsPerSecond(atMs: number, eventsEmitted: number): number {
    if (this.#last === null || atMs <= this.#last.atMs) return 0
    const events = eventsEmitted - this.#last.eventsEmitted
    return Math.round((Math.max(0, events) * 1000) / (atMs - this.#last.atMs))
  }
}
