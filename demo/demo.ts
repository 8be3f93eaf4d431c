// The story that the demo tells, one method for each step.

import type {Connection} from 'mysql2/promise'
import {planText} from '../src/cli/plan-text.ts'
import type {PlanReport} from '../src/plan/plan-report.ts'
import type {SignalReceipt} from '../src/signals/signal-processor.ts'
import type {StatusReport, TableStatus} from '../src/task/status.ts'
import type {KafkaServer} from '../tools/servers/kafka-server.ts'
import {closingSummary, shownPath, type Figures} from './closing-summary.ts'
import {SIGNAL_TABLE, writeDemoConfig, type DemoConfig} from './demo-config.ts'
import {DemoError} from './demo-error.ts'
import {makeDemoFolder} from './demo-folder.ts'
import type {DemoOptions} from './demo-options.ts'
import {
  ACCOUNT,
  connectToShop,
  createDatabase,
  DATABASE,
  removeTopics,
  startServers,
  type DemoServers,
} from './demo-servers.ts'
import {loadShop} from './load-shop.ts'
import {PlanCheck} from './plan-check.ts'
import {shopTables} from './shop-tables.ts'
import {ShopWriter} from './shop-writer.ts'
import {SnapshotBars} from './snapshot-bars.ts'
import {secondsText, withCommas, type Terminal} from './terminal.ts'
import {tidemark, TidemarkRun} from './tidemark-command.ts'
import type {UndoStack} from './undo-stack.ts'

const SNAPSHOT_WITHIN_MS = 600_000
const ANSWER_WITHIN_MS = 30_000
/** A stop that comes too late, as the snapshot is done, is tried again. */
const STOP_ATTEMPTS = 3
/** The second snapshot is stopped when it has come this far. */
const STOP_AT = 0.15

export interface DemoScene {
  readonly options: DemoOptions
  readonly folder: string
  readonly undo: UndoStack
  /** Rejects at Ctrl-C. */
  readonly interruption: Promise<never>
  readonly terminal: Terminal
}

export class Demo {
  static readonly steps = 8
  readonly #scene: DemoScene
  readonly #figures: Figures = {
    rowsLoaded: 0,
    rowsCopied: 0,
    superseded: 0,
    snapshotMs: 0,
    events: 0,
    peakMegabytes: null,
  }
  /** Rejects when something that runs beside the story fails. */
  readonly #failure: Promise<never>
  #fail: (error: unknown) => void = () => undefined

  constructor(scene: DemoScene) {
    this.#scene = scene
    this.#failure = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.#failure.catch(() => undefined) // It may come before anybody waits for it, or when nobody does any more.
  }

  async run(): Promise<void> {
    await Promise.race([this.#tell(), this.#failure])
  }

  async #tell(): Promise<void> {
    const {terminal, folder, undo, options} = this.#scene
    const started = Date.now()
    terminal.title('Tidemark: a shop in MySQL, streamed and copied at the same time, while it is being changed')
    makeDemoFolder(folder)
    const servers = await this.#startServers()
    const admin = await createDatabase(servers.mysql, undo)
    await this.#load(servers)
    const config = await writeDemoConfig(folder, servers)
    if (servers.kafka?.way === 'given') this.#removeTopicsAtTheEnd(servers.kafka, config)
    await this.#prepare(admin, config.path)
    await this.#check(config.path)
    const {run, writer} = await this.#startStreaming(servers, config)
    await this.#snapshot(admin, run, options.plan ? await this.#plan(config.path) : null)
    await this.#stopSnapshot(admin, run)
    await this.#prove(config.path, {run, writer})
    if (!this.#scene.options.stay) await run.stop()
    this.#summarize({writer, config, elapsedMs: Date.now() - started})
    if (this.#scene.options.stay) await this.#stay(servers, run)
  }

  async #startServers(): Promise<DemoServers> {
    const {terminal, options, undo} = this.#scene
    terminal.step(options.kafka ? 'Servers: MySQL and Kafka' : 'Server: MySQL')
    const began = Date.now()
    const servers = await startServers(options.kafka, undo)
    const {mysql, kafka} = servers
    terminal.line(`MySQL on ${mysql.host}:${mysql.port} (${mysql.way}), up after ${secondsText(Date.now() - began)}`)
    if (kafka !== null) terminal.line(`Kafka on ${kafka.bootstrap} (${kafka.way})`)
    return servers
  }

  async #load({mysql}: DemoServers): Promise<void> {
    const {terminal, options, undo} = this.#scene
    const tables = shopTables(options.orders)
    terminal.step(`The shop: loading ${tables.length} tables`)
    const began = Date.now()
    const connections = [await connectToShop(mysql, undo), await connectToShop(mysql, undo)]
    const rows = await loadShop(tables, connections)
    this.#figures.rowsLoaded = [...rows.values()].reduce((sum, count) => sum + count, 0)
    terminal.line([...rows].map(([name, count]) => `${name} ${withCommas(count)}`).join(' · '))
    terminal.line(`${withCommas(this.#figures.rowsLoaded)} rows loaded in ${secondsText(Date.now() - began)}`)
  }

  #removeTopicsAtTheEnd({bootstrap}: KafkaServer, {topicPrefix}: DemoConfig): void {
    this.#scene.undo.add(() => removeTopics(bootstrap, `${topicPrefix}.`))
  }

  async #prepare(admin: Connection, config: string): Promise<void> {
    const {terminal, undo} = this.#scene
    terminal.step(`A signal table and an account with few rights: tidemark init ${shownPath(config)} | mysql`)
    await admin.query(`CREATE USER '${ACCOUNT.user}'@'%' IDENTIFIED BY '${ACCOUNT.password}'`)
    const {code, output} = await tidemark(['init', config], undo)
    if (code !== 0) throw new DemoError(`tidemark init ended with ${String(code)}: ${output}`)
    for (const line of output.split('\n')) if (line !== '' && !line.startsWith('--')) terminal.command(line)
    await admin.query(output)
  }

  async #check(config: string): Promise<void> {
    const {terminal, undo} = this.#scene
    terminal.step(`Is everything as it must be? tidemark check ${shownPath(config)}`)
    const {code} = await tidemark(['check', config], undo, line => terminal.line(line))
    if (code !== 0) throw new DemoError(`tidemark check ended with ${String(code)}: see the lines above`)
  }

  async #startStreaming({mysql}: DemoServers, config: DemoConfig): Promise<{run: TidemarkRun; writer: ShopWriter}> {
    const {terminal, options, undo} = this.#scene
    terminal.step(`Streaming, while a writer changes the shop: tidemark run ${shownPath(config.path)}`)
    const fail = (error: unknown): void => this.#fail(error)
    const run = new TidemarkRun({
      config: config.path,
      listen: config.listen,
      logFile: config.logFile,
      onEnd: fail,
    })
    undo.add(async () => {
      await run.end()
    })
    await run.untilStreaming()
    const writer = new ShopWriter(await connectToShop(mysql, undo), options.orders)
    undo.add(() => writer.stop())
    writer.start(fail)
    terminal.line(`streaming; its status: ${run.statusUrl}`)
    return {run, writer}
  }

  async #plan(config: string): Promise<PlanCheck> {
    const {terminal, undo} = this.#scene
    terminal.command(`tidemark plan ${shownPath(config)}`)
    const {code, output} = await tidemark(['plan', config, '--json'], undo)
    if (code !== 0) throw new DemoError(`tidemark plan ended with ${String(code)}: ${output}`)
    const plan = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as PlanReport
    terminal.line(planText(plan))
    return new PlanCheck(plan)
  }

  async #snapshot(admin: Connection, run: TidemarkRun, check: PlanCheck | null): Promise<void> {
    const {terminal} = this.#scene
    terminal.step('A snapshot of all tables, asked for by a row, while the writer goes on')
    const began = Date.now()
    await this.#signal(admin, {
      id: 'demo-1',
      type: 'execute-snapshot',
      data: {'data-collections': [`${DATABASE}[.].*`]},
    })
    await this.#answer(run, 'demo-1')
    const bars = new SnapshotBars(terminal, this.#scene.undo)
    const tables = await run.watch('the snapshot to end', SNAPSHOT_WITHIN_MS, status => {
      const ours = tablesOf(status, 'demo-1')
      bars.show(ours)
      check?.look(status, 'demo-1', Date.now())
      return ours.every(table => table.state !== 'waiting' && table.state !== 'running') ? ours : undefined
    })
    bars.close(tables)
    const failed = tables.find(table => table.state !== 'done')
    if (failed !== undefined)
      throw new DemoError(`${failed.table} is ${failed.state}: ${failed.problem ?? 'no reason'}`)
    this.#figures.snapshotMs = Date.now() - began
    for (const line of check?.judge(began, Date.now()) ?? []) terminal.line(line)
    this.#figures.rowsCopied = sum(tables, table => table.rowsDone)
    this.#figures.superseded = sum(tables, table => table.superseded)
    terminal.line(
      `${withCommas(this.#figures.rowsCopied)} rows in ${secondsText(this.#figures.snapshotMs)}; ` +
        `${withCommas(this.#figures.superseded)} of them left out, since the stream had something newer`,
    )
  }

  async #stopSnapshot(admin: Connection, run: TidemarkRun): Promise<void> {
    const {terminal} = this.#scene
    terminal.step('A second snapshot, stopped under way')
    for (let attempt = 1; attempt <= STOP_ATTEMPTS; attempt++) {
      const id = `demo-${attempt + 1}`
      const data = {'data-collections': [`${DATABASE}.orders`, `${DATABASE}.order_items`]}
      await this.#signal(admin, {id, type: 'execute-snapshot', data})
      await this.#answer(run, id)
      await run.watch('the second snapshot to be under way', SNAPSHOT_WITHIN_MS, status => {
        const ours = tablesOf(status, id)
        const isOver = ours.every(table => table.state === 'done')
        const done = sum(ours, table => table.rowsDone)
        return isOver || done > STOP_AT * sum(ours, table => table.rowsEstimated) || undefined
      })
      await this.#signal(admin, {id: `${id}-stop`, type: 'stop-snapshot', data})
      await this.#answer(run, `${id}-stop`)
      const tables = tablesOf(await run.status(), id)
      for (const {table, state, rowsDone, rowsEstimated} of tables) {
        terminal.line(`${table}: ${state} after ${withCommas(rowsDone)} of about ${withCommas(rowsEstimated)} rows`)
      }
      if (tables.some(table => table.state === 'stopped')) return
      terminal.line('the snapshot was done before the stop came; once more')
    }
    throw new DemoError('no snapshot could be stopped under way: they were all done too early; try more --orders')
  }

  async #prove(config: string, {run, writer}: {run: TidemarkRun; writer: ShopWriter}): Promise<void> {
    const {terminal, undo} = this.#scene
    terminal.step(
      `The proof: every topic, folded by key (or as a multiset), equals its table: tidemark verify ${shownPath(config)}`,
    )
    await writer.stop()
    terminal.line(`the writer has stopped after ${withCommas(writer.total)} changed rows`)
    const {code} = await tidemark(['verify', config], undo, line => terminal.line(line))
    if (code !== 0) throw new DemoError(`tidemark verify ended with ${String(code)}: see the lines above`)
    const status = await run.status()
    this.#figures.events = status.sink.eventsEmitted
    this.#figures.peakMegabytes = run.peakMegabytes()
  }

  #summarize(end: {writer: ShopWriter; config: DemoConfig; elapsedMs: number}): void {
    const {terminal} = this.#scene
    terminal.title('\nSummary')
    const summary = closingSummary({...end, figures: this.#figures, changes: end.writer.counts})
    for (const [name, text] of summary) terminal.line(`${name.padEnd(14)} ${text}`)
    terminal.success('Every topic equals its table.')
  }

  async #stay({mysql, kafka}: DemoServers, run: TidemarkRun): Promise<void> {
    const {terminal, interruption} = this.#scene
    terminal.title('\nEverything stays up until Ctrl-C; in another terminal:')
    if (mysql.clientCommand !== null) terminal.command(`${mysql.clientCommand.join(' ')} ${DATABASE}`)
    if (kafka !== null) terminal.line(`Kafka: ${kafka.bootstrap}`)
    terminal.command(`curl -s ${run.statusUrl}`)
    await interruption
  }

  async #signal(admin: Connection, {id, type, data}: {id: string; type: string; data: object}): Promise<void> {
    const sql = `INSERT INTO ${SIGNAL_TABLE} VALUES ('${id}', '${type}', '${JSON.stringify(data)}')`
    this.#scene.terminal.command(`${sql};`)
    await admin.query(sql)
  }

  /** Shows what became of the signal. */
  async #answer(run: TidemarkRun, id: string): Promise<SignalReceipt> {
    const receipt = await run.watch(`the answer to signal ${id}`, ANSWER_WITHIN_MS, ({signals}) =>
      signals.find(signal => signal.id === id),
    )
    const reason = receipt.reason === null ? '' : `: ${receipt.reason}`
    this.#scene.terminal.line(`answer: ${receipt.type} ${receipt.id} ${receipt.result}${reason}`)
    if (receipt.result === 'rejected') throw new DemoError(`signal ${id} was rejected${reason}`)
    return receipt
  }
}

function tablesOf(status: StatusReport, snapshot: string): readonly TableStatus[] {
  return status.snapshot.tables.filter(table => table.snapshot === snapshot)
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
