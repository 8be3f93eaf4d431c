// The engine of one start of a task: what is kept of the stored state, and where the stream begins.

import {randomUUID} from 'node:crypto'
import type {Settings} from '../config/settings.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import {Engine} from './engine.ts'
import type {EngineOptions} from './engine-options.ts'
import {storedTables} from './known-tables.ts'
import type {PreparedServer} from './server-session.ts'
import type {StartDecision} from './start-decision.ts'
import type {TaskParts, TaskSession} from './task-parts.ts'

export interface TaskStart {
  readonly server: PreparedServer
  readonly decision: StartDecision
  readonly checkpoint: Checkpoint | null
}

type Shared = Pick<EngineOptions, 'version' | 'log' | 'tally' | 'observers' | 'signal' | 'onFailure'>

export interface EngineStart extends TaskStart, Shared {
  readonly session: TaskSession
  readonly parts: TaskParts
}

export function createEngine(settings: Settings, start: EngineStart): Engine {
  const {version, log, tally, observers, signal, onFailure, parts, decision, checkpoint} = start
  return new Engine({
    ...{settings, version, log, tally, observers, signal, onFailure},
    runId: randomUUID(),
    sink: parts.sink,
    serverUuid: start.server.state.serverUuid,
    server: start.session.server(),
    replay: parts.replay,
    openBranch: () => parts.openBranch(),
    onAnswer: () => undefined,
    unsent: checkpoint?.notifications ?? [],
    storedTables: storedTables(checkpoint),
    offset: decision.offset,
    checkpoint: decision.keepSnapshots ? checkpoint : null,
    signalOffsets: checkpoint?.signals.kafka ?? null,
    initialSnapshotQueued: decision.keepSnapshots && (checkpoint?.initialSnapshotQueued ?? false),
  })
}
