// What whoever runs a task gives it beside its settings: the command line, or a program that uses the library.

import type {Log} from '../core/log.ts'
import type {ConfigOrigin} from './live-config.ts'
import type {RestartingTask} from './restarting-task.ts'
import type {OwnParts} from './task-parts.ts'

export interface RunTaskOptions {
  readonly log: Log
  /** Aborted by SIGINT and SIGTERM: flush, store, return. */
  readonly signal: AbortSignal
  readonly version: string
  /** What it was built from; absent or null: not known. */
  readonly commit?: string | null
  /** Where the settings came from; absent: they cannot be changed while the task runs. */
  readonly origin?: ConfigOrigin
  /** Aborted: an orderly end waits no longer for what is in flight. */
  readonly patience?: AbortSignal
  /** In the place of what the settings name. */
  readonly own?: OwnParts
  /** Is given the task before it begins. */
  readonly onTask?: (task: Pick<RestartingTask, 'status' | 'submitSignal' | 'metrics' | 'restart'>) => void
}
