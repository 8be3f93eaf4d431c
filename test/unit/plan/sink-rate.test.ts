import assert from 'node:assert/strict'
import {once} from 'node:events'
import {createServer, type AddressInfo} from 'node:net'
import {test} from 'node:test'
import type {SinkSettings} from '../../../src/config/settings.ts'
import {sinkRate} from '../../../src/plan/sink-rate.ts'

const nothing = {givenRowsPerSecond: null, observedRowsPerSecond: null}
const file = {type: 'file'} as SinkSettings

test('what somebody says wins over what is seen, and that over what is assumed', async () => {
  const all = await sinkRate(file, {givenRowsPerSecond: 10, observedRowsPerSecond: 20})
  assert.deepEqual([all.basis, all.rowsPerSecond, all.bytesPerSecond], ['given', 10, null])
  const seen = await sinkRate(file, {...nothing, observedRowsPerSecond: 20})
  assert.deepEqual([seen.basis, seen.rowsPerSecond, seen.bytesPerSecond], ['observed', 20, null])
  const assumed = await sinkRate(file, nothing)
  assert.deepEqual([assumed.basis, assumed.rowsPerSecond, assumed.bytesPerSecond], ['assumed', null, 500_000_000])
  assert.match(assumed.because, /500 MB\/s/)
})

test('whoever reads standard output is no bound', async () => {
  const {bytesPerSecond, rowsPerSecond} = await sinkRate({type: 'stdout'}, nothing)
  assert.deepEqual([bytesPerSecond, rowsPerSecond], [null, null])
})

test('a broker takes 512 KB for each of its acknowledgements, whose way is measured', async t => {
  const server = createServer(socket => socket.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const {port} = server.address() as AddressInfo
  const kafka = (address: string): SinkSettings =>
    ({type: 'kafka', bootstrapServers: [address]}) as unknown as SinkSettings
  const near = await sinkRate(kafka(`127.0.0.1:${port}`), nothing)
  const milliseconds = 2.5 + Number(/a network of ([\d.]+) ms, measured/.exec(near.because)![1])
  assert.ok(Math.abs(near.bytesPerSecond! / ((512 * 1024 * 1000) / milliseconds) - 1) < 0.05)
  const away = await sinkRate(kafka('127.0.0.1:1'), nothing)
  assert.match(away.because, /127\.0\.0\.1:1 does not answer now/)
  assert.equal(Math.round(away.bytesPerSecond!), Math.round((512 * 1024 * 1000) / 2.5))
})
