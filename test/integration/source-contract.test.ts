// The real MySQL passes the suite that the simulated one passes.

import {randomBytes} from 'node:crypto'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import {ServerSession} from '../../src/task/server-session.ts'
import {sourceContract} from '../contract/source-contract.ts'
import type {SourceChange} from '../contract/source-contract.ts'
import {binlogPlace, gtidPlace, readerSettings} from '../support/binlog-reading.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {loadKeys} from '../support/config-file.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {quietLog} from '../support/quiet-log.ts'

sourceContract('MySQL', async t => {
  const {name, server, connection} = await freshDatabase(t, 'source')
  await connection.query(`
    CREATE TABLE a (id INT NOT NULL PRIMARY KEY, v INT NOT NULL);
    CREATE TABLE b (id INT NOT NULL PRIMARY KEY, v INT NOT NULL);
    CREATE TABLE \`signal\` (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32), data VARCHAR(2048))`)
  // A user of its own, so that its connections can be told from all others and killed.
  const user = `source_${randomBytes(4).toString('hex')}`
  await connection.query(`CREATE USER '${user}' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO '${user}'`)
  onCleanUp(t, async () => {
    await connection.query(`DROP USER '${user}'`)
  })
  const database = readerSettings({...server, user, password: 'pw'}, {tls: TLS})
  const {settings} = await loadKeys(t, {
    'signal.data.collection': `${name}.signal`,
    'database.include.list': name,
  })
  const session = new ServerSession({...settings, database}, quietLog, new AbortController().signal)
  const prepared = await session.prepare(null)
  onCleanUp(t, async () => {
    session.close()
    await Promise.resolve()
  })
  return {
    server: session.server(),
    binlog: new BinlogReader(database),
    serverUuid: prepared!.state.serverUuid,
    database: name,
    signalTable: {database: name, table: 'signal'},
    write: async changes => {
      await connection.query(['BEGIN', ...changes.map(statement), 'COMMIT'].join('; '))
    },
    addColumn: async column => {
      await connection.query(`ALTER TABLE a ADD COLUMN ${column} VARCHAR(20)`)
    },
    places: async () => [await gtidPlace(connection), await binlogPlace(connection)],
    markIds: async () => {
      const [rows] = await connection.query('SELECT id FROM `signal`')
      return (rows as {id: string}[]).map(({id}) => id)
    },
    breakConnections: async () => {
      const [rows] = await connection.query('SELECT id FROM information_schema.processlist WHERE user = ?', [user])
      for (const {id} of rows as {id: string}[]) await connection.query(`KILL ${id}`).catch(() => undefined)
    },
  }
})

const TLS = {mode: 'preferred', caFile: null, certFile: null, keyFile: null} as const

function statement({op, id, v = 0}: SourceChange): string {
  if (op === 'c') return `INSERT INTO a (id, v) VALUES (${id}, ${v})`
  if (op === 'u') return `UPDATE a SET v = ${v} WHERE id = ${id}`
  return `DELETE FROM a WHERE id = ${id}`
}
