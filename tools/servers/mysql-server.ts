// A real MySQL for demo, tests and bench: what callers get, and the ways to get one.

import {dockerMysql} from './docker-mysql.ts'
import {givenMysql} from './given-servers.ts'
import {localMysql} from './local-mysql.ts'
import {firstThatWorks} from './ways.ts'

export interface MysqlAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

export interface MysqlServer extends MysqlAddress {
  /** `docker`, `debian` or `given`: how it was provisioned. */
  readonly way: string
  /** Of the server's process; null where it runs in a container or elsewhere. Changes with `start`. */
  readonly pid: number | null
  /** Null where it is not on this machine's file system. */
  readonly dataDir: string | null
  /** The command line client, connected as root, ready for SQL on its standard input; null where there is none. */
  readonly clientCommand: readonly string[] | null
  /** The end, orderly where data are kept; a directory of our own choice is removed. May be called twice. */
  stop(): Promise<void>
  /** As after kill -9. The data stay for `start`. */
  kill(): Promise<void>
  /** Again on the same data and port, after `kill` or `pause`. */
  start(): Promise<void>
  /** Orderly end that keeps the data for `start`. */
  pause(): Promise<void>
}

export interface MysqlOptions {
  /** Absolute or relative to the working directory; new or empty: initialised. Default: a directory that `stop` removes. */
  readonly dataDir?: string
  readonly port?: number
  /** More options of mysqld, as `--binlog-format=ROW`; they win over the defaults. */
  readonly options?: readonly string[]
  /** Keep the data at `stop`. Default: only where `dataDir` is given. */
  readonly keepData?: boolean
  /** Our process may end while the server runs, which then ends, too. */
  readonly unref?: boolean
}

/** A server of the caller's own, which may be stopped, killed and started again. */
export async function startMysql(options: MysqlOptions = {}): Promise<MysqlServer> {
  return await firstThatWorks('MySQL', [
    {name: 'Docker', attempt: async () => await dockerMysql(options)},
    {name: "Debian's packages", attempt: async () => await localMysql(options)},
  ])
}

/** The server that the environment names, else one of our own. */
export async function provideMysql(options: MysqlOptions = {}): Promise<MysqlServer> {
  return givenMysql() ?? (await startMysql(options))
}
