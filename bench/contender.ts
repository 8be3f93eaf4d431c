// What every product under measurement has in common, so that a case is one text for all of them.

import {randomBytes} from 'node:crypto'
import type {BenchWorld} from './bench-world.ts'

export const sinkNames = ['kafka uncompressed', 'kafka lz4', 'file'] as const
export type SinkName = (typeof sinkNames)[number]

export interface RunSetup {
  readonly world: BenchWorld
  /** For people, and for the folder of its profiles. */
  readonly name: string
  /** Of the bench's database; the first one is the one that is looked at. */
  readonly tables: readonly string[]
  readonly rows: number
  /** What the same task copies or streams before it is measured. */
  readonly warmUp: WarmUp | null
  readonly sink: SinkName
  /** Null: the product's own. */
  readonly chunkRows: number | null
  /** Where to begin to stream; null: at the present. */
  readonly from: Place | null
  /** Settings of single topics, by the table. */
  readonly topicConfig?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Tables, and the rows that they have together. */
export interface WarmUp {
  readonly tables: readonly string[]
  readonly rows: number
}

/** All that the task is told to capture. */
export function capturedTables({tables, warmUp}: RunSetup): readonly string[] {
  return [...tables, ...(warmUp?.tables ?? [])]
}

/** A place of the binlog in the product's own words: only who gave it can begin there. */
export interface Place {
  readonly contender: string
  readonly value: string
}

/** `data.type` of the signal. */
export type SnapshotType = 'incremental' | 'blocking'

export interface Contender {
  /** `tidemark`, `debezium tuned` … */
  readonly name: string
  /** A blocking snapshot leaves its stream going. */
  readonly hasParallelReader: boolean
  /** Starts a task, lets the work be done with it, and ends it, whatever happens; its topics are deleted. */
  within<T>(setup: RunSetup, work: (run: ContenderRun) => Promise<T>): Promise<T>
  /** The present: what is written from now on is what a run from there has before it. */
  presentPlace(setup: RunSetup): Promise<Place>
}

export interface ContenderRun {
  readonly setup: RunSetup
  readonly prefix: string
  readonly pid: number | null
  readonly startedAtMs: number
  /** Its topics hold the ends of transactions beside the events, which their offsets count, too. */
  readonly isTransactional?: boolean
  /** JSON lines that it writes; null where it writes to Kafka. */
  readonly eventsFile: string | null
  /** The time from which on what is written comes through, ms. */
  streaming(): Promise<number>
  /** Sends the signal that copies the tables, and gives its id; where it is left out, a row of the signal table does. */
  executeSnapshot?(dataCollections: readonly string[], type: SnapshotType): Promise<string>
  /** The time at which the product said that the snapshot of this signal is done, ms. */
  snapshotEnd(signalId: string): Promise<number>
  /** True once it cannot go on. */
  hasEnded(): boolean
  /** The configuration and the state that `tidemark verify` is called with. All that was written is in the topics. */
  verificationConfig(): Promise<string>
  /** Told when the measured span is over. */
  measured(span: Span): void
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** Of the same length in every run, since it is part of every event. */
export function newPrefix(): string {
  return `bench-${randomBytes(4).toString('hex')}`
}

/** A run that failed; the message holds what the product said, and where it happened here says nothing more. */
export class BenchError extends Error {
  override name = 'BenchError'
}

/** Bound on one run, so that a task that hangs ends the bench. */
export const RUN_TIMEOUT_MS = 20 * 60_000
