// What we rely on in mysql2's inside, against its own server side on loopback. A failure here means: this version of
// mysql2 works in another way, see src/mysql/mysql2-internals.ts.

import assert from 'node:assert/strict'
import {once} from 'node:events'
import type {AddressInfo} from 'node:net'
import {test, type TestContext} from 'node:test'
import mysql, {type Connection as CoreConnection} from 'mysql2'
import {createConnection, type Connection} from 'mysql2/promise'
import {rawConnection, takeOverChunks} from '../../src/mysql/mysql2-internals.ts'
import {selectRows} from '../../src/mysql/row-query.ts'

interface ServerSide extends CoreConnection {
  sequenceId: number
  serverHandshake(options: object): void
  writeColumns(columns: readonly object[]): void
  writeTextRow(values: readonly unknown[]): void
  writeEof(): void
  writeError(error: {code: number; message: string}): void
}

async function serverThat(t: TestContext, answer: (connection: ServerSide) => void): Promise<Connection> {
  const server = (
    mysql as unknown as {createServer(): NodeJS.EventEmitter & {listen(port: number): unknown}}
  ).createServer()
  const sides: ServerSide[] = []
  server.on('connection', (connection: ServerSide) => {
    connection.serverHandshake({
      protocolVersion: 4,
      serverVersion: '8.0.0',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff ^ (1 << 11) ^ (1 << 5),
    })
    connection.on('error', () => undefined)
    // mysql2's server side leaves it to its user to count packets anew for each command.
    connection.on('query', () => {
      connection.sequenceId = 1
      answer(connection)
      connection.sequenceId = 0
    })
    sides.push(connection)
  })
  const net = (server as unknown as {_server: NodeJS.EventEmitter & {address(): AddressInfo; close(): void}})._server
  server.listen(0)
  await once(net, 'listening')
  const connection = await createConnection({host: '127.0.0.1', port: net.address().port, user: 'x'})
  for (const side of sides) side.sequenceId = 0
  t.after(() => {
    connection.destroy()
    net.close()
  })
  return connection
}

const COLUMN = {
  catalog: 'def',
  schema: '',
  table: '',
  orgTable: '',
  name: 'a',
  orgName: 'a',
  characterSet: 33,
  columnLength: 10,
  columnType: 253,
  flags: 0,
  decimals: 0,
}

test('the rows of a result set with EOF packets come as bytes', async t => {
  const connection = await serverThat(t, side => {
    side.writeColumns([COLUMN])
    side.writeTextRow(['one'])
    side.writeTextRow(['two'])
    side.writeEof()
  })
  const rows: string[] = []
  for (let round = 0; round < 2; round++) {
    const result = await selectRows(connection, 'SELECT', (packet, start, end) => {
      rows.push(packet.toString('latin1', start + 1, end))
    })
    assert.deepEqual(result, {rows: 2})
  }
  assert.deepEqual(rows, ['one', 'two', 'one', 'two'])
})

test('an error packet instead of rows rejects in the form of mysql2', async t => {
  const connection = await serverThat(t, side => side.writeError({code: 1064, message: 'no'}))
  await assert.rejects(
    selectRows(connection, 'SELECT', () => undefined),
    {errno: 1064, code: 'ER_PARSE_ERROR'},
  )
})

test('behind the result set the socket belongs to mysql2 again', async t => {
  const connection = await serverThat(t, side => {
    side.writeColumns([COLUMN])
    side.writeTextRow(['one'])
    side.writeEof()
  })
  const raw = rawConnection(connection)
  const parser = raw.packetParser
  await selectRows(connection, 'SELECT', () => assert.notEqual(raw.packetParser, parser))
  assert.equal(raw.packetParser, parser)
  const [rows] = await connection.query('SELECT')
  assert.deepEqual(rows, [{a: 'one'}])
})

test('an object that is no connection of mysql2 is refused by name', () => {
  assert.throws(() => rawConnection({packetParser: {}, stream: {}}), {
    code: 'TIDEMARK_MYSQL_SEAM',
    message: /addCommand/,
  })
  assert.throws(() => rawConnection(null), {code: 'TIDEMARK_MYSQL_SEAM'})
})

test('a parser amid a packet is not taken over', async t => {
  const raw = rawConnection(await serverThat(t, () => undefined))
  raw.packetParser.execute(Buffer.from([5, 0, 0, 0, 1]))
  assert.throws(() => takeOverChunks(raw, {execute: () => undefined}), {
    code: 'TIDEMARK_MYSQL_SEAM',
    message: /half read/,
  })
})
