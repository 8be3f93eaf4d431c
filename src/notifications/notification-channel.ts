// Where notifications go: a topic of the sink, or the log.

import type {EventSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {routeTopic, type TopicRoute} from '../encode/topic-routing.ts'
import type {Emitter} from '../stream/emitter.ts'
import type {TopicDirectory, TopicLanes} from '../stream/topic-lanes.ts'
import {notificationKey, notificationValue} from './notification-event.ts'
import type {Notification} from './notification.ts'

/** A notification on its way; nothing calls back, whoever wants to know looks. */
export interface Delivery {
  readonly acknowledged: boolean
}

export interface NotificationChannel {
  /** Before the first `send`. Rejects for what an operator must mend. */
  open(): Promise<void>
  send(notification: Notification): Delivery
  /** After one or several `send`: they should not wait for more. */
  flush(): void
}

export interface SinkChannelOptions {
  /** Before transforms. */
  readonly topic: string
  readonly topics: TopicDirectory
  readonly emitter: Emitter
  readonly settings: EventSettings
}

const WRITTEN: Delivery = {acknowledged: true}

/** Notifications with the same id share a partition, so their order is kept. */
export class SinkChannel implements NotificationChannel {
  readonly #options: SinkChannelOptions
  readonly #route: TopicRoute
  #lanes: TopicLanes['lanes'] = []

  constructor(options: SinkChannelOptions) {
    this.#options = options
    this.#route = routeTopic(options.topic, options.settings.transforms)
  }

  async open(): Promise<void> {
    if (this.#route.isDropped) return
    this.#lanes = (await this.#options.topics.open(this.#route.topic)).lanes
  }

  send(notification: Notification): Delivery {
    const {emitter, settings} = this.#options
    // A filter among the transforms drops them.
    if (this.#route.isDropped) return WRITTEN
    const key = notificationKey(notification.id, settings, this.#route)
    const value = notificationValue(notification, settings)
    const lane = this.#lanes[partitionFor(key, 0, key.length, this.#lanes.length)]!
    const batch = emitter.batch(lane)
    const tracked = lane.tracked!
    batch.begin(key, 0, key.length, value.length, null)
    batch.writer.write(value)
    batch.end()
    emitter.appended(lane)
    return tracked
  }

  flush(): void {
    this.#options.emitter.flushSoon()
  }
}

/** One line for each notification. */
export class LogChannel implements NotificationChannel {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  open(): Promise<void> {
    return Promise.resolve()
  }

  send(notification: Notification): Delivery {
    this.#log.info(notification, 'notification')
    return WRITTEN
  }

  flush(): void {
    // The log needs no push.
  }
}
