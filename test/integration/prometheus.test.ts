// The monitoring examples with Prometheus's own programs: the alarms' tests, and a real Prometheus that scrapes a real run.

import assert from 'node:assert/strict'
import {join} from 'node:path'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {numberedTable, prepareCapture, receipt, type Capture} from '../support/capture.ts'
import {panelExpressions} from '../support/grafana-dashboard.ts'
import {alarmExpressions, promtool, startPrometheus, type Alert, type Prometheus} from '../support/prometheus.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

test('promtool takes configuration and alarms, and each alarm passes its test', async () => {
  for (const args of ['check config prometheus.yml', 'check rules rules.yml', 'test rules rules.test.yml']) {
    const {code, said} = await promtool(args.split(' '))
    assert.equal(code, 0, `promtool ${args}: ${said}`)
  }
})

test('a Prometheus that scrapes a run answers every panel and every alarm, and alarms come and go', async t => {
  const {capture, tidemark} = await busyTask(t)
  const prometheus = await startPrometheus(t, new URL(tidemark.url).host)

  await t.test('it takes our page, and promtool has nothing against the names of our own', async () => {
    await until('a scrape', async () => (await prometheus.query('up{job="tidemark"}'))[0]?.value === 1)
    assert.equal(await prometheus.scrapeError(), '')
    const page = await (await fetch(`${tidemark.url}/metrics`)).text()
    const {code, said} = await promtool(['check', 'metrics'], page)
    assert.notEqual(code, 1, `promtool cannot read the page: ${said}`)
    // Those of Debezium and of Node's library have their names from others.
    const ours = said
      .split('\n')
      .filter(line => /^\S+ \S/.test(line) && !/^(debezium_metrics|nodejs|process)_/.test(line))
    assert.deepEqual(ours, [])
  })

  await t.test('every panel has a value while tables are copied and rows change', async () => {
    const note = new ChangingRows(capture)
    for (const {title, expression} of panelExpressions()) {
      await until(`${title}: ${expression}`, async () => {
        await note.change()
        return (await prometheus.query(expression)).some(({value}) => Number.isFinite(value))
      })
    }
  })

  await t.test('every metric that an alarm asks for is there', async () => {
    for (const expression of await alarmExpressions()) {
      await prometheus.query(expression)
      for (const metric of metricsOf(expression)) {
        const series = await prometheus.query(`last_over_time(${metric}[10m])`)
        assert(series.length > 0, `${metric} of ${expression} has no value`)
      }
    }
    assert.deepEqual(await prometheus.brokenRules(), [])
  })

  await t.test('nothing is wrong, so no alarm is there; a TRUNCATE that is skipped is one', async () => {
    assert.deepEqual((await prometheus.alerts()).map(text), [])
    await capture.connection.query('TRUNCATE TABLE quiet')
    const instance = new URL(tidemark.url).host
    await alarmed(prometheus, [`TidemarkDiverged firing: 1 tables of ${instance} are no longer what their topics say.`])
  })

  await t.test('a task that is gone is an alarm', async () => {
    const {host} = new URL(tidemark.url)
    await tidemark.kill()
    await alarmed(prometheus, [`TidemarkDown firing: ${host} does not answer.`])
    assert.deepEqual(
      (await prometheus.query('up{job="tidemark"}')).map(({value}) => value),
      [0],
    )
  })
})

/** Copies a table for longer than the test lasts, with a channel of signals beside the table's. */
async function busyTask(
  t: Parameters<typeof prepareCapture>[0],
): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const capture = await prepareCapture(t, {prefix: 'prometheus', config: {'incremental.snapshot.chunk.size': '10'}})
  const {connection, database, folder} = capture
  await connection.query(numberedTable('a', 1_000) + numberedTable('quiet', 3))
  const tidemark = await capture.run(t, {
    'signal.enabled.channels': 'source,file',
    'signal.file': join(folder, 'signals.txt'),
  })
  await tidemark.waitForStreaming()
  const filter = {'data-collection': `${database.name}.a`, filter: 'SLEEP(0.05) = 0'}
  await receipt(tidemark, await capture.snapshot(['a'], {'additional-conditions': [filter]}))
  return {capture, tidemark}
}

/** One row of each operation, and a changed one for what the copy has not yet come to. */
class ChangingRows {
  readonly #capture: Capture
  #id = 1_000_000

  constructor(capture: Capture) {
    this.#capture = capture
  }

  async change(): Promise<void> {
    const id = this.#id++
    await this.#capture.connection.query(
      `INSERT INTO a (id, note) VALUES (${id}, 'new'); UPDATE a SET note = 'newer' WHERE id = ${id}; DELETE FROM a WHERE id = ${id}`,
    )
  }
}

function metricsOf(expression: string): string[] {
  return [...expression.matchAll(/\b(?:tidemark|debezium_metrics|process)_\w+|\bup\b/g)].map(match => match[0])
}

function text({state, labels, annotations}: Alert): string {
  return `${labels['alertname'] ?? ''} ${state}: ${annotations['summary'] ?? ''}`
}

async function alarmed(prometheus: Prometheus, wanted: readonly string[]): Promise<void> {
  await until(wanted.join(', '), async () => {
    assert.deepEqual((await prometheus.alerts()).map(text), wanted)
    return true
  })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  await eventually({what, timeoutMs: 60_000, intervalMs: 100}, async () => ((await holds()) ? true : undefined))
}
