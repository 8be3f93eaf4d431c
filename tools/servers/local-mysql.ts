// mysqld as a child process, from the unpacked packages.

import {existsSync} from 'node:fs'
import {mkdir, open, readdir, readFile, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {createConnection} from 'mysql2/promise'
import {eventually} from './eventually.ts'
import {freePort} from './free-port.ts'
import {copyTemplate, localMysqlClient, provideMysqlPackage, type MysqlPackage} from './mysql-package.ts'
import type {MysqlOptions, MysqlServer} from './mysql-server.ts'
import {defaultMysqldOptions} from './mysqld-options.ts'
import {OwnedProcess} from './owned-process.ts'
import {lastLines} from './run-command.ts'
import {newRunFolder} from './server-paths.ts'

export async function localMysql(options: MysqlOptions): Promise<MysqlServer> {
  const mysql = await provideMysqlPackage()
  const server = new LocalMysql(mysql, options, options.port ?? (await freePort()))
  await server.start()
  return server
}

class LocalMysql implements MysqlServer {
  readonly way = 'debian'
  readonly host = '127.0.0.1'
  readonly user = 'root'
  readonly password = ''
  readonly port: number
  readonly dataDir: string
  readonly #mysql: MysqlPackage
  readonly #options: readonly string[]
  readonly #keepData: boolean
  readonly #unref: boolean
  #process: OwnedProcess | null = null

  constructor(mysql: MysqlPackage, options: MysqlOptions, port: number) {
    this.#mysql = mysql
    this.port = port
    this.dataDir = options.dataDir === undefined ? newRunFolder('mysql') : resolve(options.dataDir)
    this.#keepData = options.keepData ?? options.dataDir !== undefined
    this.#unref = options.unref ?? false
    this.#options = [...defaultMysqldOptions, ...(options.options ?? [])]
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  get clientCommand(): readonly string[] | null {
    return localMysqlClient(this)
  }

  async start(): Promise<void> {
    if (this.#process?.end === null) return
    await mkdir(this.dataDir, {recursive: true})
    if ((await readdir(this.dataDir)).length === 0) await copyTemplate(this.#mysql, this.dataDir)
    const log = await open(join(this.dataDir, 'mysqld.log'), 'a')
    try {
      this.#process = OwnedProcess.start(join(this.#mysql.folder, 'bin/mysqld'), this.#arguments(), {
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

  #arguments(): string[] {
    return [
      ...this.#mysql.baseOptions,
      `--datadir=${this.dataDir}`,
      `--port=${String(this.port)}`,
      '--bind-address=127.0.0.1',
      // Relative to the data directory: an absolute path may be longer than the address of a socket can be.
      '--socket=mysqld.sock',
      `--pid-file=${join(this.dataDir, 'mysqld.pid')}`,
      ...this.#options,
    ]
  }

  async #untilReady(process: OwnedProcess): Promise<void> {
    const logFile = join(this.dataDir, 'mysqld.log')
    const pointless = (): string | undefined => (process.end === null ? undefined : 'mysqld ended')
    const {host, port, user, password} = this
    try {
      await eventually({what: 'MySQL to accept connections', timeoutMs: 60_000, pointless}, async () => {
        const connection = await createConnection({host, port, user, password})
        await connection.end()
        return true
      })
    } catch (error) {
      await this.kill()
      const log = existsSync(logFile) ? await readFile(logFile, 'utf8') : ''
      if (error instanceof Error) error.message += `; the end of its log:\n${lastLines(log, 8)}`
      await this.stop()
      throw error
    }
  }
}
