// MySQL in a container.

import {randomBytes} from 'node:crypto'
import {createConnection} from 'mysql2/promise'
import {startContainer} from './docker-engine.ts'
import {eventually} from './eventually.ts'
import {freePort} from './free-port.ts'
import type {MysqlOptions, MysqlServer} from './mysql-server.ts'
import {defaultMysqldOptions} from './mysqld-options.ts'
import {NotHere} from './servers-error.ts'

export async function dockerMysql(options: MysqlOptions): Promise<MysqlServer> {
  if (options.dataDir !== undefined) throw new NotHere('a data directory of ours is asked for')
  // A container's port may be open to the network.
  const password = randomBytes(12).toString('hex')
  const port = options.port ?? (await freePort())
  const container = await startContainer({
    service: 'mysql',
    environment: {MYSQL_ROOT_PASSWORD: password, MYSQL_ROOT_HOST: '%'},
    command: [...defaultMysqldOptions, ...(options.options ?? [])],
    ports: [{container: 3306, host: port}],
  })
  const {host} = container
  const ready = async (): Promise<void> => {
    await eventually({what: 'MySQL to accept connections', timeoutMs: 120_000}, async () => {
      const connection = await createConnection({host, port, user: 'root', password})
      await connection.end()
      return true
    })
  }
  await ready()
  return {
    way: 'docker',
    host,
    port,
    user: 'root',
    password,
    pid: null,
    dataDir: null,
    clientCommand: ['docker', 'exec', '-i', container.id, 'mysql', '-uroot', `-p${password}`],
    stop: async () => {
      await container.remove()
    },
    kill: async () => {
      await container.kill()
    },
    pause: async () => {
      await container.pause()
    },
    start: async () => {
      await container.start()
      await ready()
    },
  }
}
