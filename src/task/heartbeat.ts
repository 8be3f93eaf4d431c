// Debezium's heartbeat events: one every interval while the stream runs, so that consumers see the task alive when its
// tables are quiet; and heartbeat.action.query, which gives the server something to write to its binlog.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {heartbeatKey, heartbeatValue} from '../encode/heartbeat-event.ts'
import {heartbeatTopicName} from '../encode/topic-name.ts'
import type {Emitter} from '../stream/emitter.ts'
import type {TopicDirectory} from '../stream/topic-lanes.ts'
import type {SourceServer} from './source-server.ts'

export interface HeartbeatOptions {
  readonly settings: Settings
  readonly topics: TopicDirectory
  readonly emitter: Emitter
  readonly server: Pick<SourceServer, 'run'>
  readonly log: Log
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #key: Buffer
  readonly #topic: string

  constructor(options: HeartbeatOptions) {
    const {events, heartbeat} = options.settings
    this.#options = options
    this.#key = heartbeatKey(events)
    this.#topic = heartbeatTopicName(events, heartbeat.topicPrefix)
  }

  /** Beats until the signal aborts; not at all where heartbeat.interval.ms is 0. */
  start(signal: AbortSignal): void {
    const {intervalMs} = this.#options.settings.heartbeat
    if (intervalMs <= 0) return
    const timer = setInterval(() => {
      this.#beat().catch((error: unknown) => {
        this.#options.log.warn(describeError(error), 'heartbeat failed, will try again')
      })
    }, intervalMs)
    signal.addEventListener('abort', () => clearInterval(timer), {once: true})
  }

  async #beat(): Promise<void> {
    const {emitter, topics, settings, server} = this.#options
    const {lanes} = await topics.open(this.#topic)
    const value = heartbeatValue(settings.events, Date.now())
    // Always partition 0, as Debezium's.
    const lane = lanes[0]!
    const batch = emitter.batch(lane)
    batch.begin(this.#key, 0, this.#key.length, value.length, null)
    batch.writer.write(value)
    batch.end()
    emitter.appended(lane)
    emitter.flush()
    const {actionQuery} = settings.heartbeat
    if (actionQuery !== null) await server.run('run heartbeat.action.query', actionQuery)
  }
}
