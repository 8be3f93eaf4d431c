// From a configuration to a stream of events: a task with a sink of its own, run inside of the program.

import type {Environment} from '../config/config-providers.ts'
import {createLogger} from '../cli/logger.ts'
import {packageCommit, packageVersion} from '../cli/package-version.ts'
import type {Log} from '../core/log.ts'
import {IteratorSink} from '../sinks/iterator-sink.ts'
import type {StateStore} from '../state/state-store.ts'
import {runTask} from '../task/run-task.ts'
import {captureSettings} from './capture-settings.ts'
import type {CaptureConfig, CaptureSettings} from './capture-settings.ts'
import {asTidemarkError, TaskStream} from './capture-stream.ts'
import type {CaptureStream, StreamedTask} from './capture-stream.ts'

/** Where the state is kept instead of in a file: beside what the program makes of the events, say. */
export interface CaptureStore {
  /** What was saved last; null where nothing was ever. */
  load(): Promise<string | null>
  /** Replaces it as a whole, durably. One call at a time. */
  save(state: string): Promise<void>
}

export interface CaptureOptions {
  /** Aborted: the stream is stopped, see `CaptureStream.stop`. */
  readonly signal?: AbortSignal
  /** pino, or anything like it. Default: JSON lines on stderr from `warn` on, or from `log.level` of the configuration. */
  readonly log?: Log
  /** Default: the file `offset.storage.file.filename`. */
  readonly store?: CaptureStore
  /** For `${env:NAME}` in the configuration. Default: the process's. */
  readonly env?: Environment
}

/** Resolves when the server has been checked and the task begins; rejects with a TidemarkError that says what to mend. */
export async function startCapture(
  config: string | CaptureConfig,
  options: CaptureOptions & {readonly env: Environment},
): Promise<CaptureStream> {
  const loaded = captureSettings(config, {env: options.env, hasStore: options.store !== undefined})
  const log = options.log ?? ownLog(loaded)
  for (const warning of loaded.warnings) log.warn({}, warning)
  for (const note of loaded.notes) log.info({}, note)
  const stopping = new AbortController()
  const patience = new AbortController()
  let begin: () => void = () => undefined
  const begun = new Promise<void>(resolve => (begin = resolve))
  let stream: TaskStream | null = null
  const sink = new IteratorSink({onOpen: () => begin(), onEvents: () => stream?.wake()})
  const task = run(loaded, {sink, log, options, stopping: stopping.signal, patience: patience.signal})
  stream = new TaskStream({
    sink,
    settings: loaded.settings,
    task: task.task,
    stop: () => stopping.abort(),
    giveUp: () => patience.abort(),
    ended: task.ended,
  })
  stopWith(stream, options.signal, task.ended)
  await Promise.race([begun, task.ended]).catch((error: unknown) => {
    throw asTidemarkError(error)
  })
  return stream
}

interface RunParts {
  readonly sink: IteratorSink
  readonly log: Log
  readonly options: CaptureOptions
  readonly stopping: AbortSignal
  readonly patience: AbortSignal
}

function run(
  {settings}: CaptureSettings,
  {sink, log, options, stopping, patience}: RunParts,
): {readonly task: StreamedTask; readonly ended: Promise<void>} {
  const own = {sink, ...(options.store === undefined ? {} : {store: storeOf(options.store)})}
  let task: StreamedTask | null = null
  // `runTask` gives the task away before it waits for anything.
  const ended = runTask(settings, {
    log,
    signal: stopping,
    patience,
    own,
    version: packageVersion(),
    commit: packageCommit(),
    onTask: created => (task = created),
  })
  return {task: task!, ended}
}

function stopWith(stream: CaptureStream, signal: AbortSignal | undefined, ended: Promise<void>): void {
  if (signal === undefined) return
  const stop = (): void => stream.stop()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, {once: true})
  // A signal may outlive many streams.
  const forget = (): void => signal.removeEventListener('abort', stop)
  ended.then(forget, forget)
}

function storeOf(store: CaptureStore): StateStore {
  return {
    open: () => Promise.resolve(),
    load: () => store.load(),
    save: text => store.save(text),
    close: () => Promise.resolve(),
  }
}

function ownLog({settings, hasLogLevel}: CaptureSettings): Log {
  const {logLevel, name, secrets} = settings
  return createLogger({level: hasLogLevel ? logLevel : 'warn', task: name, secrets})
}
