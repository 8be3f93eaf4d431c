// What a start does to tables, before the stream begins.

import {randomUUID} from 'node:crypto'
import type {TableId} from '../core/table-id.ts'
import type {SnapshotTally} from '../metrics/snapshot-tally.ts'
import {isActive} from '../snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import type {TableChanges} from './captured-tables.ts'
import type {Engine} from './engine.ts'
import type {StartDecision} from './start-decision.ts'

export interface TablesStart {
  readonly decision: StartDecision
  readonly checkpoint: Checkpoint | null
  readonly tally: SnapshotTally
}

/** Which tables are captured from here on, and which of them are copied. */
export function beginTables(
  engine: Engine,
  captured: readonly TableId[],
  {decision, checkpoint, tally}: TablesStart,
): TableChanges {
  const {tables, divergences, coordinator, notifications} = engine
  const since = `${decision.offset.file}:${decision.offset.pos}`
  if (decision.ghosts) for (const table of captured) divergences.ghostsPossible(table, since)
  if (decision.snapshot) tables.queueInitialSnapshot(randomUUID(), captured)
  else if (coordinator?.plans.some(plan => plan.kind === 'initial' && isActive(plan)) !== true) {
    notifications?.initialSnapshotSkipped()
    tally.skipped()
  }
  if (!decision.keepSnapshots) notifications?.abandoned(checkpoint?.snapshots.filter(isActive) ?? [])
  return tables.begin(captured, decision.offset)
}
