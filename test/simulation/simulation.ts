// One run: a task on the simulated server, sink and store, with every completion, every fault and time itself in the
// hands of one seed; judged at each step and, when everything has come to rest, at the end.

import {decodeCheckpoint} from '../../src/state/checkpoint.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {isActive} from '../../src/snapshot/snapshot-plan.ts'
import {runTask} from '../../src/task/run-task.ts'
import type {RunTaskOptions} from '../../src/task/run-task-options.ts'
import {describeError} from '../../src/core/tidemark-error.ts'
import {SeededRandom} from '../support/seeded-random.ts'
import {BrokenPromise, promise} from './broken-promise.ts'
import {passedBy} from './history.ts'
import {Judge} from './judge.ts'
import {MetricsJudge} from './metrics-judge.ts'
import {Scheduler, settled} from './scheduler.ts'
import {scenarioOf} from './scenario.ts'
import type {Scenario} from './scenario.ts'
import {seedCrypto} from './seeded-crypto.ts'
import {SimBinlog} from './sim-binlog.ts'
import {connectionLost} from './sim-errors.ts'
import {SimMysql} from './sim-mysql.ts'
import {SimSink, SimTopics} from './sim-sink.ts'
import {SimSession} from './sim-source-server.ts'
import {SimDisk, SimStateStore} from './sim-state-store.ts'
import {TransactionJudge} from './transaction-judge.ts'
import {VirtualTime} from './virtual-time.ts'
import {Workload} from './workload.ts'

export interface SimulationResult {
  readonly seed: number
  /** Null where every promise was kept. */
  readonly broken: string | null
  /** Equal for two runs that went the same way. */
  readonly digest: string
  readonly steps: number
  readonly processes: number
  /** The last lines of the trace. */
  readonly lines: readonly string[]
}

interface Choice {
  readonly weight: number
  readonly run: () => string | void
  readonly name: string
}

/** A busy process comes late to its timers. */
const LATE_MS = [0, 0, 5, 50, 120]
const CRASH_AFTER_SAVE = 15
const MOST_QUIET_STEPS = 8_000

export interface SimulateOptions {
  readonly onLine?: ((line: string) => void) | null
  /** The step at which the process is killed, whatever the seed says; until then the run is the seed's own. */
  readonly crashAt?: number | null
  /** The metrics are held against what happens, and the task begins again inside its process now and then. */
  readonly metrics?: boolean
}

/** The time and timers of the whole process are virtual until it ends: one at a time. */
export async function simulate(
  seed: number,
  {onLine = null, crashAt = null, metrics = false}: SimulateOptions = {},
): Promise<SimulationResult> {
  const random = new SeededRandom(seed)
  const scenario = scenarioOf(seed, random)
  const time = new VirtualTime()
  time.install()
  const unseedCrypto = seedCrypto(seed)
  const simulation = new Simulation(scenario, random, time)
  simulation.crashAt = crashAt
  if (metrics) simulation.metrics = new MetricsJudge(scenario)
  simulation.scheduler.onLine = onLine
  try {
    await simulation.run()
    return {seed, broken: null, ...simulation.report()}
  } catch (error) {
    const broken = error instanceof BrokenPromise ? error.message : ((error as Error).stack ?? String(error))
    return {seed, broken, ...simulation.report()}
  } finally {
    unseedCrypto()
    time.uninstall()
  }
}

class Simulation {
  readonly scheduler: Scheduler
  crashAt: number | null = null
  metrics: MetricsJudge | null = null
  readonly #scenario: Scenario
  readonly #time: VirtualTime
  readonly #mysql: SimMysql
  readonly #topics = new SimTopics()
  readonly #disk = new SimDisk()
  readonly #workload: Workload
  readonly #judge: Judge
  #process = -1
  /** Starts of the task, several in one process where it begins again inside it. */
  #starts = -1
  #sink: SimSink | null = null
  #stop = new AbortController()
  #task: Parameters<NonNullable<RunTaskOptions['onTask']>>[0] | null = null
  /** Null while the task runs. */
  #end: {error: unknown} | null = null
  #broken: Error | null = null
  #stored: Checkpoint | null = null

  constructor(scenario: Scenario, random: SeededRandom, time: VirtualTime) {
    this.#scenario = scenario
    this.#time = time
    this.scheduler = new Scheduler(random)
    for (const [name, weight] of scenario.weights) this.scheduler.weights.set(name, weight)
    this.#mysql = new SimMysql({...scenario, nowUs: () => Date.now() * 1000})
    this.#workload = new Workload(this.#mysql, random, scenario)
    const {notifications, signals, stream} = scenario.settings
    this.#judge = new Judge(this.#mysql, this.#workload, {
      tellsOfIt: notifications.channels.length > 0,
      transactions:
        stream.transactionTopic === null
          ? null
          : new TransactionJudge(this.#mysql, {signalTableEvents: signals.tableEvents}),
      truncateEvents: scenario.settings.events.skippedOperations.has('t') ? 0 : scenario.partitions,
    })
    this.#topics.onLanded = event => {
      this.scheduler.note(`landed ${event.topic} ${event.key ?? ''} ${event.value ?? ''}`)
      this.#watch(() => {
        this.#judge.landed(event)
        this.metrics?.landed(event)
      })
    }
    this.#topics.onSync = () => this.#judge.signals.collected()
    this.#disk.onSaved = text => {
      const {offset, parallel = null} = decodeCheckpoint(text, 'state')
      this.scheduler.note(`stored ${JSON.stringify(offset)} ${JSON.stringify(parallel)}`)
      this.#watch(() => (this.#stored = this.#judge.saved(text)))
    }
  }

  async run(): Promise<void> {
    this.#workload.seed()
    this.#start()
    await settled()
    for (let i = 0; i < this.#scenario.steps; i++) await this.#step(this.#choices())
    this.scheduler.note('calm')
    this.#topics.stalled = false
    this.#mysql.start()
    if (this.#end !== null || this.#stop.signal.aborted) await this.#finishStop()
    this.#workload.send('resume-snapshot', null)
    await this.#until(() => this.#isAtRest(), 'everything comes to rest')
    this.#stop.abort()
    await this.#until(() => this.#end !== null, 'the task stops')
    promise(this.#end?.error === null, () => `the task failed: ${JSON.stringify(describeError(this.#end?.error))}`)
    const checkpoint = decodeCheckpoint(this.#disk.text!, 'state')
    this.#judge.ended(checkpoint)
    this.metrics?.ended(this.#task!.metrics(), checkpoint)
  }

  report(): Pick<SimulationResult, 'digest' | 'steps' | 'processes' | 'lines'> {
    const {step, lines} = this.scheduler
    return {digest: this.scheduler.digest(), steps: step, processes: this.#process + 1, lines}
  }

  #start(): void {
    this.#process++
    this.#end = null
    this.#stop = new AbortController()
    const {scheduler} = this
    const {settings, partitions, batchBytes, interruptions} = this.#scenario
    this.#watch(() => {
      this.#begins()
      this.#judge.signals.began(this.#checkpoint)
      this.metrics?.began(this.#checkpoint, this.#starts)
    })
    const sink = new SimSink({scheduler, topics: this.#topics, process: () => this.#starts, partitions, batchBytes})
    this.#sink = sink
    const ended = (error: unknown): void => {
      if (sink === this.#sink) this.#end = {error}
    }
    let branches = 0
    const server = {mysql: this.#mysql, scheduler, interruptions, onRead: this.#workload.onRead}
    runTask(
      settings,
      {log: this.#log(), signal: this.#stop.signal, version: '0', onTask: task => (this.#task = task)},
      {
        sink,
        store: new SimStateStore(this.#disk, scheduler),
        binlog: new SimBinlog(this.#mysql, scheduler),
        replay: new SimBinlog(this.#mysql, scheduler),
        openBranch: () => new SimBinlog(this.#mysql, scheduler, `branch ${branches++}`),
        openSession: stopping => new SimSession(server, stopping),
      },
    ).then(() => ended(null), ended)
  }

  /** One thing happens, and everything that follows from it at once. */
  async #step(choices: readonly Choice[]): Promise<void> {
    this.scheduler.step++
    const isCrash = this.scheduler.step === this.crashAt && this.#end === null && !this.#stop.signal.aborted
    const crash: Choice = {name: 'crash', weight: 1, run: () => this.#crash()}
    const choice = isCrash ? crash : this.scheduler.pick(choices, ({weight}) => weight)
    const done = choice.run()
    if (done !== undefined) this.scheduler.note(`${choice.name}: ${done}`)
    await settled()
    if (this.#broken !== null) throw this.#broken
    this.metrics?.read(this.#task!.metrics())
    if (this.#end === null || this.#stop.signal.aborted) return
    throw new BrokenPromise(`the task ended by itself: ${JSON.stringify(describeError(this.#end.error))}`)
  }

  #choices(): Choice[] {
    const weight = (name: string): number => this.scheduler.weights.get(name) ?? 1
    const choice = (name: string, run: () => string): Choice => ({name, weight: weight(name), run})
    const choices = this.#turns()
    choices.push(choice('write', () => this.#workload.write()))
    choices.push(choice('ddl', () => this.#workload.alter()))
    choices.push(choice('signal', () => this.#workload.signal()))
    if (this.#mysql.canPublish) choices.push(choice('publish', () => this.#publish()))
    if (this.#time.hasTimers) choices.push(choice('timer', () => this.#fireTimer()))
    choices.push(choice('rotate', () => this.#rotate()))
    if (this.#topics.stalled) choices.push({name: 'stall', weight: 0.15, run: () => this.#stall(false)})
    else choices.push(choice('stall', () => this.#stall(true)))
    if (this.#end !== null) {
      choices.push({name: 'begin', weight: 1, run: () => this.#begin()})
      return choices
    }
    // What was just stored is what the next process has: that is when a crash tells most.
    const afterSave = this.scheduler.last === 'store saves' ? CRASH_AFTER_SAVE : 1
    choices.push({name: 'crash', weight: weight('crash') * afterSave, run: () => this.#crash()})
    if (!this.#stop.signal.aborted) choices.push(choice('stop', () => this.#askToStop()))
    if (this.metrics !== null) choices.push({name: 'again', weight: 0.01, run: () => this.#beginAgain()})
    if (this.#mysql.up) {
      choices.push(choice('break', () => this.#break()))
      choices.push(choice('restart', () => this.#shutDown()))
    } else {
      choices.push({name: 'server', weight: 0.5, run: () => this.#startServer()})
    }
    return choices
  }

  #turns(): Choice[] {
    return this.scheduler.open.map(turn => ({
      name: turn.name,
      weight: this.scheduler.weightOf(turn),
      run: () => this.scheduler.give(turn),
    }))
  }

  #calmChoices(): Choice[] {
    const choices = this.#turns()
    if (this.#mysql.canPublish) choices.push({name: 'publish', weight: 1, run: () => this.#publish()})
    const patience = choices.length === 0 ? 1 : 0.05
    if (this.#time.hasTimers) choices.push({name: 'timer', weight: patience, run: () => this.#fireTimer()})
    return choices
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    for (let i = 0; !done(); i++) {
      promise(
        i < MOST_QUIET_STEPS,
        () => `${what}: not within ${i} calm steps; waiting: ${this.scheduler.waiting.join(', ')}`,
      )
      const choices = this.#calmChoices()
      promise(choices.length > 0, () => `${what}: nothing can happen any more`)
      await this.#step(choices)
    }
  }

  async #finishStop(): Promise<void> {
    await this.#until(() => this.#end !== null, 'the task stops')
    this.#begin()
    await settled()
  }

  #isAtRest(): boolean {
    if (this.#stored === null || this.#mysql.canPublish) return false
    const {offset, snapshots, signals, notifications = [], parallel} = this.#stored
    if (
      signals.pending.length > 0 ||
      notifications.length > 0 ||
      parallel !== undefined ||
      snapshots.some(plan => isActive(plan) || plan.state === 'failed')
    )
      return false
    const passed = passedBy(offset)
    this.#judge.history.catchUp()
    return this.#judge.history.rows.every(passed)
  }

  #stall(stalled: boolean): string {
    this.#topics.stalled = stalled
    return String(stalled)
  }

  #begin(): string {
    const {error} = this.#end!
    promise(error === null, () => `the task failed: ${JSON.stringify(describeError(error))}`)
    // What it gave up waiting for may have arrived all the same.
    this.#sink!.crash()
    this.scheduler.dropAll()
    this.#time.clearAll()
    this.#start()
    return 'the task again'
  }

  get #checkpoint(): Checkpoint | null {
    const {text} = this.#disk
    return text === null ? null : decodeCheckpoint(text, 'state')
  }

  #begins(): void {
    this.#starts++
    this.#judge.began(this.#disk.text)
  }

  #publish(): string {
    this.#mysql.publish()
    return String(this.#mysql.published)
  }

  #fireTimer(): string {
    this.#time.fireNext(this.scheduler.random.pick(LATE_MS))
    return String(this.#time.nowMs)
  }

  #rotate(): string {
    this.#mysql.rotate()
    return this.#mysql.end.file
  }

  #crash(): string {
    this.scheduler.note('crash')
    this.#sink!.crash()
    this.scheduler.dropAll()
    this.#time.clearAll()
    this.#disk.owner = null
    this.#start()
    return `process ${this.#process} begins`
  }

  #askToStop(): string {
    this.#stop.abort()
    return 'SIGTERM'
  }

  #beginAgain(): string {
    this.#task!.restart()
    return 'the task in the same process'
  }

  #break(): string {
    const {connections} = this.scheduler
    if (connections.length === 0) return 'nothing'
    const broken = this.scheduler.random.pick(connections)
    this.scheduler.breakConnections(each => each === broken, connectionLost)
    return broken
  }

  #shutDown(): string {
    this.#mysql.shutDown()
    this.scheduler.breakConnections(() => true, connectionLost)
    return 'down'
  }

  #startServer(): string {
    this.#mysql.start()
    return 'up'
  }

  #log() {
    const process = this.#process
    const line = (fields: object, sentence: string): void => {
      if (process !== this.#process) return
      this.scheduler.note(`log ${sentence} ${JSON.stringify(fields)}`)
      this.#watch(() => {
        // Where it gave up waiting for the sink, the one that follows in the same process repeats.
        if (sentence === 'stopped to begin again') {
          this.#begins()
          this.metrics?.beganAgain(this.#checkpoint)
        }
        this.#judge.signals.logged(fields, sentence)
        this.metrics?.logged(fields, sentence)
      })
    }
    return {debug: line, info: line, warn: line, error: line}
  }

  // Judged inside the task's own calls, where a throw would be taken for the task's.
  #watch(judge: () => void): void {
    try {
      judge()
    } catch (error) {
      this.#broken ??= error as Error
    }
  }
}
