// The stored state at a start. A state in a topic is written by the sink. With exactly once support, opening the sink ends
// what an earlier process has left open and shuts it out: only then is the state that is read the last one.

import {stateName} from '../config/state-settings.ts'
import type {StateSettings} from '../config/settings.ts'
import {decodeCheckpoint, type Checkpoint} from '../state/checkpoint.ts'
import type {TaskParts} from './task-parts.ts'

export interface OpenStateOptions {
  readonly state: StateSettings
  /** The process has owned the state before. */
  readonly isRestart: boolean
  readonly signal: AbortSignal
}

/** Null where nothing was ever stored. A sink that writes the state is open then. */
export async function openState(
  {store, sink}: Pick<TaskParts, 'store' | 'sink'>,
  {state, isRestart, signal}: OpenStateOptions,
): Promise<Checkpoint | null> {
  if (isRestart) await store.assertOwned?.()
  if (state.type === 'topic') await sink.open(signal)
  await store.open()
  const stored = await store.load()
  return stored === null ? null : decodeCheckpoint(stored, stateName(state))
}
