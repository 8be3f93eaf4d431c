// Debezium's heartbeat events: one every interval while the stream runs, so that consumers see the task alive when its
// tables are quiet; and heartbeat.action.query, which gives the server something to write to its binlog.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {heartbeatKey, heartbeatValue} from '../encode/heartbeat-event.ts'
import {heartbeatTopicName} from '../encode/topic-name.ts'
import {routeTopic} from '../encode/topic-routing.ts'
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

/** Where heartbeats go, and the key of them all. */
interface HeartbeatPlace {
  readonly topic: string
  readonly key: Buffer
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  /** Null where there are none, or transforms drop them. */
  readonly #place: HeartbeatPlace | null

  /** Throws TIDEMARK_TRANSFORM_… where transforms leave heartbeats without a topic or a key. */
  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#place = isOn(options.settings) ? heartbeatPlace(options.settings) : null
  }

  /** Beats until the signal aborts; not at all where heartbeat.interval.ms is 0. */
  start(signal: AbortSignal): void {
    if (!isOn(this.#options.settings)) return
    const timer = setInterval(() => {
      this.#beat().catch((error: unknown) => {
        this.#options.log.warn(describeError(error), 'heartbeat failed, will try again')
      })
    }, this.#options.settings.heartbeat.intervalMs)
    signal.addEventListener('abort', () => clearInterval(timer), {once: true})
  }

  async #beat(): Promise<void> {
    const {settings, server} = this.#options
    if (this.#place !== null) await this.#emit(this.#place)
    const {actionQuery} = settings.heartbeat
    if (actionQuery !== null) await server.run('run heartbeat.action.query', actionQuery)
  }

  async #emit({topic, key}: HeartbeatPlace): Promise<void> {
    const {emitter, topics, settings} = this.#options
    const {lanes} = await topics.open(topic)
    const value = heartbeatValue(settings.events, Date.now())
    // Always partition 0, as Debezium's.
    const lane = lanes[0]!
    const batch = emitter.batch(lane)
    batch.begin(key, 0, key.length, value.length, null)
    batch.writer.write(value)
    batch.end()
    emitter.appended(lane)
    emitter.flush()
  }
}

function isOn({heartbeat}: Settings): boolean {
  return heartbeat.intervalMs > 0
}

function heartbeatPlace({events, heartbeat}: Settings): HeartbeatPlace | null {
  const topic = heartbeat.topicName ?? heartbeatTopicName(events, heartbeat.topicPrefix)
  const route = routeTopic(topic, events.transforms)
  if (route.isDropped) return null
  return {topic: route.topic, key: heartbeatKey(events, route)}
}
