// The configuration of a running task, with what a change of it does to the task.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {checkChange} from './check-change.ts'
import {LiveConfig} from './live-config.ts'
import type {ConfigOrigin} from './live-config.ts'
import type {CreateTask, RestartingTask} from './restarting-task.ts'

/** Null where the settings came from no file. */
export function createLiveConfig(
  {origin, log}: {readonly origin?: ConfigOrigin; readonly log: Log},
  task: RestartingTask,
  creates: (settings: Settings) => CreateTask,
): LiveConfig | null {
  if (origin === undefined) return null
  const live = new LiveConfig({
    origin,
    log,
    check: settings => checkChange(settings, task.serverUuid),
    apply: settings => task.change(creates(settings)),
  })
  origin.onReload(() => void live.reload())
  return live
}
