// What a task is made of beside itself: the source server and its stream on one side, the sink and the stored state on
// the other. The real ones are made from the settings; the simulation (test/simulation) plays all of them.

import {BinlogReader} from '../binlog/binlog-reader.ts'
import type {ServerIdentity} from '../binlog/binlog-reader.ts'
import type {BinlogSource} from '../binlog/binlog-events.ts'
import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {createSink} from '../sinks/create-sink.ts'
import type {Sink} from '../sinks/sink.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import {createStateStore} from './create-state-store.ts'
import type {StateStore} from '../state/state-store.ts'
import {ServerSession} from './server-session.ts'
import type {PreparedServer} from './server-session.ts'
import type {SourceServer} from './source-server.ts'

/** The source server from the task's start to its end; every connection is to the one that was prepared. */
export interface TaskSession {
  /** Connects, checks every prerequisite, and reads what the start depends on. Null where the task is stopped meanwhile. */
  prepare(checkpoint: Checkpoint | null): Promise<PreparedServer | null>
  /** The server as the engine asks it, after `prepare`. */
  server(): SourceServer
  /** The stream has moved to another server; from now on all connections must be to that one. */
  follow(serverUuid: string): void
  close(): void
}

/** The stream, and the server that it comes from: null while none runs. */
export interface TaskBinlog extends BinlogSource {
  identity(): ServerIdentity | null
}

export interface TaskParts {
  readonly sink: Sink
  readonly store: StateStore
  readonly binlog: TaskBinlog
  /** Another stream of the same server, which may be open beside the first. */
  readonly replay: BinlogSource
  /** The same, one for each call. */
  openBranch(): TaskBinlog
  /** `stopping` ends whatever the session waits for. */
  openSession(stopping: AbortSignal): TaskSession
}

/** What the parts of every start within one process share. */
export interface TaskProcess {
  /** Tells this process from others of the same name. */
  readonly id: string
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal
}

/** What a program that runs a task inside of itself may bring: used by every start within the process. */
export interface OwnParts {
  readonly sink?: Sink
  readonly store?: StateStore
}

export function createTaskParts(settings: Settings, log: Log, process: TaskProcess, own: OwnParts = {}): TaskParts {
  const sink = own.sink ?? createSink(settings.sink, {log, keyConverter: settings.events.keyConverter})
  return {
    sink,
    store: own.store ?? createStateStore(settings, {sink, log, process}),
    binlog: new BinlogReader(settings.database),
    replay: new BinlogReader(settings.database),
    openBranch: () => new BinlogReader(settings.database),
    openSession: stopping => new ServerSession(settings, log, stopping),
  }
}
