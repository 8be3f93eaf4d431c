// Compares tables with their topics: the table's rows at one place without a lock, the events up to there folded by key,
// or, of a table without a key, as a multiset of full rows.

import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises'
import type {KafkaSinkSettings, Settings} from '../config/settings.ts'
import {stateName} from '../config/state-settings.ts'
import type {Transform} from '../config/transforms/transform.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {openConnection, queryRows} from '../mysql/connections.ts'
import {EventIntake, type EventCounts} from './event-intake.ts'
import {compareBucket, TableFindings} from './fold.ts'
import {readJsonLines} from './json-lines-events.ts'
import {readKafkaTopics} from './kafka-events.ts'
import {SpillStore} from './spill-store.ts'
import {assertCondition, openReadView, readRows, type ReadView} from './table-rows.ts'
import {sharingNote, topicTables} from './topic-tables.ts'
import {assertSameShapes, describeTables, type VerifiedTable} from './verified-table.ts'
import type {TableReport, VerifyReport} from './verify-report.ts'
import {waitForSnapshots, waitForStream, type TaskState, type TaskWait} from './wait-for-task.ts'

export interface VerifyOptions {
  readonly settings: Settings
  /** `database.table`; none: all captured tables but the signal table. */
  readonly tables: readonly string[]
  /** Only rows that match are compared, and the topic is not searched for keys without such a row. For one table only. */
  readonly condition: string | null
  /** A JSON lines file instead of the configured sink. */
  readonly file: string | null
  /** How long to wait for snapshots to end, and then for the task to catch up. */
  readonly waitSeconds: number
  readonly readState: () => Promise<TaskState | null>
  readonly signal: AbortSignal
  /** What is being done, for people who wait. */
  readonly onProgress: (sentence: string) => void
  /** Differing keys kept for each table. Default 20. */
  readonly mostDifferences?: number
  /** Bytes of rows and events held in memory. Default 32 MB. */
  readonly memoryBytes?: number
}

const BUCKETS = 64
const MEMORY_BYTES = 32 * 1024 * 1024
const MOST_DIFFERENCES = 20

/** Rejects with TIDEMARK_VERIFY_… where nothing can be said; differences are in the report. */
export async function verifyTables(options: VerifyOptions): Promise<VerifyReport> {
  assertComparable(options.settings.events.transforms)
  const verification = new Verification(options)
  try {
    return await verification.run()
  } finally {
    verification.close()
  }
}

interface TableSide {
  readonly tables: readonly VerifiedTable[]
  /** By table index. */
  readonly rows: readonly number[]
  readonly view: ReadView
}

class Verification {
  readonly #options: VerifyOptions
  readonly #source: EventSource
  readonly #memoryBytes: number
  readonly #store: SpillStore
  /** By topic: what is worth knowing beside the result. */
  readonly #topicNotes = new Map<string, string[]>()

  constructor(options: VerifyOptions) {
    this.#options = options
    this.#source = eventSource(options)
    this.#memoryBytes = options.memoryBytes ?? MEMORY_BYTES
    this.#store = new SpillStore({buckets: BUCKETS, memoryBytes: this.#memoryBytes})
  }

  async run(): Promise<VerifyReport> {
    const began = performance.now()
    const side = await this.#readTables()
    const state = await waitForStream(this.#taskWait(), {...side.view.goal, tables: namesOf(side.tables)})
    const intake = await this.#readEvents(side)
    const findings = await this.#compare(side.tables, intake)
    const tables = side.tables.map((table, index) =>
      this.#tableReport(table, {
        shares: sharingNote(table, side.tables),
        rows: side.rows[index]!,
        counts: intake.counts[index]!,
        found: findings[index]!,
        state,
      }),
    )
    return {
      equal: tables.every(({equal}) => equal),
      place: {file: side.view.place.to.file, pos: side.view.place.to.pos},
      tables,
      rows: sum(tables, ({rows}) => rows),
      events: sum(tables, ({events}) => events),
      seconds: Math.round((performance.now() - began) / 10) / 100,
      heldBytes: this.#store.peakHeldBytes,
      spilledBytes: this.#store.spilledBytes,
    }
  }

  close(): void {
    this.#store.close()
  }

  async #readTables(): Promise<TableSide> {
    const {settings, signal, condition, onProgress} = this.#options
    const connection = await openConnection(settings.database, 'verify')
    try {
      const tables = await describeTables(connection, settings, this.#options.tables)
      if (condition !== null) await assertCondition(connection, onlyTable(tables), condition)
      await waitForSnapshots(this.#taskWait(), namesOf(tables))
      const view = await openReadView(connection, ms => this.#delay(ms))
      const rows: number[] = []
      for (const [index, table] of tables.entries()) {
        onProgress(`reading table ${table.text}`)
        // Going back to it gives up the metadata lock of the table just read, which would hold up an ALTER TABLE.
        await queryRows(connection, 'SAVEPOINT before_table', [], 'set a savepoint')
        rows.push(await readRows(connection, {table, index, condition, signal}, this.#store))
        await queryRows(connection, 'ROLLBACK TO SAVEPOINT before_table', [], 'go back to the savepoint')
      }
      await queryRows(connection, 'COMMIT', [], 'end the read view')
      await assertSameShapes(connection, tables)
      return {tables, rows, view}
    } finally {
      connection.destroy()
    }
  }

  async #readEvents({tables, view}: TableSide): Promise<EventIntake> {
    const {settings, signal, onProgress} = this.#options
    const {topics, contents} = topicTables(tables, settings.events.transforms.length > 0)
    const intake = new EventIntake(this.#store, view.place, {
      tables: tables.length,
      topics: contents,
      keyless: keylessOf(tables),
    })
    const source = this.#source
    if (source.type === 'file') {
      onProgress(`reading events from ${source.path}`)
      await readJsonLines({path: source.path, topics}, intake, signal)
      return intake
    }
    await readKafkaTopics(
      {settings: source.settings, topics, onProgress},
      {
        signal,
        intake,
        note: (topic, note) => this.#topicNotes.set(topic, [...(this.#topicNotes.get(topic) ?? []), note]),
      },
    )
    return intake
  }

  async #compare(tables: readonly VerifiedTable[], intake: EventIntake): Promise<TableFindings[]> {
    const {condition, mostDifferences, onProgress, signal} = this.#options
    onProgress('comparing')
    const findings = tables.map(() => new TableFindings())
    for (const bucket of this.#store.buckets) {
      signal.throwIfAborted()
      compareBucket(bucket, BUCKETS, {
        findings,
        rowsOnly: condition !== null,
        keyless: keylessOf(tables),
        most: mostDifferences ?? MOST_DIFFERENCES,
        files: intake.files,
        partitions: intake.partitions,
        splitBytes: Math.max(1, this.#memoryBytes / 2),
      })
      await nextTurn()
    }
    for (const [index, {duplicateRows}] of findings.entries()) {
      if (duplicateRows > 0) throw duplicateKeys(tables[index]!.text, duplicateRows)
    }
    return findings
  }

  #tableReport(
    table: VerifiedTable,
    found: {
      shares: string | null
      rows: number
      counts: EventIntake['counts'][number]
      found: TableFindings
      state: TaskState
    },
  ): TableReport {
    const {shares, counts, rows, state} = found
    const {keys, missing, ghosts, different, shown} = found.found
    const equal = missing + ghosts + different === 0
    const notes = [...(this.#topicNotes.get(table.topic) ?? []), ...(shares === null ? [] : [shares])]
    if (table.isKeyless) notes.push(...keylessNotes(counts))
    if (counts.withoutKey > 0) notes.push(`${counts.withoutKey} events without a key were left out`)
    if (!equal) notes.push(...this.#likelyCauses(table.text, {neverCopied: missing > 0 && counts.reads === 0, state}))
    const {events} = counts
    return {
      table: table.text,
      topic: table.topic,
      isKeyless: table.isKeyless,
      equal,
      rows,
      keys,
      events,
      missing,
      ghosts,
      different,
      differences: shown,
      notes,
    }
  }

  #likelyCauses(table: string, {neverCopied, state}: {neverCopied: boolean; state: TaskState}): string[] {
    const {skippedOperations} = this.#options.settings.events
    const notes: string[] = []
    if (neverCopied) notes.push('there is no read event: rows older than the stream come only with a snapshot')
    for (const {table: name, since, reason} of state.diverged) {
      if (name === table) notes.push(`diverged since ${since} (${reason}): snapshot again`)
    }
    const skipped = ['c', 'u', 'd', 'r'].filter(operation => skippedOperations.has(operation))
    if (skipped.length > 0) notes.push(`skipped.operations leaves out ${skipped.join(', ')}`)
    return notes
  }

  #taskWait(): TaskWait {
    const {readState, settings, waitSeconds, signal, onProgress} = this.#options
    return {
      readState,
      statePath: stateName(settings.state),
      deadline: performance.now() + waitSeconds * 1000,
      waitSeconds,
      signal,
      delay: ms => this.#delay(ms),
      now: () => performance.now(),
      onWaiting: what => onProgress(`waiting for ${what}`),
    }
  }

  async #delay(ms: number): Promise<void> {
    await sleep(ms, undefined, {signal: this.#options.signal})
  }
}

type EventSource =
  {readonly type: 'file'; readonly path: string} | {readonly type: 'kafka'; readonly settings: KafkaSinkSettings}

function eventSource({file, settings}: VerifyOptions): EventSource {
  if (file !== null) return {type: 'file', path: file}
  const {sink} = settings
  if (sink.type === 'kafka') return {type: 'kafka', settings: sink}
  if (sink.type === 'file') return {type: 'file', path: sink.path}
  throw new TidemarkError(
    'TIDEMARK_VERIFY_NO_EVENTS',
    'what went to stdout cannot be read again: keep it in a file and name that with --file',
    {kind: 'configuration'},
  )
}

function onlyTable(tables: readonly VerifiedTable[]): VerifiedTable {
  const [table] = tables
  if (tables.length === 1 && table !== undefined) return table
  throw new TidemarkError(
    'TIDEMARK_VERIFY_CONDITION_TABLES',
    `--where is a condition on the rows of one table, and there are ${tables.length}; name one on the command line`,
    {kind: 'configuration'},
  )
}

function namesOf(tables: readonly VerifiedTable[]): ReadonlySet<string> {
  return new Set(tables.map(({text}) => text))
}

function keylessOf(tables: readonly VerifiedTable[]): ReadonlySet<number> {
  return new Set(tables.flatMap(({isKeyless}, index) => (isKeyless ? [index] : [])))
}

function keylessNotes({repeated, superseded, partitions}: EventCounts): string[] {
  const notes: string[] = []
  if (repeated > 0) notes.push(`${repeated} events are repetitions, by their file, pos and row, and were left out`)
  if (superseded > 0) notes.push(`${superseded} read events are of a copy that was begun anew, and were left out`)
  if (partitions.size > 1) {
    notes.push(
      `its events lie in ${partitions.size} partitions: partitions were added to the topic, and what was repeated since is not told`,
    )
  }
  return notes
}

function duplicateKeys(table: string, rows: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VERIFY_KEY_NOT_UNIQUE',
    `cannot verify ${table}: ${rows} of its rows have the message key of another one, so a fold by key keeps only one of them`,
  )
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0)
}

/** Only change events tell of what rows they are. */
function assertComparable(transforms: readonly Transform[]): void {
  const other = transforms.find(({type}) => type !== 'regex-router' && type !== 'logical-table-router')
  if (other === undefined) return
  throw new TidemarkError(
    'TIDEMARK_VERIFY_TRANSFORMED',
    `transforms.${other.name} leaves other records than change events, which cannot be folded into rows; verify topics ` +
      'that were written without it',
    {kind: 'configuration'},
  )
}
