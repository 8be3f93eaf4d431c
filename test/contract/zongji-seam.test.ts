// What we rely on in zongji's inside, with connections that only answer. A failure here means: this version of zongji
// works in another way, see src/binlog/zongji-connection.ts.

import assert from 'node:assert/strict'
import {PassThrough} from 'node:stream'
import {test} from 'node:test'
import type {StreamStart} from '../../src/binlog/binlog-events.ts'
import {startDump} from '../../src/binlog/zongji-connection.ts'
import type {MysqlConnection} from '../../src/mysql/connections.ts'
import type {OutgoingPacket, RawCommand} from '../../src/mysql/mysql2-internals.ts'

type Answer = (error: Error | null, rows?: readonly object[]) => void

class Parser {
  execute = Parser.prototype.executeStart
  executeStart(): void {}
}

/** Answers zongji's questions at once, keeps what it writes, and starts commands as mysql2 does. */
class FakeConnection {
  readonly packetParser: unknown = new Parser()
  readonly stream = new PassThrough()
  readonly config = {clientFlags: 0}
  readonly serverCapabilityFlags = 0
  sequenceId = 0
  readonly log: string[] = []
  readonly packets: Buffer[] = []
  readonly version: string

  constructor(version: string) {
    this.version = version
  }

  query(sql: string, answer: Answer): void {
    this.log.push(sql)
    const rows = /VERSION/.test(sql) ? [{version: this.version}] : [{checksum: 'CRC32'}]
    queueMicrotask(() => answer(null, rows))
  }

  addCommand(command: RawCommand): void {
    this.log.push('dump')
    command.execute(undefined, this as never)
  }

  writePacket(packet: OutgoingPacket): void {
    packet.writeHeader(0)
    this.packets.push(packet.buffer)
  }

  _resetSequenceId(): void {}
}

async function dump(start: StreamStart, {fake = new FakeConnection('9.0.0'), onChunk = (_: Buffer): void => {}} = {}) {
  const wrap = (connection: FakeConnection): MysqlConnection => ({connection}) as unknown as MysqlConnection
  const control = wrap(new FakeConnection(fake.version))
  await startDump({
    connection: wrap(fake),
    control,
    serverId: 4711,
    start,
    sessionSql: 'SET @a = 1',
    onChunk,
  })
  return {fake}
}

test('the session is set, then the dump command is sent, and the chunks are ours', async () => {
  const chunks: Buffer[] = []
  const {fake} = await dump({type: 'position', file: 'binlog.000003', pos: 4000}, {onChunk: c => chunks.push(c)})
  assert.deepEqual(fake.log.slice(-2), ['SET @a = 1', 'dump'])
  const packet = fake.packets[0]!
  assert.equal(packet[4], 0x12)
  assert.equal(packet.readUInt32LE(5), 4000)
  assert.equal(packet.readUInt32LE(11), 4711)
  assert.equal(packet.toString('utf8', 15, 28), 'binlog.000003')
  const parser = fake.packetParser as {execute(chunk: Buffer): void}
  parser.execute(Buffer.from('bytes'))
  assert.deepEqual(chunks.map(String), ['bytes'])
})

test('a GTID set is sent as one, the empty set too', async () => {
  for (const executed of ['', '01020304-0506-0708-090a-0b0c0d0e0f10:1-5']) {
    const {fake} = await dump({type: 'gtid', executed})
    const packet = fake.packets[0]!
    assert.equal(packet[4], 0x1e)
    assert.equal(packet.readUInt32LE(7), 4711)
    assert.equal(packet.length, executed === '' ? 4 + 23 + 8 : 4 + 23 + 8 + 16 + 8 + 16)
  }
})

test('MariaDB is refused, and nothing is sent', async () => {
  const fake = new FakeConnection('11.4.2-MariaDB-log')
  await assert.rejects(dump({type: 'position', file: 'a', pos: 4}, {fake}), {code: 'TIDEMARK_BINLOG_MARIADB'})
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(fake.packets, [])
})

test('a position that the protocol cannot say is refused', async () => {
  await assert.rejects(dump({type: 'position', file: 'a', pos: 2 ** 32}), {code: 'TIDEMARK_BINLOG_POSITION_TOO_FAR'})
})
