import assert from 'node:assert/strict'
import {once} from 'node:events'
import {readFile} from 'node:fs/promises'
import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {test} from 'node:test'
import type {Notification} from '../../../src/notifications/notification.ts'
import {appendingTo, postingTo, SerialChannel} from '../../../src/notifications/serial-channel.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {settled} from '../../support/stream-parts.ts'
import {tempFolder} from '../../support/temp-folder.ts'

function notification(id: string, type = 'COMPLETED'): Notification {
  return {id, type, aggregate_type: 'Incremental Snapshot', additional_data: {connector_name: 'p'}, timestamp: 5}
}

function channel(deliver: (text: string) => Promise<void>) {
  const log = rememberingLog()
  const delays: number[] = []
  const stop = new AbortController()
  const serial = new SerialChannel({
    place: 'there',
    deliver,
    delay: async ms => {
      delays.push(ms)
      await settled()
    },
    signal: stop.signal,
    log,
  })
  return {serial, log, delays, stop}
}

test('notifications arrive one after the other in order, and are acknowledged when they have', async () => {
  const arrived: string[] = []
  let open = false
  const {serial, log, delays} = channel(text => {
    if (!open) return Promise.reject(new Error('away'))
    arrived.push((JSON.parse(text) as {id: string}).id)
    return Promise.resolve()
  })
  const [a, b] = [serial.send(notification('a')), serial.send(notification('b'))]
  serial.flush()
  while (delays.length < 9) await settled()
  assert.deepEqual([a.acknowledged, b.acknowledged, arrived], [false, false, []])
  assert.deepEqual(delays.slice(0, 9), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  open = true
  while (!b.acknowledged) await settled()
  assert.deepEqual([a.acknowledged, arrived], [true, ['a', 'b']])
  const told = log.lines.filter(({level}) => level === 'warn')
  assert.equal(told.length, 1, 'an outage is told of once')
})

test('while nothing arrives progress is left out, and what must arrive waits', async () => {
  const {serial} = channel(() => new Promise(() => undefined))
  for (let i = 0; i < 300; i++) serial.send(notification(`p${i}`, 'IN_PROGRESS'))
  const arrived: string[] = []
  const other = channel(text => {
    arrived.push((JSON.parse(text) as {id: string}).id)
    return Promise.resolve()
  })
  for (let i = 0; i < 300; i++) other.serial.send(notification(`p${i}`, 'IN_PROGRESS'))
  const last = other.serial.send(notification('end'))
  other.serial.flush()
  while (!last.acknowledged) await settled()
  assert.equal(arrived.length, 201)
  assert.equal(arrived.at(-1), 'end')
})

test('a task that ends stops trying', async () => {
  let tries = 0
  const {serial, stop} = channel(() => {
    tries++
    return Promise.reject(new Error('away'))
  })
  serial.send(notification('a'))
  serial.flush()
  while (tries < 3) await settled()
  stop.abort()
  await settled()
  const before = tries
  for (let i = 0; i < 10; i++) await settled()
  assert.ok(tries <= before + 1)
})

test('a file gets one line for each, in Debezium’s shape', async t => {
  const path = join(await tempFolder(t), 'notes.jsonl')
  const {serial} = channel(appendingTo(path))
  serial.send(notification('a'))
  const last = serial.send(notification('b'))
  serial.flush()
  while (!last.acknowledged) await settled()
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  assert.deepEqual(JSON.parse(lines[0]!), notification('a'))
  assert.equal(lines.length, 2)
})

test('an address gets each by POST with its authorization, and anything but 2xx is tried again', async t => {
  const seen: {
    method: string | undefined
    type: string | undefined
    authorization: string | undefined
    body: string
  }[] = []
  const answers = [500, 302, 204]
  const server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      const {method, headers} = request
      seen.push({method, type: headers['content-type'], authorization: headers.authorization, body})
      response.writeHead(answers.shift() ?? 200).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const {serial, log} = channel(postingTo({url, authorization: 'Bearer geheim', timeoutMs: 5_000}))
  const sent = serial.send(notification('a'))
  serial.flush()
  while (!sent.acknowledged) await settled()
  assert.equal(seen.length, 3)
  assert.deepEqual(
    [seen[2]!.method, seen[2]!.type, seen[2]!.authorization],
    ['POST', 'application/json', 'Bearer geheim'],
  )
  assert.deepEqual(JSON.parse(seen[2]!.body), notification('a'))
  assert.doesNotMatch(JSON.stringify(log.lines), /geheim|hook/)
})
