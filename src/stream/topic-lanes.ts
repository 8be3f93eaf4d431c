// Topics and their partitions' ends of the outlet, shared by all that emits to a topic: order within a partition is
// kept only where everything goes through one lane.

import type {Sink, SinkTopic} from '../sinks/sink.ts'
import type {Emitter, Lane, LaneSource} from './emitter.ts'

export interface TopicLanes {
  readonly topic: SinkTopic
  readonly lanes: readonly Lane[]
}

export class TopicDirectory {
  readonly #sink: Sink
  readonly #emitter: Emitter
  readonly #source: LaneSource
  readonly #topics = new Map<string, Promise<TopicLanes>>()
  readonly #opened = new Map<string, TopicLanes>()

  /** Of the main stream, where no other is given. */
  constructor(sink: Sink, emitter: Emitter, source = emitter.main) {
    this.#sink = sink
    this.#emitter = emitter
    this.#source = source
  }

  /** The topic, created where it is missing. A failure is not remembered: the next call tries again. */
  open(name: string): Promise<TopicLanes> {
    let lanes = this.#topics.get(name)
    if (lanes === undefined) {
      lanes = this.#open(name)
      this.#topics.set(name, lanes)
      lanes.catch(() => this.#topics.delete(name))
    }
    return lanes
  }

  async openAll(names: readonly string[]): Promise<TopicLanes[]> {
    return await Promise.all(names.map(async name => await this.open(name)))
  }

  /** The topic where it has been opened before, else undefined. */
  opened(name: string): TopicLanes | undefined {
    return this.#opened.get(name)
  }

  async #open(name: string): Promise<TopicLanes> {
    const topic = await this.#sink.topic(name)
    const lanes = Array.from({length: topic.partitions}, (_, partition) =>
      this.#emitter.lane(topic, partition, this.#source),
    )
    const opened = {topic, lanes}
    this.#opened.set(name, opened)
    return opened
  }
}
