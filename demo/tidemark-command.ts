// Tidemark as its users run it: one process for each command, and `run` as a process that is watched by its status.

import {closeSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {StatusReport} from '../src/task/status.ts'
import {eventually} from '../tools/servers/eventually.ts'
import {OwnedProcess, type ProcessEnd} from '../tools/servers/owned-process.ts'
import {lastLines} from '../tools/servers/run-command.ts'
import {DemoError} from './demo-error.ts'
import type {UndoStack} from './undo-stack.ts'

const CLI = join(import.meta.dirname, '..', 'src', 'cli.js')
const STREAMING_WITHIN_MS = 30_000
/** Between two looks at the status. */
const INTERVAL_MS = 50

export interface CommandEnd {
  readonly code: number | null
  readonly output: string
}

/** Runs a command to its end, or to ours; its lines, of both outputs, are given as they come. */
export async function tidemark(
  args: readonly string[],
  undo: UndoStack,
  onLine: (line: string) => void = () => undefined,
): Promise<CommandEnd> {
  const command = OwnedProcess.start(process.execPath, [CLI, ...args], {stdout: 'pipe', stderr: 'pipe'})
  undo.add(async () => {
    await command.stop('SIGKILL') // It has nothing to finish.
  })
  const texts: string[] = []
  for (const stream of [command.stdout, command.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (text: string) => {
      texts.push(text)
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(onLine)
    })
    stream?.on('end', () => {
      if (rest !== '') onLine(rest)
    })
  }
  const {code} = await command.ended
  return {code, output: texts.join('')}
}

/** A running `tidemark run`. */
export class TidemarkRun {
  readonly statusUrl: string
  readonly #process: OwnedProcess
  readonly #logFile: string
  #isStopping = false

  /** `onEnd` is told the reason when the process ends without being asked to. */
  constructor(options: {config: string; listen: string; logFile: string; onEnd: (error: DemoError) => void}) {
    this.statusUrl = `http://${options.listen}/status`
    this.#logFile = options.logFile
    const log = openSync(options.logFile, 'w')
    try {
      this.#process = OwnedProcess.start(process.execPath, [CLI, 'run', options.config], {stderr: log})
    } finally {
      closeSync(log)
    }
    void this.#process.ended.then(({code, signal}) => {
      if (this.#isStopping) return
      const end = lastLines(readFileSync(this.#logFile, 'utf8'), 5)
      options.onEnd(new DemoError(`tidemark run ended with ${String(code ?? signal)}; the end of its log:\n${end}`))
    })
  }

  async status(): Promise<StatusReport> {
    const response = await fetch(this.statusUrl, {signal: AbortSignal.timeout(5000)})
    if (!response.ok) throw new DemoError(`GET ${this.statusUrl}: ${response.status}`)
    return (await response.json()) as StatusReport
  }

  /** Looks again and again until `found` gives something. */
  async watch<T>(what: string, timeoutMs: number, found: (status: StatusReport) => T | undefined): Promise<T> {
    return await eventually({what, timeoutMs, intervalMs: INTERVAL_MS}, async () => found(await this.status()))
  }

  async untilStreaming(): Promise<void> {
    await this.watch('tidemark to stream', STREAMING_WITHIN_MS, ({streaming}) => streaming || undefined)
  }

  /** The most memory that the process had so far; null where the system does not say. */
  peakMegabytes(): number | null {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, 'utf8'))?.[1]
      return kilobytes === undefined ? null : Number(kilobytes) / 1024
    } catch {
      return null
    }
  }

  /** Ends it, however that goes. May be called twice. */
  async end(): Promise<ProcessEnd> {
    this.#isStopping = true
    return await this.#process.stop('SIGTERM')
  }

  /** Ends it as an operator would; what is in flight is flushed. */
  async stop(): Promise<void> {
    const {code, signal} = await this.end()
    if (code !== 0) throw new DemoError(`tidemark run ended with ${String(code ?? signal)}; see ${this.#logFile}`)
  }
}
