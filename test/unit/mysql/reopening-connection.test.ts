import assert from 'node:assert/strict'
import {EventEmitter} from 'node:events'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {MysqlConnection} from '../../../src/mysql/connections.ts'
import {ReopeningConnection} from '../../../src/mysql/reopening-connection.ts'

/** As mysql2's: destroyed, it never answers what was queued on it. */
class Played extends EventEmitter {
  isDestroyed = false
  readonly connection = this

  destroy(): void {
    this.isDestroyed = true
  }
}

function reopening(): {connection: ReopeningConnection; opened: Played[]} {
  const opened: Played[] = []
  const connection = new ReopeningConnection({
    open: async () => {
      const played = new Played()
      opened.push(played)
      return await Promise.resolve(played as unknown as MysqlConnection)
    },
    verify: async () => await Promise.resolve(),
  })
  return {connection, opened}
}

const never = (): Promise<never> => new Promise(() => undefined)
const lost = (): Promise<never> =>
  Promise.reject(new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', 'gone', {kind: 'retryable'}))
const givenUp = {code: 'TIDEMARK_MYSQL_CONNECTION_LOST', kind: 'retryable', message: /cannot wait: .*given up/}

test('what one use loses, the others that share the connection lose, too', async () => {
  const {connection, opened} = reopening()
  const waiting = assert.rejects(connection.use('wait', never), givenUp)
  await assert.rejects(connection.use('fail', lost), {message: 'gone'})
  await waiting
  assert.deepEqual(
    opened.map(({isDestroyed}) => isDestroyed),
    [true],
  )
})

test('a connection that is dropped by its owner fails what runs on it', async () => {
  const {connection} = reopening()
  const waiting = assert.rejects(connection.use('wait', never), givenUp)
  connection.drop()
  await waiting
})

test('an error that leaves the connection whole leaves the others alone', async () => {
  const {connection, opened} = reopening()
  const error = new TidemarkError('TIDEMARK_MYSQL_ERROR', 'no such column', {kind: 'fatal'})
  await assert.rejects(
    connection.use('fail', () => Promise.reject(error)),
    {message: 'no such column'},
  )
  assert.equal(await connection.use('answer', () => Promise.resolve(1)), 1)
  assert.equal(opened.length, 1)
})

test('a late failure of an old connection leaves the new one alone', async () => {
  const {connection, opened} = reopening()
  await connection.use('open', () => Promise.resolve())
  opened[0]?.emit('end')
  await connection.use('open again', () => Promise.resolve())
  opened[0]?.emit('error', new Error('late'))
  await connection.use('go on', () => Promise.resolve())
  assert.deepEqual(
    opened.map(({isDestroyed}) => isDestroyed),
    [false, false],
  )
})

test('a closed connection opens no more', async () => {
  const {connection, opened} = reopening()
  connection.close()
  await assert.rejects(
    connection.use('answer', () => Promise.resolve(1)),
    {code: 'TIDEMARK_MYSQL_CLOSED', kind: 'retryable'},
  )
  assert.equal(opened.length, 0)
})
