// Breaks when kafkajs changes what src/kafka/kafkajs-seam.ts reaches into.

import assert from 'node:assert/strict'
import {once} from 'node:events'
import {createRequire} from 'node:module'
import {createServer, type AddressInfo, type Socket} from 'node:net'
import {test, type TestContext} from 'node:test'
import {BrokerLink} from '../../../src/kafka/kafkajs-seam.ts'
import {quietLog} from '../../support/quiet-log.ts'

const API_VERSIONS = 18
const PRODUCE = 0

interface Request {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly bytes: Buffer
}

/** A broker of the barest kind: answers ApiVersions, and hands every other request to the test. */
async function bareBroker(
  t: TestContext,
  serve: (request: Request, socket: Socket) => void,
  produceVersions = {min: 3, max: 12},
) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        if (rest.length < 4 || rest.length < 4 + rest.readInt32BE(0)) return
        const bytes = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(4 + bytes.length)
        const request = {
          apiKey: bytes.readInt16BE(0),
          apiVersion: bytes.readInt16BE(2),
          correlationId: bytes.readInt32BE(4),
          bytes,
        }
        if (request.apiKey === API_VERSIONS) socket.write(apiVersions(request, produceVersions))
        else serve(request, socket)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {address: {host: '127.0.0.1', port: (server.address() as AddressInfo).port}, sockets}
}

function answer(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

/** Version 0 to 2 as asked: error code, the APIs, throttle time from version 1 on. */
function apiVersions({correlationId, apiVersion}: Request, produce: {min: number; max: number}): Buffer {
  const body = Buffer.alloc(2 + 4 + 6 + (apiVersion >= 1 ? 4 : 0))
  body.writeInt32BE(1, 2)
  body.writeInt16BE(PRODUCE, 6)
  body.writeInt16BE(produce.min, 8)
  body.writeInt16BE(produce.max, 10)
  return answer(correlationId, body)
}

const settings = {clientId: 'unit', security: {tls: null, sasl: null}, requestTimeoutMs: 500, log: quietLog}

test('kafkajs is the version that the seam was written for', () => {
  const {version} = createRequire(import.meta.url)('kafkajs/package.json') as {version: string}
  assert.equal(version, '2.2.4')
})

test('a produce request leaves at once in the pieces given, and its answer comes back', async t => {
  const {address} = await bareBroker(t, (request, socket) => {
    assert.equal(request.apiKey, PRODUCE)
    socket.write(answer(request.correlationId, Buffer.from(`got ${request.bytes.subarray(8).toString()}`)))
  })
  const link = await BrokerLink.connect(address, 1, settings)
  t.after(() => link.destroy(new Error('test ends')))
  assert.equal(link.produceVersion, 7)
  const ask = (text: string) =>
    link.produce(({correlationId, clientId, version}) => {
      assert.deepEqual([clientId, version], ['unit', 7])
      const head = Buffer.alloc(12)
      head.writeInt32BE(8 + text.length, 0)
      head.writeInt16BE(PRODUCE, 4)
      head.writeInt16BE(version, 6)
      head.writeInt32BE(correlationId, 8)
      return [head, Buffer.from(text)]
    })
  const answers = await Promise.all([ask('one'), ask('two')])
  assert.deepEqual(answers.map(String), ['got one', 'got two'])
  assert.ok(link.takesRequests)
})

const frame = ({correlationId}: {correlationId: number}): Buffer[] => {
  const head = Buffer.alloc(12)
  head.writeInt32BE(8, 0)
  head.writeInt32BE(correlationId, 8)
  return [head]
}

test('a request without an answer is timed out', async t => {
  const {address} = await bareBroker(t, () => {})
  const link = await BrokerLink.connect(address, 1, settings)
  t.after(() => link.destroy(new Error('test ends')))
  await assert.rejects(link.produce(frame), {name: 'KafkaJSRequestTimeoutError'})
})

test('a connection that the broker ends rejects what is in flight and takes nothing more', async t => {
  const {address} = await bareBroker(t, (_request, socket) => socket.end())
  const link = await BrokerLink.connect(address, 1, settings)
  await assert.rejects(Promise.all([link.produce(frame), link.produce(frame)]))
  assert.equal(link.takesRequests, false)
  await assert.rejects(link.produce(frame), {code: 'ENOTCONN'})
})

test('destroy rejects what is in flight with the reason', async t => {
  const {address} = await bareBroker(t, () => {})
  const link = await BrokerLink.connect(address, 1, settings)
  const reason = new Error('test ends')
  const asked = assert.rejects(link.produce(frame), reason)
  link.destroy(reason)
  await asked
  assert.equal(link.isAlive, false)
})

test('a broker that is too old is refused', async t => {
  const {address} = await bareBroker(t, () => {}, {min: 0, max: 2})
  await assert.rejects(BrokerLink.connect(address, 1, settings), /version 3 to 7/)
})
