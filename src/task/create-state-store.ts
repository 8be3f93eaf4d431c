// The state store that the settings name.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {Sink} from '../sinks/sink.ts'
import {FileStateStore} from '../state/file-state-store.ts'
import type {StateStore} from '../state/state-store.ts'
import {StateTopic} from '../state/state-topic.ts'
import {stateKeys, TopicStateStore} from '../state/topic-state-store.ts'
import type {TaskProcess} from './task-parts.ts'

export function createStateStore(
  {state, name}: Pick<Settings, 'state' | 'name'>,
  {sink, log, process}: {readonly sink: Sink; readonly log: Log; readonly process: TaskProcess},
): StateStore {
  if (state.type === 'file') return new FileStateStore(state.path)
  const {topic: topicName, kafka} = state
  const keys = Object.values(stateKeys(name))
  const topic = new StateTopic({topic: topicName, kafka, keys, name, log, signal: process.signal})
  return new TopicStateStore({sink, topicName, topic, name, owner: process.id})
}
