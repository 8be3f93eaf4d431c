// The metrics against what happens: the topics, the log, the notifications and the stored state. Read at every step, as a
// scrape may come at any moment.

import {METRICS} from '../../src/metrics/metric-table.ts'
import type {MetricDefinition} from '../../src/metrics/metric.ts'
import type {MetricsReading} from '../../src/metrics/metrics-reading.ts'
import {isActive} from '../../src/snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {tableIdText} from '../../src/core/table-id.ts'
import {promise} from './broken-promise.ts'
import {NOTIFICATION_TOPIC} from './notification-judge.ts'
import type {Scenario} from './scenario.ts'
import type {LandedEvent} from './sim-sink.ts'

const ENDS = {'snapshot done': 'completed', 'snapshot stopped': 'stopped', 'snapshot failed': 'failed'} as const

/** Every metric is read at each of so many steps; what is read of the parts at every one. */
const EVERY = 20

type Operation = 'c' | 'u' | 'd' | 'r'

interface LogFields {
  readonly channel?: string
  readonly result?: string
  readonly snapshot?: string
}

/** Of one process. */
interface Seen {
  /** The first start of the task in it. */
  readonly start: number
  /** What was in flight when the task began again comes twice. */
  repeats: boolean
  /** It has run, so that it knows its state. */
  knows: boolean
  /** A snapshot was accepted that the state does not know where the task begins again. */
  hasLost: boolean
  /** Events that landed, by table. */
  readonly landed: Map<string, Record<Operation, number>>
  events: number
  readonly answers: Map<string, number>
  /** Snapshots that are under way. */
  readonly open: Set<string>
  readonly ends: Record<'completed' | 'stopped' | 'failed', number>
  /** The scrape before, and how many snapshots had ended then. */
  last: {readonly reading: MetricsReading; readonly ended: number} | null
  /** What the counters were, by series. */
  readonly counters: Map<string, number>
  /** Rows copied and superseded that the stored state knew when it began. */
  readonly before: ReadonlyMap<string, {readonly rows: number; readonly superseded: number}>
}

export class MetricsJudge {
  readonly #scenario: Scenario
  #seen: Seen = newSeen(null, 0)
  #steps = 0
  /** Rows of tables by the notification of their end, as `snapshot table`. */
  readonly #told = new Map<string, number>()

  constructor(scenario: Scenario) {
    this.#scenario = scenario
  }

  /** A process begins with this state, and with that start of the task. */
  began(checkpoint: Checkpoint | null, start: number): void {
    this.#seen = newSeen(checkpoint, start)
  }

  /** The task begins again inside the process with this state: a snapshot that it does not know is begun anew. */
  beganAgain(checkpoint: Checkpoint | null): void {
    const known = new Set(checkpoint?.snapshots.map(({id}) => id))
    for (const id of this.#seen.open) {
      if (known.has(id)) continue
      this.#seen.open.delete(id)
      this.#seen.hasLost = true
    }
  }

  landed({topic, value, process}: LandedEvent): void {
    if (process < this.#seen.start) return
    this.#seen.events++
    if (value === null) return
    if (topic === NOTIFICATION_TOPIC) this.#notified(value)
    const {op, source} = JSON.parse(value) as {op?: Operation; source?: {db: string; table: string}}
    if (op === undefined || source === undefined || !'cudr'.includes(op)) return
    const table = `${source.db}.${source.table}`
    const counts = this.#seen.landed.get(table) ?? {c: 0, u: 0, d: 0, r: 0}
    this.#seen.landed.set(table, counts)
    counts[op]++
  }

  logged(fields: LogFields, sentence: string): void {
    const {open} = this.#seen
    if (sentence === 'snapshot accepted' || sentence === 'snapshot resumed') open.add(fields.snapshot!)
    if (sentence in ENDS) open.delete(fields.snapshot!)
    if (/^signal (accepted|rejected|ignored)$/.test(sentence)) {
      const key = `${fields.channel ?? ''},${fields.result ?? ''}`
      this.#seen.answers.set(key, (this.#seen.answers.get(key) ?? 0) + 1)
    }
    if (sentence.startsWith('ending without the acknowledgement')) this.#seen.repeats = true
    if (sentence in ENDS) this.#seen.ends[ENDS[sentence as keyof typeof ENDS]]++
  }

  /** A scrape in between. */
  read(reading: MetricsReading): void {
    const {snapshot, signals} = reading
    const {tables, isRunning, isPaused, ended, endedCounts} = snapshot
    promise(tables.remaining <= tables.total, () => `${tables.remaining} of ${tables.total} tables remain`)
    promise(!isRunning || (!isPaused && ended === null), () => 'a snapshot runs that is paused or has ended')
    promise(!isRunning || tables.remaining > 0, () => 'a snapshot runs and no table remains')
    this.#checkRound(reading)
    const {ends, answers} = this.#seen
    for (const [how, count] of Object.entries(ends)) {
      const told = endedCounts[how as keyof typeof ends]
      promise(told === count, () => `${told} snapshots are told as ${how}, the log has ${count}`)
    }
    promise(signals.length === answers.size, () => 'signals are counted that were not answered')
    for (const {channel, result, count} of signals) {
      const logged = answers.get(`${channel},${result}`)
      promise(logged === count, () => `${count} signals of ${channel} are told as ${result}, the log has ${logged}`)
    }
    for (const table of snapshot.rowsScanned.keys()) {
      const {copied, landed} = this.#copied(reading, table)
      promise(copied <= landed, () => `${copied} rows of ${table} are told as copied, ${landed} have landed`)
    }
    for (const [table, {c, u, d}] of this.#seen.landed) {
      const seen = reading.stream.rows.get(table) ?? {c: 0, u: 0, d: 0}
      promise(
        c + u <= seen.c + seen.u && u + d <= seen.u + seen.d,
        () => `more changes of ${table} landed than are told`,
      )
    }
    promise(this.#seen.events <= reading.eventsEmitted, () => 'more events landed than are told')
    if (this.#steps++ % EVERY === 0) this.#readAll(reading)
  }

  // A process that has just begun does not know its state yet; a task that begins again inside it does.
  #checkRound(reading: MetricsReading): void {
    const {open, last} = this.#seen
    const {snapshot, state} = reading
    const isUnderWay = open.size > 0
    this.#seen.knows ||= state === 'running'
    if (this.#seen.knows) {
      const wanted = isUnderWay && !snapshot.isPaused
      promise(
        snapshot.isRunning === wanted,
        () => `SnapshotRunning is ${snapshot.isRunning}, under way: ${[...open].join()}`,
      )
    }
    const ended = Object.values(snapshot.endedCounts).reduce((sum, count) => sum + count)
    this.#seen.last = {reading, ended}
    const {hasLost} = this.#seen
    if (state === 'running') this.#seen.hasLost = false
    if (hasLost || last === null || !isUnderWay || last.ended !== ended || last.reading.snapshot.tables.remaining === 0)
      return
    const {tables, durationSeconds} = last.reading.snapshot
    promise(snapshot.tables.total >= tables.total, () => `of ${tables.total} tables ${snapshot.tables.total} are left`)
    promise(snapshot.durationSeconds >= durationSeconds, () => 'the duration of a snapshot falls')
  }

  /** The task has ended in good order, and everything has landed. */
  ended(reading: MetricsReading, checkpoint: Checkpoint): void {
    this.read(reading)
    this.#readAll(reading)
    const {snapshot} = reading
    const {tables, isRunning, isPaused} = snapshot
    promise(tables.remaining === 0 && !isRunning && !isPaused, () => `at the end: ${JSON.stringify(snapshot)}`)
    const last = checkpoint.snapshots.at(-1)
    if (last !== undefined) promise(snapshot.ended !== null, () => 'no snapshot is told to have ended')
    promise(
      this.#seen.events === reading.eventsEmitted,
      () => `${this.#seen.events} events landed, told are ${reading.eventsEmitted}`,
    )
    if (!this.#seen.repeats) this.#checkCopiedAndStreamed(reading)
    this.#checkTotals(reading, checkpoint)
  }

  #checkCopiedAndStreamed(reading: MetricsReading): void {
    const {snapshot, stream} = reading
    for (const [table, {c, u, d}] of stream.rows) {
      if (table === 'd.signal') continue
      const landed = this.#seen.landed.get(table) ?? {c: 0, u: 0, d: 0}
      promise(
        c + u === landed.c + landed.u && u + d === landed.u + landed.d,
        () => `${table}: ${JSON.stringify({c, u, d})} is told, ${JSON.stringify(landed)} landed`,
      )
    }
    for (const table of snapshot.rowsScanned.keys()) {
      const {copied, landed} = this.#copied(reading, table)
      promise(
        copied === landed,
        () => `${copied} rows of ${table} are told as copied at the end, ${landed} have landed`,
      )
    }
  }

  #notified(text: string): void {
    const {
      id,
      type,
      additional_data: data,
    } = JSON.parse(text) as {
      id: string
      type: string
      additional_data: Record<string, string>
    }
    if (type === 'TABLE_SCAN_COMPLETED')
      this.#told.set(`${id} ${data['scanned_collection']}`, Number(data['total_rows_scanned']))
  }

  // A process that has seen all of it counts what the notifications tell.
  #checkTotals({snapshot}: MetricsReading, {snapshots}: Checkpoint): void {
    for (const [table, rows] of snapshot.rowsScanned) {
      const plans = snapshots.flatMap(plan =>
        plan.tables.filter(each => tableIdText(each.table) === table).map(each => ({id: plan.id, each})),
      )
      const stored = plans.reduce((sum, {each}) => sum + each.rowsDone, 0)
      promise(rows >= stored, () => `${rows} rows of ${table} are told as copied, the state has ${stored}`)
      if (this.#scenario.settings.notifications.channels.length === 0) continue
      for (const {id, each} of plans) {
        if (each.state !== 'done') continue
        const told = this.#told.get(`${id} ${table}`)
        promise(told === each.rowsDone, () => `${id} has ${each.rowsDone} rows of ${table}, the notification ${told}`)
      }
    }
  }

  /** By this process: what the metrics tell, and what landed. */
  #copied({snapshot}: MetricsReading, table: string): {copied: number; landed: number} {
    const {rows = 0, superseded = 0} = this.#seen.before.get(table) ?? {}
    const told = snapshot.rowsScanned.get(table)! - rows
    const left = (snapshot.superseded.get(table) ?? 0) - superseded
    return {copied: told - left, landed: this.#seen.landed.get(table)?.r ?? 0}
  }

  #readAll(reading: MetricsReading): void {
    const {counters} = this.#seen
    const found = new Set<string>()
    for (const metric of METRICS) {
      for (const {value, labels = {}, suffix = ''} of metric.read(reading)) {
        const series = `${metric.name}${suffix}${JSON.stringify(labels)}`
        promise(!found.has(series), () => `${series} is told twice`)
        found.add(series)
        promise(Number.isFinite(value) && value >= lowest(metric), () => `${series} is ${value}`)
        if (metric.type === 'gauge') continue
        const before = counters.get(series) ?? 0
        promise(value >= before, () => `${series} falls from ${before} to ${value}`)
        counters.set(series, value)
      }
    }
    for (const series of counters.keys()) promise(found.has(series), () => `${series} is gone`)
  }
}

/** -1 stands for "not yet" where Debezium has it so. */
function lowest({name, type}: MetricDefinition): number {
  return type === 'gauge' && name.startsWith('debezium_metrics_') ? -1 : 0
}

function newSeen(checkpoint: Checkpoint | null, start: number): Seen {
  const before = new Map<string, {rows: number; superseded: number}>()
  for (const {table, rowsDone, superseded} of checkpoint?.snapshots.flatMap(plan => plan.tables) ?? []) {
    const text = tableIdText(table)
    const known = before.get(text) ?? {rows: 0, superseded: 0}
    before.set(text, {rows: known.rows + rowsDone, superseded: known.superseded + superseded})
  }
  return {
    start,
    repeats: false,
    knows: false,
    hasLost: false,
    landed: new Map(),
    events: 0,
    answers: new Map(),
    open: new Set(checkpoint?.snapshots.filter(isActive).map(({id}) => id)),
    last: null,
    ends: {completed: 0, stopped: 0, failed: 0},
    counters: new Map(),
    before,
  }
}
