// A pause that comes, or is found in the stored state, before the task has begun.

import type {Log} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {encodeCheckpoint} from '../state/checkpoint.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import type {StateStore} from '../state/state-store.ts'

export const PAUSED =
  'paused: nothing is read until PUT /connectors/{name}/resume; the server must keep its binlog until then'

/**
 * Stored where there is a state, also where that says so already: a state in a topic belongs to this process from then on, as a resume
 * wants. A pause that cannot be stored holds until the process ends.
 */
export async function storePaused(store: StateStore, checkpoint: Checkpoint | null, log: Log): Promise<void> {
  if (checkpoint === null) return
  try {
    await store.save(encodeCheckpoint({...checkpoint, paused: true}))
  } catch (error) {
    const {code, message} = describeError(error)
    log.warn({code, reason: message}, 'the pause cannot be stored, it ends with the process')
  }
}
