// The window engine under random interleavings of commits, their visibility, the stream, chunk reads, marks, lanes,
// acknowledgements, stops of the process and lost notes; judged by I1 (convergence) and I2 (no regression).

import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import type {MemoryEvent} from '../support/memory-sink.ts'
import {MemorySink} from '../support/memory-sink.ts'
import {ModelMysql} from './model-mysql.ts'
import {isSkippedChange, ModelTask, SKIPPED, TABLES} from './model-task.ts'

interface Scenario {
  readonly seedRows: number
  readonly lanes: number
  readonly chunkRows: number
  readonly noteBytes: number
  readonly choices: readonly number[]
  readonly crashes: boolean
  readonly ddl: boolean
  readonly pauses: boolean
  /** Some updates are left out of the events, as by skipped.operations. */
  readonly skips: boolean
  /** Topics are reset before their tables are copied. */
  readonly resets: boolean
  /** Snapshots of the same tables, asked for at any time. */
  readonly snapshots: number
}

const scenarios = fc.record<Scenario>({
  seedRows: fc.integer({min: 0, max: 30}),
  lanes: fc.integer({min: 1, max: 3}),
  chunkRows: fc.integer({min: 1, max: 9}),
  noteBytes: fc.constantFrom(300, 2_000, 1_000_000),
  choices: fc.array(fc.nat(1_000_000), {minLength: 50, maxLength: 400}),
  crashes: fc.boolean(),
  ddl: fc.boolean(),
  pauses: fc.boolean(),
  skips: fc.boolean(),
  resets: fc.boolean(),
  snapshots: fc.integer({min: 1, max: 3}),
})

const RESET = 't'

/** What the topics hold, with the place where the process began anew. */
class Output {
  readonly events: {table: string; key: number; version: number; op: string; epoch: number}[] = []
  epoch = 0

  add(event: MemoryEvent): void {
    const value = JSON.parse(event.value!) as {op: string; k?: number; v?: number; after?: {k: number; v: number}}
    const row = value.op === RESET ? {k: -1, v: 0} : (value.after ?? {k: value.k!, v: value.v!})
    this.events.push({table: event.topic, key: row.k, version: row.v, op: value.op, epoch: this.epoch})
  }

  fold(table: string): Map<number, number> {
    const rows = new Map<number, number>()
    for (const event of this.events) {
      if (event.table !== table || event.op === SKIPPED) continue
      if (event.op === RESET) rows.clear()
      else if (event.op === 'd') rows.delete(event.key)
      else rows.set(event.key, event.version)
    }
    return rows
  }

  /** I2: within what one process emitted, versions of a key never fall. */
  assertNoRegression(): void {
    const last = new Map<string, number>()
    for (const event of this.events) {
      const key = `${event.epoch}/${event.table}/${event.key}`
      const before = last.get(key) ?? 0
      assert.ok(
        event.version >= before,
        `${event.op} of ${event.table}/${event.key} shows version ${event.version} after ${before}`,
      )
      last.set(key, event.version)
    }
  }
}

async function play(scenario: Scenario): Promise<{output: Output; mysql: ModelMysql; superseded: number}> {
  const mysql = new ModelMysql()
  for (const table of TABLES) for (let i = 0; i < scenario.seedRows; i++) mysql.seed(table, i * 3)
  const output = new Output()
  const run = new Run(scenario, mysql, output)
  await run.open({from: 0, snapshots: []})
  for (const choice of scenario.choices) await run.step(choice)
  await run.finish()
  const superseded = run.task.coordinator.plans.flatMap(p => p.tables).reduce((sum, t) => sum + t.superseded, 0)
  return {output, mysql, superseded}
}

class Run {
  task!: ModelTask
  #sink!: MemorySink
  #stored: ReturnType<ModelTask['checkpoint']> = {from: 0, snapshots: []}
  readonly #scenario: Scenario
  readonly #mysql: ModelMysql
  readonly #output: Output
  #taken = 0

  constructor(scenario: Scenario, mysql: ModelMysql, output: Output) {
    this.#scenario = scenario
    this.#mysql = mysql
    this.#output = output
  }

  async open(stored: ReturnType<ModelTask['checkpoint']>): Promise<void> {
    const {lanes, chunkRows, noteBytes, skips, resets} = this.#scenario
    this.#sink = new MemorySink({acks: 'held', batchBytes: 900, snapshotBytesInFlight: 1_500})
    await this.#sink.open(AbortSignal.any([]))
    this.#taken = 0
    const parts = {mysql: this.#mysql, sink: this.#sink}
    this.task = new ModelTask({...parts, lanes, chunkRows, noteBytes, skips, resets, ...stored})
    await this.task.open()
  }

  store(): void {
    this.#stored = this.task.checkpoint()
  }

  async step(choice: number): Promise<void> {
    const kind = choice % 20
    const rest = Math.floor(choice / 20)
    if (kind < 5) this.#mysql.write(TABLES[rest % 2]!, Math.floor(rest / 2) % 100, rest % 7 === 0)
    else if (kind < 9) this.#publish()
    else if (kind === 9) this.#sink.acknowledge(1)
    else if (kind === 10) this.store()
    else if (kind === 11 && this.#scenario.crashes && rest % 4 === 0) await this.#crash(rest)
    else if (kind === 12 && this.#scenario.ddl && rest % 4 === 0) {
      this.task.coordinator.schemaChanged({database: 'm', table: TABLES[rest % 2]!}, null)
    } else if (kind === 13) this.#accept()
    else if (kind === 14 && this.#scenario.pauses) {
      if (!this.task.coordinator.pause()) this.task.coordinator.resume()
    } else this.#inside(rest)
    await settled()
  }

  /** The signal, which may come when changes have been streamed that no SELECT sees yet. */
  #accept(): void {
    if (this.task.coordinator.plans.length >= this.#scenario.snapshots) return
    this.task.coordinator.accept({
      id: `s${this.task.coordinator.plans.length}`,
      kind: 'incremental',
      tables: TABLES.map(table => ({table: {database: 'm', table}, condition: null, surrogateKey: null})),
    })
  }

  /** Lets everything that can happen happen, until the snapshot is done and the stream has caught up. */
  async finish(): Promise<void> {
    while (this.task.coordinator.plans.length < this.#scenario.snapshots) this.#accept()
    this.task.coordinator.resume()
    for (let i = 0; i < 20_000; i++) {
      while (this.#mysql.canPublish) this.#publish()
      this.#sink.acknowledge()
      const steps = this.task.steps()
      const step = steps[i % Math.max(1, steps.length)]
      step?.run()
      await settled()
      const idle = steps.length === 0 && this.#sink.waiting === 0 && !this.#mysql.canPublish
      if (idle && this.task.coordinator.plans.every(plan => plan.state === 'completed')) break
    }
    this.#sink.acknowledge()
    this.#collect(this.#sink.sent.length)
    const states = this.task.coordinator.plans.map(plan => plan.state)
    assert.deepEqual(new Set(states), new Set(['completed']), 'the snapshot ends')
    assert.equal(this.task.streamed, this.#mysql.binlog.length, 'the stream catches up')
  }

  #publish(): void {
    if (this.#mysql.canPublish) this.#mysql.publish()
  }

  #inside(choice: number): void {
    const steps = this.task.steps()
    if (steps.length > 0) steps[choice % steps.length]!.run()
  }

  // A crash keeps everything acknowledged and any number of batches that were on their way.
  async #crash(choice: number): Promise<void> {
    const {acknowledged, sent} = this.#sink
    this.#collect(acknowledged.length + (choice % (sent.length - acknowledged.length + 1)))
    this.task.crash()
    this.#output.epoch++
    await this.open(structuredClone(this.#stored))
  }

  #collect(until: number): void {
    for (const event of this.#sink.sent.slice(this.#taken, until)) this.#output.add(event)
    this.#taken = until
  }
}

function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export async function judge(scenario: Scenario): Promise<void> {
  const {output, mysql} = await play(scenario)
  output.assertNoRegression()
  for (const table of TABLES) {
    const shown = output.fold(table)
    // An update that was left out last shows where it came into a snapshot's window, and only there; its row does in any case.
    for (const key of scenario.skips ? skippedLast(mysql, table) : []) {
      const version = mysql.contents(table).get(key)
      if (shown.has(key) && version !== undefined) shown.set(key, version)
    }
    assert.deepEqual(sorted(shown), sorted(mysql.contents(table)), `table ${table} and its topic`)
  }
}

/** Keys whose last change was left out. */
function skippedLast({binlog}: ModelMysql, table: string): number[] {
  const last = new Map<number, boolean>()
  for (const entry of binlog) {
    if (entry.type === 'change' && entry.table === table) last.set(entry.key, isSkippedChange(entry))
  }
  return [...last].flatMap(([key, isSkipped]) => (isSkipped ? [key] : []))
}

function sorted(rows: ReadonlyMap<number, number>): [number, number][] {
  return [...rows].sort(([a], [b]) => a - b)
}

test('W1: any interleaving of commits, reads, marks, lanes and restarts converges (I1) and never regresses (I2)', async () => {
  await fc.assert(fc.asyncProperty(scenarios, judge), {numRuns: 1_000})
})
