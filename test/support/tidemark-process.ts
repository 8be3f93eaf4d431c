// Tidemark as its users run it: the command line in a process of its own, watched through its log and its status.

import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {eventually} from '../../tools/servers/eventually.ts'
import {OwnedProcess, type ProcessEnd} from '../../tools/servers/owned-process.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'
import type {Config} from './tidemark-config.ts'

const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.js')

/** A line of the log; `text` is the line as it was written, also where it is no JSON. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What CONTRACT.md promises of GET /status, as far as tests ask for it. */
export interface StatusPage {
  readonly state: 'starting' | 'running' | 'paused' | 'stopping' | 'failed'
  readonly streaming: boolean
  readonly position: {readonly file: string; readonly pos: number; readonly gtidSet: string | null} | null
  readonly behindMs: number | null
  readonly snapshot: {
    readonly state: 'idle' | 'running' | 'paused' | 'failed'
    readonly windowsWaiting: number
    readonly parallel: {readonly table: string; readonly state: string; readonly waitsFor: string | null} | null
    readonly tables: readonly {
      readonly table: string
      readonly state: string
      readonly rowsDone: number
      readonly rowsEstimated: number | null
      readonly chunks: number
      readonly problem: string | null
    }[]
    readonly problem: string | null
  }
  readonly sink: {
    readonly state: string
    readonly reason?: string
    readonly bytesInFlight: number
    readonly eventsEmitted: number
  }
  readonly signals: readonly Readonly<Record<string, unknown>>[]
  readonly diverged: readonly {readonly table: string; readonly since: string; readonly reason: string}[]
  readonly tables: readonly {
    readonly table: string
    readonly completeSince: string | null
    readonly left: {readonly since: string; readonly why: string} | null
  }[]
  readonly error: unknown
}

export interface RunOptions {
  readonly config: Config
  /** Default `run`; several words for a part of a command. */
  readonly command?: string
  /** After the configuration file. */
  readonly args?: readonly string[]
  /** Where the configuration file is written. Default: a new folder. */
  readonly folder?: string
}

/** Starts `tidemark run` (or another command); killed after the test if it still runs then. */
export async function runTidemark(t: CleanUpContext, options: RunOptions): Promise<TidemarkProcess> {
  const folder = options.folder ?? (await tempFolder(t))
  const configFile = join(folder, 'tidemark.json')
  await writeFile(configFile, JSON.stringify(options.config, null, 2))
  const args = [cli, ...(options.command ?? 'run').split(' '), configFile, ...(options.args ?? [])]
  const nodeArgs = ['--enable-source-maps', ...args]
  const owned = OwnedProcess.start(process.execPath, nodeArgs, {cwd: folder, stdout: 'pipe', stderr: 'pipe'})
  const tidemark = new TidemarkProcess(owned, options.config)
  onCleanUp(t, async () => {
    await tidemark.kill()
  })
  return tidemark
}

export class TidemarkProcess {
  /** Every line of standard error so far. */
  readonly log: LogLine[] = []
  /** Resolves at the end of the process. */
  readonly ended: Promise<ProcessEnd>
  readonly pid: number
  /** Of the HTTP interface, without a path. */
  readonly url: string
  readonly statusUrl: string
  readonly #process: OwnedProcess
  readonly #stdout: Buffer[] = []
  readonly #watchers = new Set<() => void>()
  /** Ended, and the log is complete. */
  #over = false

  constructor(owned: OwnedProcess, config: Config) {
    this.#process = owned
    this.pid = owned.pid
    this.url = `http://${config['http.listen'] ?? '127.0.0.1:8083'}`
    this.statusUrl = `${this.url}/status`
    owned.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk))
    if (owned.stderr !== null) {
      createInterface({input: owned.stderr}).on('line', line => {
        this.log.push(logLine(line))
        this.#notify()
      })
    }
    this.ended = owned.ended.finally(() => {
      this.#over = true
      this.#notify()
    })
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString()
  }

  get stderr(): string {
    return this.log.map(({text}) => text).join('\n')
  }

  /** The first line, also of those already written, that has this message or satisfies the predicate. */
  async waitForLog(wanted: string | ((line: LogLine) => boolean), timeoutMs = 30_000): Promise<LogLine> {
    const matches = typeof wanted === 'string' ? (line: LogLine) => line.msg === wanted : wanted
    const what = typeof wanted === 'string' ? `the log line "${wanted}"` : 'a log line'
    let seen = 0
    return await new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.log.slice(seen).find(matches)
        seen = this.log.length
        if (found !== undefined) finish(() => resolve(found))
        else if (this.#over) finish(() => reject(this.#failure(`no more chance for ${what}`)))
      }
      const timer = setTimeout(() => {
        finish(() => reject(this.#failure(`waited ${String(timeoutMs / 1000)} s for ${what}`)))
      }, timeoutMs)
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** The first status page that satisfies the predicate. */
  async waitForStatus(predicate: (status: StatusPage) => boolean, timeoutMs = 30_000): Promise<StatusPage> {
    let last: StatusPage | undefined
    const pointless = (): string | undefined => (this.#process.end === null ? undefined : 'the process ended')
    try {
      return await eventually({what: `a status of ${this.statusUrl}`, timeoutMs, pointless}, async () => {
        last = await this.status()
        return predicate(last) ? last : undefined
      })
    } catch (cause) {
      const page = last === undefined ? 'none' : JSON.stringify(last)
      throw new Error(this.#failure(`${String(cause)}; last status: ${page}`).message, {cause})
    }
  }

  /** Until a row that is written from now on comes through. */
  async waitForStreaming(timeoutMs = 30_000): Promise<StatusPage> {
    return await this.waitForStatus(status => status.streaming, timeoutMs)
  }

  async status(): Promise<StatusPage> {
    const response = await fetch(this.statusUrl, {signal: AbortSignal.timeout(5000)})
    if (!response.ok) throw new Error(`GET ${this.statusUrl}: ${String(response.status)}`)
    return (await response.json()) as StatusPage
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    this.#process.signal(signal)
    return await this.ended
  }

  async kill(): Promise<ProcessEnd> {
    return await this.stop('SIGKILL')
  }

  #notify(): void {
    for (const look of this.#watchers) look()
  }

  #failure(what: string): Error {
    const {end} = this.#process
    const state = end === null ? 'still running' : `ended with ${String(end.code ?? end.signal)}`
    const lines = this.log.slice(-12).map(({text}) => text)
    return new Error(`${what}; tidemark ${state}; the end of its log:\n${lines.join('\n')}`)
  }
}

function logLine(text: string): LogLine {
  try {
    const fields = JSON.parse(text) as Record<string, unknown>
    return {level: Number(fields['level']), msg: String(fields['msg']), text, fields}
  } catch {
    return {level: Number.NaN, msg: text, text, fields: {}}
  }
}
