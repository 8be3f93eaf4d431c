// mysqld as a child process, from the unpacked packages.

import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {createConnection} from 'mysql2/promise'
import {eventually} from './eventually.ts'
import {freePort} from './free-port.ts'
import {LocalServer} from './local-server.ts'
import {copyTemplate, localMysqlClient, provideMysqlPackage, type MysqlPackage} from './mysql-package.ts'
import type {MysqlOptions, MysqlServer} from './mysql-server.ts'
import {defaultMysqldOptions} from './mysqld-options.ts'

export async function localMysql(options: MysqlOptions): Promise<MysqlServer> {
  const mysql = await provideMysqlPackage()
  const server = new LocalMysql(mysql, options, options.port ?? (await freePort()))
  await server.start()
  return server
}

class LocalMysql extends LocalServer implements MysqlServer {
  readonly host = '127.0.0.1'
  readonly user = 'root'
  readonly password = ''
  readonly port: number
  readonly #mysql: MysqlPackage
  readonly #options: readonly string[]

  constructor(mysql: MysqlPackage, options: MysqlOptions, port: number) {
    super('mysqld', 'mysql', options)
    this.#mysql = mysql
    this.port = port
    this.#options = [...defaultMysqldOptions, ...(options.options ?? [])]
  }

  get clientCommand(): readonly string[] | null {
    return localMysqlClient(this)
  }

  protected override async prepare(): Promise<{command: string; args: readonly string[]}> {
    if ((await readdir(this.dataDir)).length === 0) await copyTemplate(this.#mysql, this.dataDir)
    return {command: join(this.#mysql.folder, 'bin/mysqld'), args: this.#arguments()}
  }

  protected override async untilAnswers(pointless: () => string | undefined): Promise<void> {
    const {host, port, user, password} = this
    await eventually({what: 'MySQL to accept connections', timeoutMs: 60_000, pointless}, async () => {
      const connection = await createConnection({host, port, user, password})
      await connection.end()
      return true
    })
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
}
