// Which tables are captured from the start of the task on, and which of them are copied.

import {randomUUID} from 'node:crypto'
import type {TableId} from '../core/table-id.ts'
import {isActive} from '../snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import type {CapturedTables} from './captured-tables.ts'
import type {Engine} from './engine.ts'
import type {StartDecision} from './start-decision.ts'

/** Called once, before the stream begins. */
export function beginTables(
  engine: Engine,
  captured: readonly TableId[],
  {decision, checkpoint}: {readonly decision: StartDecision; readonly checkpoint: Checkpoint | null},
): ReturnType<CapturedTables['begin']> {
  const {tables, divergences, coordinator, notifications} = engine
  const since = `${decision.offset.file}:${decision.offset.pos}`
  if (decision.ghosts) for (const table of captured) divergences.ghostsPossible(table, since)
  if (decision.snapshot) tables.queueInitialSnapshot(randomUUID(), captured)
  else if (coordinator?.plans.some(plan => plan.kind === 'initial' && isActive(plan)) !== true)
    notifications?.initialSnapshotSkipped()
  if (!decision.keepSnapshots) notifications?.abandoned(checkpoint?.snapshots.filter(isActive) ?? [])
  return tables.begin(captured, decision.offset)
}
