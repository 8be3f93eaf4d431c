// The one ordered outlet: streamed events collect in one open batch for each topic partition, read events come as whole
// pieces, and both get their place in a partition's sequence here. Few small batches are in flight (natural batching):
// an idle stream sends at once, a busy one fills batches while earlier ones are on their way.

import type {Histogram} from '../core/histogram.ts'
import type {EventBatch, Sink, SinkTopic} from '../sinks/sink.ts'
import type {OffsetTracker, StreamPlace, TrackedBatch} from './offset-tracker.ts'

const BATCHES_IN_FLIGHT = 2
/** What `flushSoon` may add to an event's way under load; in that time a busy stream fills a batch. */
const PACE_MS = 5

/** A stream whose events share the outlet: each knows its own place, and has its own share of the memory. */
export interface LaneSource {
  readonly tracker: OffsetTracker
  /** Where the stream is: the place just before the next event. Its dispatcher sets it. */
  placeNow: () => StreamPlace
  /** Bytes of its events, open or in flight, above which `room` waits. */
  readonly mostBytes: number
  bytes: number
}

/** One partition's end of the outlet, for one stream: nothing keeps the order between the lanes of two. */
export interface Lane {
  readonly source: LaneSource
  readonly topic: SinkTopic
  readonly partition: number
  batch: EventBatch | null
  tracked: TrackedBatch | null
  inFlight: number
  /** Bytes of the open batch. */
  openBytes: number
  /** A flush found enough on their way: the open batch follows with the next acknowledgement. */
  isHeld: boolean
}

/** Batches sent between two cuts that are not acknowledged. */
interface Span {
  pending: number
  onEmpty: (() => void) | null
}

export interface EmitterOptions {
  readonly sink: Sink
  /** Of the main stream. */
  readonly tracker: OffsetTracker
  /** Bytes of streamed events of the main stream, open or in flight, above which `room` waits. */
  readonly streamBytes: number
  /** Called once, for the first thing that an operator must mend. */
  readonly onFailure: (error: unknown) => void
  /** Seconds until a batch is acknowledged; absent: nobody asks. */
  readonly latency?: Histogram
  /** Called after every acknowledgement, for whoever waits for room. */
  readonly onAcknowledged: () => void
}

/** Whoever waits: for room of one stream, or, where `source` is null, for any acknowledgement. */
interface Waiter {
  readonly source: LaneSource | null
  readonly wake: () => void
}

export class Emitter {
  /** The main stream. */
  readonly main: LaneSource
  /** True while read events share the sink: then the stream keeps nine tenths of what is in flight, not all of it. */
  snapshotActive = false
  eventsEmitted = 0
  #snapshotBytes = 0
  #pace: NodeJS.Timeout | null = null
  #flushDue = false
  readonly #dirty = new Set<Lane>()
  #waiters: Waiter[] = []
  /** Streams beside the main one. */
  readonly #branches = new Set<LaneSource>()
  #failure: {error: unknown} | null = null
  #hasEnded = false
  #span: Span = {pending: 0, onEmpty: null}
  /** Ends the wait of `cut` where the sink has failed. */
  #endCut: () => void = () => undefined
  readonly #options: EmitterOptions

  constructor(options: EmitterOptions) {
    this.#options = options
    this.main = newSource(options.tracker, options.streamBytes)
  }

  lane(topic: SinkTopic, partition: number, source = this.main): Lane {
    return {source, topic, partition, batch: null, tracked: null, inFlight: 0, openBytes: 0, isHeld: false}
  }

  /** Another stream, whose events are tracked by themselves. `closeBranch` when all of them are acknowledged, or given up. */
  openBranch(tracker: OffsetTracker, mostBytes: number): LaneSource {
    const source = newSource(tracker, mostBytes)
    this.#branches.add(source)
    return source
  }

  closeBranch(source: LaneSource): void {
    this.#branches.delete(source)
  }

  /** The lane's open batch, opened where there is none. The caller appends one event and calls `appended`. */
  batch(lane: Lane): EventBatch {
    if (lane.batch === null) {
      lane.batch = lane.topic.newBatch(lane.partition)
      lane.tracked = lane.source.tracker.open(lane.source.placeNow())
      this.#dirty.add(lane)
    }
    return lane.batch
  }

  /** After an event was ended: a full batch leaves at once. */
  appended(lane: Lane): void {
    this.eventsEmitted++
    const bytes = lane.batch!.byteLength
    lane.source.bytes += bytes - lane.openBytes
    lane.openBytes = bytes
    if (bytes >= lane.topic.batchBytes) this.#send(lane)
  }

  /** Sends open batches, except where enough are on their way already: those follow with the next acknowledgement. */
  flush(): void {
    for (const lane of this.#dirty) {
      if (lane.inFlight < BATCHES_IN_FLIGHT) this.#send(lane)
      else lane.isHeld = true
    }
  }

  /** As `flush`: at once after a quiet moment, else a few milliseconds after the last one. */
  flushSoon(): void {
    this.#flushDue = true
    if (this.#pace === null) this.#keepPace()
  }

  /**
   * Sends finished batches of read events; whatever is open for the lane is sent before, so that they keep their place.
   * Resolves when all are acknowledged; a failure is reported through `onFailure` and never resolves.
   */
  sendRead(lane: Lane, batch: EventBatch): Promise<void> {
    if (this.#hasEnded) return new Promise(() => undefined)
    if (lane.batch !== null) this.#send(lane)
    const bytes = batch.byteLength
    this.#snapshotBytes += bytes
    this.eventsEmitted += batch.count
    const span = this.#enter()
    const sentAt = performance.now()
    return new Promise(resolve => {
      this.#options.sink.send(batch).then(
        () => {
          this.#options.latency?.observe((performance.now() - sentAt) / 1000)
          leave(span)
          this.#snapshotBytes -= bytes
          resolve()
          this.#afterAcknowledgement()
        },
        (error: unknown) => {
          this.#fail(error)
        },
      )
    })
  }

  /**
   * Sends everything that is open. Resolves when all that was sent until now, read events too, is acknowledged; what is
   * sent from now on is not waited for.
   */
  async cut(): Promise<void> {
    for (const lane of this.#dirty) this.#send(lane)
    const span = this.#span
    this.#span = {pending: 0, onEmpty: null}
    this.assertWorks()
    if (span.pending === 0) return
    await new Promise<void>(resolve => {
      span.onEmpty = this.#endCut = resolve
    })
    this.assertWorks()
  }

  /** Bytes of streamed events that are open or in flight. */
  get streamBytes(): number {
    let {bytes} = this.main
    for (const branch of this.#branches) bytes += branch.bytes
    return bytes
  }

  /** True while another piece of read events may leave without holding up the stream by more than agreed (I4). */
  get roomForRead(): boolean {
    return this.#snapshotBytes < this.#options.sink.snapshotBytesInFlight
  }

  get snapshotBytesInFlight(): number {
    return this.#snapshotBytes
  }

  /** Null while there is room for more events of the stream, else a promise of it. Rejects when the sink has failed. */
  room(source = this.main): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(asError(this.#failure.error))
    if (source.bytes < this.#limit(source)) return null
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        if (this.#failure === null) resolve()
        else reject(asError(this.#failure.error))
      }
      this.#waiters.push({source, wake})
    })
  }

  /** Sends whatever is open of the stream, be there never so much on its way: what another lane sends comes behind it. */
  sendOpen(source: LaneSource): void {
    for (const lane of this.#dirty) if (lane.source === source) this.#send(lane)
  }

  /** Resolves when nothing of any stream is open or in flight; of this one alone where one is given. */
  async drain(source: LaneSource | null = null): Promise<void> {
    while (source === null ? this.#isBusy() : source.tracker.pending > 0) {
      if (this.#failure !== null) throw asError(this.#failure.error)
      for (const lane of this.#dirty) if (source === null || lane.source === source) this.#send(lane)
      await new Promise<void>(wake => this.#waiters.push({source: null, wake}))
    }
  }

  #isBusy(): boolean {
    if (this.main.tracker.pending > 0 || this.#snapshotBytes > 0) return true
    for (const branch of this.#branches) if (branch.tracker.pending > 0) return true
    return false
  }

  #send(lane: Lane): void {
    const {batch, tracked} = lane
    if (batch === null || tracked === null || this.#hasEnded) return
    lane.batch = null
    lane.tracked = null
    this.#dirty.delete(lane)
    const {source} = lane
    const bytes = batch.byteLength
    source.bytes += bytes - lane.openBytes
    lane.openBytes = 0
    lane.isHeld = false
    lane.inFlight++
    const span = this.#enter()
    const sentAt = performance.now()
    this.#options.sink.send(batch).then(
      () => {
        this.#options.latency?.observe((performance.now() - sentAt) / 1000)
        leave(span)
        lane.inFlight--
        source.bytes -= bytes
        source.tracker.acknowledge(tracked)
        if (lane.isHeld) this.#send(lane)
        this.#afterAcknowledgement()
      },
      (error: unknown) => {
        this.#fail(error)
      },
    )
  }

  // With a snapshot beside it the stream's share is bounded, so that in the sink's order of arrival at least a tenth of
  // the bytes are read events, and a snapshot under full load still ends.
  #limit({mostBytes}: LaneSource): number {
    const share = this.snapshotActive ? this.#options.sink.snapshotBytesInFlight * 9 : Infinity
    return Math.min(mostBytes, share)
  }

  /** Throws what made the sink fail. */
  assertWorks(): void {
    if (this.#failure !== null) throw asError(this.#failure.error)
  }

  #enter(): Span {
    this.#span.pending++
    return this.#span
  }

  #keepPace(): void {
    this.#pace = null
    if (!this.#flushDue || this.#failure !== null) return
    this.#flushDue = false
    this.flush()
    this.#pace = setTimeout(() => {
      this.#keepPace()
    }, PACE_MS).unref()
  }

  #afterAcknowledgement(): void {
    if (this.#waiters.length > 0) {
      const waiters = this.#waiters
      this.#waiters = []
      for (const waiter of waiters) {
        const {source} = waiter
        if (source === null || source.bytes < this.#limit(source)) waiter.wake()
        else this.#waiters.push(waiter)
      }
    }
    this.#options.onAcknowledged()
  }

  /**
   * The last state is stored: nothing leaves any more, since it would come again at the next start. What is in flight may still
   * be acknowledged; where it is not, that is no failure: it lies behind the state, and comes again.
   */
  end(): void {
    this.#hasEnded = true
  }

  /** For what stops the outlet elsewhere than in the sink. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#failure !== null || this.#hasEnded) return
    this.#failure = {error}
    const waiters = this.#waiters
    this.#waiters = []
    for (const {wake} of waiters) wake()
    this.#endCut()
    this.#options.onFailure(error)
  }
}

function newSource(tracker: OffsetTracker, mostBytes: number): LaneSource {
  const placeNow = (): never => {
    throw new Error('no stream yet')
  }
  return {tracker, mostBytes, placeNow, bytes: 0}
}

function leave(span: Span): void {
  if (--span.pending === 0) span.onEmpty?.()
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
