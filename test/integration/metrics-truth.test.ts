// GET /metrics against the server and over a change of the configuration.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {numberedTable, prepareCapture, readIds, snapshotEnded} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {passed, patch} from '../support/parallel-scene.ts'
import {parsePrometheusText, valueOf, type ParsedMetric} from '../support/prometheus-text.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

async function scrape({url}: TidemarkProcess): Promise<Map<string, ParsedMetric>> {
  return parsePrometheusText(await (await fetch(`${url}/metrics`)).text())
}

test('rows of a copy by a read view count, and no counter falls where a change begins the task again', async t => {
  const capture = await prepareCapture(t, {prefix: 'metrics'})
  const {name} = capture.database
  await capture.connection.query(
    `${numberedTable('a', 40)} ${numberedTable('clicks', 300)} ALTER TABLE clicks DROP PRIMARY KEY`,
  )
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['clicks', 'a']))
  await capture.connection.query("UPDATE a SET note = 'x' WHERE id < 4; INSERT INTO clicks VALUES (301, 'y')")
  await passed(tidemark, capture)
  const before = await scrape(tidemark)

  await patch(tidemark, {'snapshot.max.rows.per.second': '900'})
  await tidemark.waitForLog('stopped to begin again')
  await tidemark.waitForStreaming()
  const after = await scrape(tidemark)
  assert.equal((await readIds(capture, 'clicks')).length, 300)
  for (const metrics of [before, after]) {
    const rows = (table: string): number | null =>
      valueOf(metrics, 'debezium_metrics_RowsScanned', {table: `${name}.${table}`})
    assert.deepEqual([rows('clicks'), rows('a')], [300, 40])
    const changes = (table: string, operation: string): number | null =>
      valueOf(metrics, 'tidemark_stream_rows_total', {table: `${name}.${table}`, operation})
    assert.deepEqual([changes('a', 'update'), changes('clicks', 'create')], [3, 1])
    assert.equal(valueOf(metrics, 'tidemark_signals_total', {channel: 'source', result: 'accepted'}), 2)
    assert.equal(valueOf(metrics, 'tidemark_snapshots_ended_total', {result: 'completed'}), 1)
  }
  for (const [metric, {type, samples}] of before) {
    if (type === 'gauge' || !/^(tidemark|debezium)_/.test(metric)) continue
    for (const {name: series, labels, value} of samples) {
      const same = after.get(metric)?.samples.find(each => {
        return each.name === series && JSON.stringify(each.labels) === JSON.stringify(labels)
      })
      assert(same !== undefined && same.value >= value, `${series}${JSON.stringify(labels)} falls from ${value}`)
    }
  }
})

test('while the headroom says that there is time, the binlog file of the stored position is there', async t => {
  const server = await startMysql({options: ['--binlog-expire-logs-seconds=4']})
  onCleanUp(t, async () => await server.stop())
  const proxy = await TcpProxy.start(t, server)
  const config = {'database.hostname': '127.0.0.1', 'database.port': String(proxy.port)}
  const capture = await prepareCapture(t, {prefix: 'headroom', server, config})
  const {connection} = capture
  await connection.query(numberedTable('a', 1))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await passed(tidemark, capture)
  const headroom = async (): Promise<number | null> =>
    valueOf(await scrape(tidemark), 'tidemark_binlog_headroom_seconds')
  await eventually({what: 'a headroom', timeoutMs: 30_000}, async () => (await headroom()) ?? undefined)
  assert.equal(valueOf(await scrape(tidemark), 'tidemark_binlog_retention_seconds'), 4)
  const {position} = await tidemark.status()

  proxy.refuse(true)
  let isThereAtFirst = false
  const left = await eventually({what: 'the file to be purged', timeoutMs: 60_000, intervalMs: 200}, async () => {
    const scrapedAt = performance.now()
    const told = (await headroom())!
    await connection.query('FLUSH BINARY LOGS')
    const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
    const isThere = files.some(file => file['Log_name'] === position!.file)
    isThereAtFirst ||= isThere
    return isThere ? undefined : told - (performance.now() - scrapedAt) / 1000
  })
  assert(isThereAtFirst)
  // The server counts in whole seconds.
  assert(left <= 1, `the file is purged while ${left} s are told to be left`)
  await eventually({what: 'a headroom of 0', timeoutMs: 30_000}, async () =>
    (await headroom()) === 0 ? true : undefined,
  )
})
