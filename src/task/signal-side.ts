// The signals' part of a running task: the processor that acts on each once and answers it, and the channels beside the
// signal table, which is part of the stream.

import type {Settings} from '../config/settings.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import type {Log} from '../core/log.ts'
import type {GtidSet} from '../core/gtid-set.ts'
import {FileSignalChannel} from '../signals/file-signal-channel.ts'
import {KafkaSignalChannel} from '../signals/kafka-signal-channel.ts'
import type {KafkaSignalOffsets} from '../signals/kafka-signal-channel.ts'
import type {SignalChannelStatus} from '../signals/signal-channel.ts'
import {SignalProcessor} from '../signals/signal-processor.ts'
import type {SignalProcessorOptions, SignalTargets} from '../signals/signal-processor.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import {isActive} from '../snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import {delay} from '../core/backoff.ts'
import {isConnectionLoss} from './errors.ts'

export interface SignalSideOptions extends Pick<SignalProcessorOptions, 'onAnswer' | 'log'> {
  readonly settings: Settings
  /** Null where nothing can be copied. */
  readonly coordinator: SnapshotCoordinator | null
  readonly targets: Pick<SignalTargets, 'tables' | 'probe' | 'describePlace'>
  readonly stored: Checkpoint['signals']
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown) => void
}

export class SignalSide {
  readonly processor: SignalProcessor
  /** The channels kafka and file; null where they are not enabled. */
  readonly #topic: KafkaSignalChannel | null
  readonly #file: FileSignalChannel | null
  readonly #options: SignalSideOptions
  #reading: Promise<unknown> | null = null

  constructor(options: SignalSideOptions) {
    const {log, signal, onAnswer, coordinator, targets, stored} = options
    this.#options = options
    this.processor = new SignalProcessor({
      log,
      isConnectionLoss,
      onChange: () => undefined,
      onAnswer,
      delay: ms => delay(ms, signal),
      targets: {...targets, ...snapshotTargets(coordinator)},
    })
    this.#topic = this.#createTopic(stored.kafka ?? null, log)
    this.#file = this.#createFile(stored.file ?? null, log)
    this.processor.restore(stored)
  }

  /** Acts on what was restored, and reads the channels. May be called again after each loss of the stream. */
  begin(): void {
    const {signal, onFailure} = this.#options
    this.#reading ??= Promise.all([this.#topic?.run(signal).catch(onFailure), this.#file?.run(signal).catch(onFailure)])
    this.processor.begin()
  }

  async close(): Promise<void> {
    this.processor.stop()
    await this.#reading
  }

  /** The part of the checkpoint that is the signals', given that the stream would resume at `safe`, behind `executed`. */
  checkpoint(safe: BinlogPosition, executed: GtidSet | null): Checkpoint['signals'] {
    // Offsets are kept while the channel is off: signals of old are not acted on again when it is on.
    const kafka: KafkaSignalOffsets | null = this.#topic?.offsets ?? this.#options.stored.kafka ?? null
    const file = this.#file === null ? (this.#options.stored.file ?? null) : this.#file.collect()
    return {
      pending: this.processor.pending,
      occurrences: this.processor.occurrencesSince(safe, executed),
      ...(kafka === null ? {} : {kafka}),
      ...(file === null ? {} : {file}),
    }
  }

  /** The state with what `checkpoint` gave last is durable. */
  saved(): void {
    this.#file?.saved()
  }

  /** The channels beside the signal table, which is part of the stream. */
  get channels(): readonly SignalChannelStatus[] {
    return [this.#topic, this.#file].flatMap(channel => (channel === null ? [] : [channel.status]))
  }

  #createFile(stored: Checkpoint['signals']['file'] | null, log: Log): FileSignalChannel | null {
    const {file} = this.#options.settings.signals
    if (file === null) return null
    return new FileSignalChannel({
      path: file,
      stored: stored ?? null,
      take: record => this.processor.take(record),
      waiting: () => this.processor.pendingSize,
      delay,
      log,
    })
  }

  #createTopic(stored: KafkaSignalOffsets | null, log: Log): KafkaSignalChannel | null {
    const {signals, events} = this.#options.settings
    if (signals.kafka === null) return null
    return new KafkaSignalChannel({
      settings: signals.kafka,
      topicPrefix: events.topicPrefix,
      stored,
      take: record => this.processor.take(record),
      waiting: () => this.processor.pendingSize,
      delay,
      log,
    })
  }
}

function snapshotTargets(
  coordinator: SnapshotCoordinator | null,
): Pick<SignalTargets, 'execute' | 'stop' | 'pause' | 'resume' | 'isActive'> {
  return {
    execute: (id, tables, terms) => coordinator?.accept({id, kind: 'incremental', tables, terms}),
    stop: matches => coordinator?.stop(matches) ?? [],
    pause: () => coordinator?.pause() ?? false,
    resume: () => coordinator?.resume() ?? false,
    isActive: id => coordinator?.plans.some(plan => plan.id === id && isActive(plan)) ?? false,
  }
}
