// Notifications of one task: what happens to its snapshots and the answers to its signals, to the channels of
// notification.enabled.channels.

import {randomUUID} from 'node:crypto'
import type {NotificationChannelName, Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {SignalReceipt} from '../signals/signal-processor.ts'
import type {SnapshotObserver} from '../snapshot/snapshot-observer.ts'
import type {SnapshotPlan} from '../snapshot/snapshot-plan.ts'
import type {Emitter} from '../stream/emitter.ts'
import type {TopicDirectory} from '../stream/topic-lanes.ts'
import {LogChannel, SinkChannel} from './notification-channel.ts'
import type {NotificationChannel} from './notification-channel.ts'
import {appendingTo, postingTo, SerialChannel} from './serial-channel.ts'
import {NotificationOutbox} from './notification-outbox.ts'
import type {Notification} from './notification.ts'
import {INITIAL_SNAPSHOT, SnapshotNotifications} from './snapshot-notifications.ts'

export interface NotificationsOptions {
  readonly settings: Pick<Settings, 'events' | 'notifications'>
  readonly topics: TopicDirectory
  readonly emitter: Emitter
  readonly log: Log
  /** Of the stored state. */
  readonly unsent: readonly Notification[]
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends what tries again. */
  readonly signal: AbortSignal
}

/** Null where no channel is enabled: then nothing is built. */
export function createNotifications(options: NotificationsOptions): Notifications | null {
  return options.settings.notifications.channels.length === 0 ? null : new Notifications(options)
}

export class Notifications {
  /** Tells of snapshots. */
  readonly observer: SnapshotObserver
  /** Called when something waits for the state to be stored; it would be stored soon anyway. */
  onUrgent: () => void = () => undefined
  readonly #snapshots: SnapshotNotifications
  readonly #outbox: NotificationOutbox
  readonly #connectorName: string

  constructor(options: NotificationsOptions) {
    const {channels} = options.settings.notifications
    this.#connectorName = options.settings.events.topicPrefix
    this.#outbox = new NotificationOutbox(
      channels.flatMap(name => createChannels(name, options)),
      options.unsent,
    )
    this.#snapshots = new SnapshotNotifications({
      connectorName: this.#connectorName,
      notify: notification => this.#notify(notification),
    })
    this.observer = this.#snapshots
  }

  /** Opens the channels; before the stream begins, so that it never waits for them. */
  async open(): Promise<void> {
    await this.#outbox.open()
  }

  answered({id, type, channel, result, reason, atMs}: SignalReceipt): void {
    this.#notify({
      id,
      type: result.toUpperCase(),
      aggregate_type: 'Signal',
      additional_data: {
        connector_name: this.#connectorName,
        signal_type: type,
        channel,
        ...(reason === null ? {} : {reason}),
      },
      timestamp: atMs,
    })
  }

  /** The table's topic no longer equals it, and nothing but `remedy` will bring that about. */
  diverged({table, since, reason, remedy}: {table: string; since: string; reason: string; remedy: string}): void {
    this.#notify({
      id: randomUUID(),
      type: 'DIVERGED',
      aggregate_type: 'Table',
      additional_data: {connector_name: this.#connectorName, data_collection: table, since, reason, remedy},
      timestamp: Date.now(),
    })
  }

  /** This start copies nothing. */
  initialSnapshotSkipped(): void {
    this.#notify({
      id: randomUUID(),
      type: 'SKIPPED',
      aggregate_type: INITIAL_SNAPSHOT,
      additional_data: {connector_name: this.#connectorName},
      timestamp: Date.now(),
    })
  }

  /** These snapshots of the stored state do not go on. */
  abandoned(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) this.#snapshots.abandoned(plan)
  }

  /** What the state that is to be saved now must hold; `saved` when it is durable. */
  collect(): readonly Notification[] {
    return this.#outbox.collect()
  }

  saved(): void {
    this.#outbox.saved()
  }

  /** True while something is not stored, not sent or not acknowledged. */
  get isPending(): boolean {
    return this.#outbox.isPending
  }

  // Progress may be lost in a crash, since it is read again then. Tables end often; they go with the next checkpoint.
  #notify(notification: Notification): void {
    const isKept = notification.type !== 'IN_PROGRESS'
    this.#outbox.add(notification, {isKept})
    if (isKept && notification.type !== 'TABLE_SCAN_COMPLETED') this.onUrgent()
  }
}

function createChannels(name: NotificationChannelName, options: NotificationsOptions): NotificationChannel[] {
  const {settings, topics, emitter, log, delay, signal} = options
  const {sinkTopic, filePath, webhooks} = settings.notifications
  const common = {delay, signal, log}
  switch (name) {
    case 'log':
      return [new LogChannel(log)]
    case 'sink':
      return [new SinkChannel({topic: sinkTopic, topics, emitter, settings: settings.events})]
    case 'file':
      return [new SerialChannel({...common, place: filePath, deliver: appendingTo(filePath)})]
    case 'webhook':
      // A path or a query may hold a token.
      return webhooks.map(webhook => {
        return new SerialChannel({...common, place: new URL(webhook.url).origin, deliver: postingTo(webhook)})
      })
  }
}
