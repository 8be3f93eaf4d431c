// One running task: prerequisites, the stored state, where to begin, the stream with its reconnects, and an orderly end.

import {randomUUID} from 'node:crypto'
import {setMaxListeners} from 'node:events'
import type {Settings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import {describeError} from '../core/tidemark-error.ts'
import type {HttpAnswer} from '../http/route.ts'
import type {MetricsPage} from '../metrics/metrics-page.ts'
import type {MetricsReading} from '../metrics/metrics-reading.ts'
import {encodeCheckpoint} from '../state/checkpoint.ts'
import {beginTables} from './begin-tables.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import {BinlogHeadroom} from './binlog-headroom.ts'
import type {TableChanges} from './captured-tables.ts'
import {Checkpointer} from './checkpointer.ts'
import type {CutSource} from './checkpointer.ts'
import {createEngine, type TaskStart} from './create-engine.ts'
import {createLiveConfig} from './create-live-config.ts'
import type {Engine} from './engine.ts'
import {createExactlyOnce} from './exactly-once.ts'
import {GAVE_UP, givesUp} from './gives-up.ts'
import {beginsAgain, RestartingTask} from './restarting-task.ts'
import type {CreateTask, RunnableTask} from './restarting-task.ts'
import {openState} from './open-state.ts'
import {PAUSED, storePaused} from './paused-state.ts'
import type {RunTaskOptions} from './run-task-options.ts'
import {serveHttp} from './serve-http.ts'
import {decideStart} from './start-decision.ts'
import {statusReport} from './status.ts'
import type {StatusReport, TaskState} from './status.ts'
import {metricsReading} from './task-metrics.ts'
import {TaskTally} from './task-tally.ts'
import {createTaskParts} from './task-parts.ts'
import type {TaskParts, TaskSession} from './task-parts.ts'
import {stopWhenCopied} from './stop-when-copied.ts'
import {StreamLoop} from './stream-loop.ts'
import {submitSignal} from './submitted-signal.ts'
import {answerThrottle} from './throttle-change.ts'
import {ThrottleMemory} from './throttle-memory.ts'
import {unlessStopped} from '../core/unless-stopped.ts'
import {untilAnswered} from './until-answered.ts'

const WATCH_INTERVAL_MS = 30_000

/** Captures until the signal aborts, or an initial_only snapshot is done. Rejects with what an operator must mend. */
export async function runTask(settings: Settings, options: RunTaskOptions, parts?: TaskParts): Promise<void> {
  const {log, signal} = options
  const process = {id: randomUUID(), signal}
  const tally = new TaskTally()
  const throttle = new ThrottleMemory()
  const creates =
    (wanted: Settings): CreateTask =>
    (isRestart, resumes = false) =>
      new Task(
        wanted,
        {...options, isRestart, resumes, throttle, tally},
        parts ?? createTaskParts(wanted, log, process, options.own),
      )
  const task = new RestartingTask({create: creates(settings), log, signal})
  options.onTask?.(task)
  const live = createLiveConfig(options, task, creates)
  const http = await serveHttp(settings, {task, live, commit: options.commit ?? null}, log)
  try {
    await task.run()
  } finally {
    await http?.close()
  }
}

interface TaskOptions extends RunTaskOptions {
  readonly isRestart: boolean
  /** Goes on where the stored state says that it is paused. */
  readonly resumes: boolean
  /** Of all tasks of the process. */
  readonly throttle: ThrottleMemory
  /** Of all starts of the process. */
  readonly tally: TaskTally
}

class Task implements RunnableTask {
  #state: TaskState = 'starting'
  #streaming = false
  #error: StatusReport['error'] = null
  #engine: Engine | null = null
  #stored: StatusReport['stored'] = null
  readonly #parts: TaskParts
  readonly #settings: Settings
  readonly #options: TaskOptions
  /** Aborted by the operator, or by the first failure that an operator must mend. */
  readonly #stopping = new AbortController()
  #failure: {error: unknown} | null = null
  #metricsPage: Promise<MetricsPage> | null = null
  #checkpointer: Checkpointer | null = null
  #headroom: BinlogHeadroom | null = null
  /** Asked to end, to begin again with other settings. */
  #makesRoom = false
  /** Asked to end, and to stay so over a restart until it is resumed. */
  #pauses = false
  #loaded: Checkpoint | null = null
  readonly begun: Promise<TableChanges>
  #tellBegun: (tables: TableChanges) => void = () => undefined

  constructor(settings: Settings, options: TaskOptions, parts: TaskParts) {
    this.#settings = settings
    this.#options = options
    this.#parts = parts
    this.begun = new Promise(resolve => (this.#tellBegun = resolve))
    setMaxListeners(0, this.#stopping.signal) // Every table that waits for a mark listens; that is no leak.
    const abort = (): void => {
      this.#stopping.abort()
    }
    if (options.signal.aborted) abort()
    else options.signal.addEventListener('abort', abort, {once: true})
  }

  status(): StatusReport {
    return statusReport({
      name: this.#settings.name,
      version: this.#options.version,
      state: this.#state,
      streaming: this.#streaming,
      engine: this.#engine,
      sinkStatus: this.#parts.sink.status(),
      stored: this.#stored,
      storeProblem: this.#checkpointer?.problem ?? null,
      error: this.#error,
    })
  }

  stop(): void {
    this.#makesRoom = true
    this.#stopping.abort()
  }

  pause(): void {
    this.#pauses = true
    this.stop()
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Of the server that is streamed; null before that is known. */
  get serverUuid(): string | null {
    return this.#engine?.serverUuid ?? null
  }

  /** A signal over HTTP, or from the program that we are a library of. */
  async submitSignal(text: string, channel: 'http' | 'program' = 'http'): Promise<HttpAnswer> {
    const engine = this.#engine
    const checkpointer = this.#checkpointer
    if (engine === null || checkpointer === null || this.#stopping.signal.aborted) {
      return {status: 503, body: {error: `the task is ${this.#state} and takes no signals; try again`}}
    }
    return await submitSignal(text, {channel, signals: engine.signals, store: () => checkpointer.store()})
  }

  /** Shows how fast snapshots may read, behind the change where there is one. */
  throttle(change: string | null): HttpAnswer {
    const {log, throttle: memory} = this.#options
    const configured = this.#settings.snapshot.throttle
    return answerThrottle(change, {engine: this.#engine, state: this.#state, log, memory, configured})
  }

  /** Made with the first scrape: its library takes a while to load, and a task that nobody scrapes needs none of it. */
  metricsPage(): Promise<MetricsPage> {
    this.#metricsPage ??= import('../metrics/metrics-page.ts').then(page => new page.MetricsPage(() => this.metrics()))
    return this.#metricsPage
  }

  metrics(): MetricsReading {
    return metricsReading({
      settings: this.#settings,
      version: this.#options.version,
      state: this.#state,
      streaming: this.#streaming,
      engine: this.#engine,
      sinkStatus: this.#parts.sink.status(),
      tally: this.#options.tally,
      headroom: this.#headroom,
      savedAtMs: this.#checkpointer?.savedAtMs ?? 0,
    })
  }

  async run(): Promise<void> {
    const session = this.#parts.openSession(this.#stopping.signal)
    try {
      await this.#begin(session)
    } catch (error) {
      // An operator who stops a task that still waits for its broker did not see a failure.
      const isAsked = this.#options.signal.aborted || this.#makesRoom
      if (!isAsked || this.#engine !== null) this.#fail(error)
    } finally {
      this.#streaming = false
      session.close()
      // Only while nothing newer is stored: what was emitted since would come again.
      const isLoadedLast = (this.#checkpointer?.savedAtMs ?? 0) === 0
      if (this.#pauses && isLoadedLast) await storePaused(this.#parts.store, this.#loaded, this.#options.log)
      await this.#parts.sink.close(AbortSignal.timeout(5_000)).catch(() => undefined)
      await this.#parts.store.close()
      this.#options.tally.ended()
    }
    if (this.#failure !== null) throw this.#failure.error
    if (this.#pauses) {
      this.#state = 'paused'
      this.#options.log.warn({}, PAUSED)
    } else this.#options.log.info({}, this.#makesRoom ? 'stopped to begin again' : 'stopped')
  }

  async #begin(session: TaskSession): Promise<void> {
    const {signal} = this.#stopping
    const {isRestart} = this.#options
    const checkpoint = await openState(this.#parts, {state: this.#settings.state, isRestart, signal})
    this.#loaded = checkpoint
    this.#pauses ||= checkpoint?.paused === true && !this.#options.resumes
    if (this.#pauses) this.stop()
    const server = this.#pauses ? null : await session.prepare(checkpoint)
    if (server === null) return
    const decision = decideStart(this.#settings, checkpoint, server.state)
    this.#options.log.info({offset: decision.offset, snapshotMode: this.#settings.snapshot.mode}, 'starting')
    await this.#parts.sink.open(signal)
    if (!signal.aborted) await this.#capture(session, {server, decision, checkpoint})
  }

  async #capture(session: TaskSession, start: TaskStart): Promise<void> {
    const {decision} = start
    const {signal} = this.#stopping
    const {tally} = this.#options
    const engine = createEngine(this.#settings, {
      ...{...this.#options, ...start, session, parts: this.#parts, signal, tally: tally.stream},
      observers: [tally.snapshots],
      onFailure: error => this.#fail(error),
    })
    this.#engine = engine
    this.#options.throttle.apply(engine.coordinator?.throttle, this.#settings.snapshot.throttle)
    tally.begun(engine)
    this.#headroom = new BinlogHeadroom({
      read: () => session.server().binlogRetention(),
      log: this.#options.log,
      signal,
    })
    const exactlyOnce = createExactlyOnce(this.#parts.sink, engine)
    const checkpointer = (this.#checkpointer = this.#createCheckpointer(engine, exactlyOnce))
    await unlessStopped(engine.openTopics(), signal)
    engine.restorePlans()
    tally.snapshots.restored(engine.coordinator?.plans ?? [], engine.coordinator?.paused ?? false)
    const captured = await untilAnswered(() => engine.tables.list(), {signal, log: this.#options.log})
    if (captured === null) return
    this.#options.log.info({tables: captured.length}, 'tables captured')
    const changes = beginTables(engine, captured, {...start, tally: tally.snapshots})
    await unlessStopped(engine.cascades?.begin() ?? Promise.resolve(), signal)
    if (signal.aborted) return
    await engine.schemas.begin([...captured, this.#settings.signals.dataCollection ?? []].flat(), signal)
    if (start.checkpoint === null) await this.#tellSchema(engine, captured)
    if (signal.aborted) return
    // The place to begin and the snapshot that belongs to it are stored before anything is emitted.
    await checkpointer.store()
    this.#options.throttle.begun(this.#settings.snapshot.throttle)
    this.#tellBegun(changes)
    engine.parallel.store = () => checkpointer.store()
    checkpointer.start()
    this.#headroom.start()
    exactlyOnce?.start(() => checkpointer.soon())
    if (engine.notifications !== null) engine.notifications.onUrgent = () => checkpointer.soon()
    const marks = engine.marks?.run(signal).catch((error: unknown) => this.#fail(error))
    if (decision.stopAfterSnapshot) {
      stopWhenCopied(engine, {
        log: this.#options.log,
        signal,
        onCopied: () => this.#stopping.abort(),
        onFailure: error => this.#fail(error),
      })
    }
    this.#watch(engine)
    try {
      await this.#stream(engine, session).run(decision.offset)
    } finally {
      if (this.#failure === null) this.#state = 'stopping'
      this.#stopping.abort()
      await marks
      exactlyOnce?.stop()
      await this.#end(engine, checkpointer)
    }
  }

  // Only a task without a state tells them, and only then has one: a crash in between tells them again.
  async #tellSchema({schemaChanges, dispatcher, emitter}: Engine, captured: readonly TableId[]): Promise<void> {
    const {signal} = this.#stopping
    if (schemaChanges === null || this.#settings.snapshot.mode === 'never') return
    const {log} = this.#options
    const tell = async (): Promise<void> => {
      await untilAnswered(() => schemaChanges.emitInitial(captured, dispatcher.reached, signal), {signal, log})
      if (!signal.aborted) await emitter.drain()
    }
    await unlessStopped(tell(), signal)
  }

  #stream(engine: Engine, session: TaskSession): StreamLoop {
    return new StreamLoop({
      engine,
      session,
      reader: this.#parts.binlog,
      log: this.#options.log,
      signal: this.#stopping.signal,
      onStreaming: isStreaming => {
        this.#streaming = isStreaming
        if (isStreaming && this.#state === 'starting') this.#state = 'running'
      },
      onDisconnect: () => this.#options.tally.stream.disconnects++,
    })
  }

  // What waits without an error of its own is said from time to time.
  #watch(engine: Engine): void {
    const timer = setInterval(() => {
      const problem = engine.watermarkProblem
      if (problem !== null) this.#options.log.warn({problem}, 'snapshots wait for a watermark')
    }, WATCH_INTERVAL_MS)
    this.#stopping.signal.addEventListener('abort', () => clearInterval(timer), {once: true})
  }

  #createCheckpointer(engine: Engine, cuts: CutSource | null): Checkpointer {
    let collected = this.#stored
    const headroom = this.#headroom!
    return new Checkpointer({
      cuts,
      log: this.#options.log,
      collect: () => {
        const checkpoint = engine.checkpoint()
        headroom.collected(engine)
        const {file, pos, gtidSet} = checkpoint.offset
        collected = {file, pos, gtidSet}
        return encodeCheckpoint(this.#pauses ? {...checkpoint, paused: true} : checkpoint)
      },
      syncSink: () => this.#parts.sink.sync(),
      save: async text => {
        await this.#parts.store.save(text)
        engine.saved()
        headroom.saved()
        this.#stored = collected
      },
      onFailure: error => this.#fail(error),
    })
  }

  // What is in flight is waited for, so that an orderly stop repeats nothing; then the state is stored a last time.
  async #end(engine: Engine, checkpointer: Checkpointer): Promise<void> {
    await engine.close()
    checkpointer.stop()
    // A transaction that failed takes nothing more in: nothing of it is kept.
    if (this.#failure !== null && (this.#parts.sink.transactions ?? null) !== null) return
    const {patience, log} = this.#options
    const isAway = this.#parts.sink.status().state === 'waiting'
    const gaveUp = givesUp({isAway, ...(patience === undefined ? {} : {patience})}).then(() => true)
    let hasGivenUp = false
    const store = async (): Promise<void> => {
      if (this.#failure === null && !hasGivenUp) {
        hasGivenUp = await Promise.race([engine.emitter.drain().then(() => false), gaveUp])
        // A program that leaves its loop has said so itself.
        if (hasGivenUp) log[patience?.aborted === true ? 'debug' : 'warn']({}, GAVE_UP)
      }
      await checkpointer.store().catch((error: unknown) => this.#fail(error))
    }
    await store()
    // Notifications leave once they are stored, and leave the state once they have arrived.
    if (engine.notifications?.isPending === true) await store()
    engine.emitter.end()
  }

  #fail(error: unknown): void {
    if (this.#failure === null) {
      this.#failure = {error}
      if (beginsAgain(error)) this.#state = 'starting'
      else {
        this.#error = describeError(error)
        this.#state = 'failed'
        this.#options.log.error(this.#error, 'the task failed')
      }
    }
    this.#stopping.abort()
  }
}
