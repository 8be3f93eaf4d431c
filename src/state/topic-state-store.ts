// The checkpoint in a compacted topic of the sink's cluster, written by the sink itself: with exactly once support as the
// last record of each transaction, else as a batch of its own.

import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {EventBatch, Sink, SinkTopic} from '../sinks/sink.ts'
import type {StateStore} from './state-store.ts'
import type {StateTopic} from './state-topic.ts'

export interface TopicStateStoreOptions {
  /** Opened before the store. */
  readonly sink: Sink
  readonly topicName: string
  readonly topic: Pick<StateTopic, 'prepare' | 'read'>
  readonly name: string
  /** Of this process. Written once, with the first state, so that a process can see whether it was replaced. */
  readonly owner: string
}

/** The keys of a task's records: its state, and the process that wrote it. */
export function stateKeys(name: string): {readonly state: string; readonly owner: string} {
  return {state: JSON.stringify([name, 'state']), owner: JSON.stringify([name, 'owner'])}
}

export class TopicStateStore implements StateStore {
  readonly #options: TopicStateStoreOptions
  #topic: SinkTopic | null = null
  #partition = 0
  #hasClaimed = false

  constructor(options: TopicStateStoreOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const {topic, topicName, sink} = this.#options
    this.#partition = await topic.prepare()
    this.#topic = await sink.topic(topicName)
  }

  async load(): Promise<string | null> {
    const {topic, name} = this.#options
    return (await topic.read()).get(stateKeys(name).state) ?? null
  }

  async assertOwned(): Promise<void> {
    const {topic, topicName, name, owner} = this.#options
    const found = (await topic.read()).get(stateKeys(name).owner)
    if (found === undefined || found === owner) return
    throw new TidemarkError(
      'TIDEMARK_STATE_IN_USE',
      `the state of ${name} in topic ${topicName} was taken over by another process; run one process for each name, or ` +
        'give this task a name or an offset.storage.topic of its own',
    )
  }

  async save(text: string): Promise<void> {
    invariant(this.#topic !== null, 'state saved without having been opened')
    const {sink, name, owner} = this.#options
    const batch = this.#topic.newBatch(this.#partition)
    const keys = stateKeys(name)
    if (!this.#hasClaimed) append(batch, keys.owner, owner)
    append(batch, keys.state, text)
    const {transactions} = sink
    if (transactions === undefined || transactions === null) await sink.send(batch)
    else await transactions.commit(batch)
    this.#hasClaimed = true
  }

  close(): Promise<void> {
    // The sink is closed by whoever opened it.
    this.#topic = null
    return Promise.resolve()
  }
}

function append(batch: EventBatch, keyText: string, valueText: string): void {
  const key = Buffer.from(keyText)
  const value = Buffer.from(valueText)
  batch.begin(key, 0, key.length, value.length, null)
  batch.writer.write(value)
  batch.end()
}
