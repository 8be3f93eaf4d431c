import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {METRICS} from '../../../src/metrics/metric-table.ts'
import {projectRoot} from '../../../tools/servers/server-paths.ts'

const read = (name: string): string => readFileSync(join(projectRoot(), 'examples/monitoring', name), 'utf8')
const known = new Set(METRICS.flatMap(({name, type}) => (type === 'histogram' ? [`${name}_bucket`] : [name])))

function assertKnown(expression: string): void {
  const names = expression.match(/\b(?:tidemark_|debezium_metrics_)\w+/g) ?? []
  for (const name of names) assert(known.has(name), `${name} of ${expression} is no metric`)
}

test('every alarm asks for metrics that there are, has a test, and its meaning is in the README', () => {
  const rules = read('rules.yml')
  assertKnown(rules)
  const alarms = [...rules.matchAll(/- alert: (\w+)/g)].map(match => match[1]!)
  assert(alarms.length > 5)
  for (const alarm of alarms) {
    assert.match(read('README.md'), new RegExp(`^\\| ${alarm} \\|`, 'm'))
    assert.match(read('rules.test.yml'), new RegExp(`alertname: ${alarm}\\n        exp_alerts:\\n          - `))
  }
})

test('every panel of the dashboard asks for metrics that there are', () => {
  interface Panel {
    readonly id: number
    readonly targets: readonly {readonly expr: string}[]
  }
  const {panels} = JSON.parse(read('grafana-dashboard.json')) as {panels: readonly Panel[]}
  assert.equal(new Set(panels.map(({id}) => id)).size, panels.length)
  for (const {targets} of panels) {
    assert(targets.length > 0)
    for (const {expr} of targets) assertKnown(expr)
  }
})
