// exactly.once.support=required on real servers: whatever ends the process or its connections, whoever reads committed
// records sees every event once, and every notification.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {freePort} from '../../tools/servers/free-port.ts'
import {startKafka} from '../../tools/servers/kafka-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {exactlyOnceUnderWrites, killed} from '../support/exactly-once-scenario.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'

test('eight kills at random instants: every event comes once', async t => {
  const {kafka} = await integrationServers()
  const scenario = await exactlyOnceUnderWrites(t, {bootstrap: kafka.bootstrap, size: 400, kinds: 6})
  await killed(t, scenario, {kills: 8, between: [0, 1200]})
  await scenario.judge()
})

test('a broker killed twice and connections cut all the time: every event comes once', async t => {
  const port = await freePort()
  const proxy = await TcpProxy.start(t, {host: '127.0.0.1', port})
  const kafka = await startKafka({port, config: {'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}`}})
  onCleanUp(t, async () => {
    await kafka.stop()
  })
  const scenario = await exactlyOnceUnderWrites(t, {bootstrap: kafka.bootstrap, size: 300, kinds: 3})
  const tidemark = await scenario.run()
  const before = proxy.connections
  proxy.cutEvery(3_000_000)
  await delay(2000)
  for (let kill = 0; kill < 2; kill++) {
    await kafka.kill()
    await delay(300)
    await kafka.start()
    await tidemark.waitForStatus(({sink, streaming}) => sink.state === 'open' && streaming, 60_000)
    await delay(1000)
  }
  proxy.cutEvery(null)
  assert.ok(proxy.connections - before > 4, `${proxy.connections - before} connections were cut`)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  await scenario.judge()
})
