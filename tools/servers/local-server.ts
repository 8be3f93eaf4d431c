// A server as a child process in a data directory of its own: from its start until it answers, and its end.

import {mkdir, open, readFile, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {OwnedProcess} from './owned-process.ts'
import {lastLines} from './run-command.ts'
import {newRunFolder} from './server-paths.ts'

export interface LocalServerOptions {
  /** Absent: a new one, which is removed at the end. */
  readonly dataDir?: string
  /** The data directory outlives `stop`. Default: where it was named. */
  readonly keepData?: boolean
  /** The caller may end without having stopped the server. */
  readonly unref?: boolean
}

export abstract class LocalServer {
  readonly way = 'debian'
  readonly dataDir: string
  readonly #name: string
  readonly #keepData: boolean
  readonly #unref: boolean
  #process: OwnedProcess | null = null

  /** `name`: as its program is called; its log is `name`.log. */
  constructor(name: string, kind: string, {dataDir, keepData, unref}: LocalServerOptions) {
    this.#name = name
    this.dataDir = dataDir === undefined ? newRunFolder(kind) : resolve(dataDir)
    this.#keepData = keepData ?? dataDir !== undefined
    this.#unref = unref ?? false
  }

  /** Makes the data directory one that the server can start with, and tells how to start it. */
  protected abstract prepare(): Promise<{readonly command: string; readonly args: readonly string[]}>

  /** Resolves when it answers; rejects where it does not in time, or once `pointless` says why it will not. */
  protected abstract untilAnswers(pointless: () => string | undefined): Promise<void>

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Resolves when it answers. Rejects with the end of its log. */
  async start(): Promise<void> {
    if (this.#process?.end === null) return
    await mkdir(this.dataDir, {recursive: true})
    const {command, args} = await this.prepare()
    const log = await open(this.#log, 'a')
    try {
      this.#process = OwnedProcess.start(command, args, {
        cwd: this.dataDir,
        stdout: log.fd,
        stderr: log.fd,
        unref: this.#unref,
        ...(this.#keepData ? {} : {removeWhenOrphaned: this.dataDir}),
      })
    } finally {
      await log.close()
    }
    await this.#untilReady(this.#process)
  }

  async stop(): Promise<void> {
    if (this.#keepData) return await this.pause()
    // An orderly end takes seconds, for data that nobody will read.
    await this.kill()
    await rm(this.dataDir, {recursive: true, force: true})
  }

  async pause(): Promise<void> {
    await this.#process?.stop('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  get #log(): string {
    return join(this.dataDir, `${this.#name}.log`)
  }

  async #untilReady(process: OwnedProcess): Promise<void> {
    try {
      await this.untilAnswers(() => (process.end === null ? undefined : `${this.#name} ended`))
    } catch (error) {
      await this.kill()
      if (error instanceof Error) {
        error.message += `; the end of its log:\n${lastLines(await readFile(this.#log, 'utf8'), 8)}`
      }
      await this.stop()
      throw error
    }
  }
}
