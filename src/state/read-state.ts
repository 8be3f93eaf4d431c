// The stored state beside the task that owns it: read, never taken over.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {FileStateStore} from './file-state-store.ts'
import {StateTopic} from './state-topic.ts'
import {stateKeys} from './topic-state-store.ts'

export interface ReadStateOptions {
  readonly log: Log
  /** Ends the wait for brokers that are away. */
  readonly signal: AbortSignal
}

/** The text, or null where nothing was ever stored. */
export async function readState(
  {state, name}: Pick<Settings, 'state' | 'name'>,
  {log, signal}: ReadStateOptions,
): Promise<string | null> {
  if (state.type === 'file') return await new FileStateStore(state.path).load()
  const keys = stateKeys(name)
  const topic = new StateTopic({topic: state.topic, kafka: state.kafka, keys: [keys.state], name, log, signal})
  return (await topic.read()).get(keys.state) ?? null
}
