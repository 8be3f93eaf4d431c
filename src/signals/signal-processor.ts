// Takes signals in from the channels, in order of arrival, acts on each once, and answers each: accepted, rejected with
// the reason, or ignored with the reason. What was received but not yet acted on is part of the stored state.

import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import type {GtidSet} from '../core/gtid-set.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {Log} from '../core/log.ts'
import {describeError, assertNever} from '../core/tidemark-error.ts'
import {distance} from 'fastest-levenshtein'
import type {SnapshotTerms, TableRequest} from '../snapshot/snapshot-plan.ts'
import {parseSignal, signalId} from './signal.ts'
import type {CollectionPattern, Signal, SignalRecord} from './signal.ts'

export interface SignalReceipt {
  readonly id: string
  readonly type: string
  readonly channel: string
  readonly result: 'accepted' | 'rejected' | 'ignored'
  readonly reason: string | null
  readonly atMs: number
}

/** What signals act on. */
export interface SignalTargets {
  /** All captured tables as the server has them now. */
  tables(): Promise<readonly TableId[]>
  /** Rejects with the reason where the table cannot be copied this way. */
  probe(request: TableRequest): Promise<void>
  execute(id: string, tables: readonly TableRequest[], terms: SnapshotTerms): void
  /** Stops what matches; the tables that were stopped. */
  stop(matches: (table: TableId) => boolean): readonly TableId[]
  /** Pauses all snapshots; false where none is there to pause. */
  pause(): boolean
  /** Goes on with what is paused or has failed; false where nothing is. */
  resume(): boolean
  /** True while a snapshot with this id is queued or runs. */
  isActive(id: string): boolean
  /** The place in the stream, for the log signal's `{}`. */
  describePlace(): string
}

export interface SignalProcessorOptions {
  readonly targets: SignalTargets
  readonly log: Log
  /** The stored state has changed. */
  readonly onChange: () => void
  /** Called once for each signal, when it is answered. */
  readonly onAnswer: (receipt: SignalReceipt) => void
  /** Waits before a signal is tried again that failed because the server was away. */
  readonly delay: (ms: number) => Promise<void>
  readonly isConnectionLoss: (error: unknown) => boolean
}

/** Source id (and tag) and number of the transaction, then the row. */
const OCCURRENCE_BY_GTID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[^:#]+)?):([0-9]+)#/
const RECEIPTS_KEPT = 50
const NOTHING_BLOCKS = 'nothing blocks: the parallel reader copies the tables while the stream goes on'

export class SignalProcessor {
  /** Received, not yet acted on; stored. */
  readonly pending: SignalRecord[] = []
  readonly receipts: SignalReceipt[] = []
  readonly counts = new Map<string, number>()
  readonly #occurrences = new Map<string, {file: string; pos: number}>()
  readonly #options: SignalProcessorOptions
  /** Who waits for the answer to a signal. */
  readonly #askers = new Map<SignalRecord, (receipt: SignalReceipt) => void>()
  #working: Promise<void> | null = null
  #stopped = false

  constructor(options: SignalProcessorOptions) {
    this.#options = options
  }

  restore(state: {pending: readonly SignalRecord[]; occurrences: readonly SignalOccurrence[]}): void {
    for (const {key, file, pos} of state.occurrences) this.#occurrences.set(key, {file, pos})
    this.pending.push(...state.pending)
  }

  /** Characters of what was received and not yet acted on; a channel that can wait does so where it is much (I5). */
  get pendingSize(): number {
    return this.pending.reduce((sum, {id, type, data}) => sum + id.length + type.length + (data?.length ?? 0), 0)
  }

  /** Begins to act; what was restored comes first. */
  begin(): void {
    this.#work()
  }

  stop(): void {
    this.#stopped = true
  }

  /** A signal at `place` of the stream. Synchronous: from here on it is part of the state. */
  receive(record: SignalRecord, place: {file: string; pos: number}): void {
    if (this.#occurrences.has(record.occurrence)) {
      this.#answer(record, 'ignored', 'this very signal was received before')
      return
    }
    this.#occurrences.set(record.occurrence, place)
    this.take(record)
  }

  /** A signal of a channel that keeps its own place in the stored state, and so never brings one twice. Synchronous, too. */
  take(record: SignalRecord): void {
    this.pending.push(record)
    this.#options.onChange()
    this.#work()
  }

  /** As `take`; the answer, when there is one. It is never given where the task ends before. */
  submit(record: SignalRecord): Promise<SignalReceipt> {
    const answer = new Promise<SignalReceipt>(resolve => this.#askers.set(record, resolve))
    this.take(record)
    return answer
  }

  /** A signal that came over a channel that is not enabled: answered, not acted on. */
  refuse(record: SignalRecord): void {
    this.#answer(record, 'ignored', `the channel ${record.channel} is not enabled (signal.enabled.channels)`)
  }

  /**
   * Occurrences that the stream may still bring again, given that it would resume at `safe`. Where it resumes behind
   * `executed`, positions say nothing: a start at the binlog's end is still brought what was not visible there, and
   * another server counts its own.
   */
  occurrencesSince(safe: BinlogPosition, executed: GtidSet | null): SignalOccurrence[] {
    for (const [key, place] of this.#occurrences) {
      const gtid = executed === null ? null : OCCURRENCE_BY_GTID.exec(key)
      const isPassed =
        gtid === null ? compareBinlogPositions(safe, place) > 0 : executed!.has(gtid[1]!, Number(gtid[2]))
      if (isPassed) this.#occurrences.delete(key)
    }
    return [...this.#occurrences].map(([key, place]) => ({key, ...place}))
  }

  #work(): void {
    if (this.#working !== null || this.#stopped) return
    this.#working = this.#drain().finally(() => {
      this.#working = null
      if (this.pending.length > 0 && !this.#stopped) this.#work()
    })
  }

  async #drain(): Promise<void> {
    for (let attempt = 0; this.pending.length > 0 && !this.#stopped;) {
      const record = this.pending[0]!
      try {
        await this.#act(record)
        attempt = 0
      } catch (error) {
        if (this.#stopped) return
        if (this.#options.isConnectionLoss(error)) {
          await this.#options.delay(Math.min(5_000, 200 * 2 ** attempt++))
          continue
        }
        this.#answer(record, 'rejected', describeError(error).message)
      }
      this.#options.onChange()
    }
  }

  async #act(record: SignalRecord): Promise<void> {
    const parsed = parseSignal(record)
    if (!parsed.ok) {
      this.#answer(record, 'rejected', parsed.reason)
      return
    }
    const {signal} = parsed
    switch (signal.type) {
      case 'log':
        this.#options.log.info({signal: record.id}, signal.message.replace('{}', this.#options.targets.describePlace()))
        this.#answer(record, 'accepted', null)
        return
      case 'execute-snapshot':
        await this.#execute(record, signal)
        return
      case 'stop-snapshot':
        this.#stopSnapshot(record, signal.collections)
        return
      case 'pause-snapshot':
        if (this.#options.targets.pause()) this.#answer(record, 'accepted', null)
        else this.#answer(record, 'ignored', 'no snapshot runs or is queued, or all are paused already')
        return
      case 'resume-snapshot':
        if (this.#options.targets.resume()) this.#answer(record, 'accepted', null)
        else this.#answer(record, 'ignored', 'no snapshot is paused or has failed')
        return
      default:
        assertNever(signal)
    }
  }

  async #execute(record: SignalRecord, signal: Extract<Signal, {type: 'execute-snapshot'}>): Promise<void> {
    const {targets} = this.#options
    if (record.id !== '' && targets.isActive(record.id)) {
      this.#answer(record, 'ignored', `a snapshot with id ${record.id} is queued or running`)
      return
    }
    const isBlocking = signal.terms.isBlocking === true
    const known = await targets.tables()
    const tables = new Map<string, TableId>()
    for (const pattern of signal.collections) {
      const matching = known.filter(table => pattern.expression.test(tableIdText(table)))
      if (matching.length === 0) {
        this.#answer(record, 'rejected', nothingMatches(pattern, known))
        return
      }
      for (const table of matching) tables.set(tableIdText(table), table)
    }
    const requests = [...tables].map(([text, table]) => ({
      table,
      condition: signal.conditions.find(condition => condition.collection.test(text))?.filter ?? null,
      surrogateKey: isBlocking ? null : signal.surrogateKey,
      ...(isBlocking ? {reader: 'parallel' as const} : {}),
    }))
    const unused = signal.conditions.find(
      condition => ![...tables.keys()].some(text => condition.collection.test(text)),
    )
    if (unused !== undefined) {
      this.#answer(record, 'rejected', `the condition for ${unused.collection.source} matches none of the tables`)
      return
    }
    // All at once: those who answer can then ask the server for many tables together.
    for (const probed of await Promise.allSettled(requests.map(request => targets.probe(request))))
      if (probed.status === 'rejected') throw probed.reason
    // Answered first, so that whoever follows the notifications of this id sees ACCEPTED before STARTED.
    this.#answer(record, 'accepted', isBlocking ? NOTHING_BLOCKS : null)
    targets.execute(signalId(record), requests, signal.terms)
  }

  #stopSnapshot(record: SignalRecord, collections: readonly CollectionPattern[] | null): void {
    const stopped = this.#options.targets.stop(
      table => collections === null || collections.some(pattern => pattern.expression.test(tableIdText(table))),
    )
    if (stopped.length > 0) this.#answer(record, 'accepted', null)
    else this.#answer(record, 'ignored', 'no running or queued snapshot has such a table')
  }

  #answer(record: SignalRecord, result: SignalReceipt['result'], reason: string | null): void {
    const {type, channel} = record
    const id = signalId(record)
    const receipt = {id, type, channel, result, reason, atMs: Date.now()}
    // In one go with what it did: no state may hold a signal both as pending and as answered.
    if (this.pending[0] === record) this.pending.shift()
    this.receipts.push(receipt)
    if (this.receipts.length > RECEIPTS_KEPT) this.receipts.shift()
    const count = `${channel},${result}`
    this.counts.set(count, (this.counts.get(count) ?? 0) + 1)
    const fields = {signal: id, type, channel, result, reason}
    if (result === 'rejected') this.#options.log.warn(fields, 'signal rejected')
    else this.#options.log.info(fields, `signal ${result}`)
    this.#options.onAnswer(receipt)
    this.#askers.get(record)?.(receipt)
    this.#askers.delete(record)
  }
}

export interface SignalOccurrence extends BinlogPosition {
  readonly key: string
}

function nothingMatches(pattern: CollectionPattern, known: readonly TableId[]): string {
  const names = known.map(tableIdText)
  const nearest = names
    .map(name => ({name, steps: distance(name.toLowerCase(), pattern.text.toLowerCase())}))
    .sort((a, b) => a.steps - b.steps)[0]
  const hint = nearest !== undefined && nearest.steps <= 5 ? `; did you mean ${nearest.name}?` : ''
  return `no captured table matches ${JSON.stringify(pattern.text)}${hint}`
}
