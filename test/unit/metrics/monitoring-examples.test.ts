import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {Ajv} from 'ajv'
import {METRICS} from '../../../src/metrics/metric-table.ts'
import {projectRoot} from '../../../tools/servers/server-paths.ts'
import {resolveTemplate} from '../../support/cloudformation.ts'
import {panelExpressions, readDashboard} from '../../support/grafana-dashboard.ts'
import {GRAFANA_DASHBOARD} from '../../support/grafana-schema.ts'

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

test('the dashboard is what Grafana takes: no other names, panels that do not overlap, variables that are there', () => {
  const ajv = new Ajv({allErrors: true, discriminator: true})
  const isDashboard = ajv.compile(GRAFANA_DASHBOARD)
  const dashboard = readDashboard()
  assert(isDashboard(dashboard), ajv.errorsText(isDashboard.errors))
  const {panels, templating} = dashboard
  assert.equal(new Set(panels.map(({id}) => id)).size, panels.length)
  assert.equal(new Set(panels.map(({title}) => title)).size, panels.length)
  const fields = panels.flatMap(({gridPos: {h, w, x, y}}) => {
    assert(x + w <= 24, 'a panel that leaves the grid')
    return Array.from({length: h * w}, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`)
  })
  assert.equal(new Set(fields).size, fields.length, 'panels overlap')
  const names = new Set(templating.list.map(({name}) => name))
  for (const match of JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)) assert(names.has(match[1]!), match[0])
})

test('every panel of the dashboard asks for metrics that there are, of the Tidemarks that are chosen', () => {
  for (const {title, targets} of readDashboard().panels) {
    assert.equal(new Set(targets.map(({refId}) => refId)).size, targets.length, title)
    for (const {expr} of targets) {
      assertKnown(expr)
      for (const selector of expr.matchAll(/\b(?:tidemark|debezium_metrics|process)_\w+(\{[^}]*\})?/g)) {
        assert.match(selector[1] ?? '', /^\{instance=~"\$instance"/, `${title}: ${expr}`)
      }
    }
  }
})

/** What the course's lesson on incremental snapshots and the issue want to see. */
const LESSON = [
  'debezium_metrics_SnapshotRunning',
  'debezium_metrics_RemainingTableCount',
  'debezium_metrics_ChunkId',
  'debezium_metrics_MilliSecondsBehindSource',
  'tidemark_snapshot_seconds_left',
  'tidemark_binlog_headroom_seconds',
  'tidemark_chunk_read_seconds_bucket',
]

test('the dashboard shows what one watches of a snapshot', () => {
  const expressions = panelExpressions()
    .map(({expression}) => expression)
    .join('\n')
  for (const name of LESSON) assert.match(expressions, new RegExp(`\\b${name}\\b`))
})

test('the CloudFormation template is an alarm at 80 % of the budget, and all that it refers to is there', () => {
  const given = {ClusterIdentifier: 'shop', TopicArn: 'arn:aws:sns:eu-central-1:1:alarms'}
  const {Resources, Outputs} = resolveTemplate(read('cloudwatch-changelog-bytes.yaml'), given)
  assert.deepEqual(Outputs['AlarmName']?.Value, 'ChangeLogBytesUsedAlarm')
  const {Type, Properties} = Resources['ChangeLogBytesUsedAlarm']!
  assert.equal(Type, 'AWS::CloudWatch::Alarm')
  const {Metrics, Threshold, ComparisonOperator, EvaluationPeriods, DatapointsToAlarm, ...actions} = Properties
  assert.deepEqual([Threshold, ComparisonOperator], [80, 'GreaterThanOrEqualToThreshold'])
  assert(Number(DatapointsToAlarm) <= Number(EvaluationPeriods))
  assert.deepEqual([actions['AlarmActions'], actions['OKActions']], [[given.TopicArn], [given.TopicArn]])
  const dimension = {Name: 'DBClusterIdentifier', Value: 'shop'}
  const metric = {Namespace: 'AWS/RDS', MetricName: 'ChangeLogBytesUsed', Dimensions: [dimension]}
  assert.deepEqual(Metrics, [
    {Id: 'percent', Label: 'Percent of the budget', Expression: '100 * bytes / 107374182400', ReturnData: true},
    {Id: 'bytes', ReturnData: false, MetricStat: {Metric: metric, Period: 300, Stat: 'Maximum'}},
  ])
})
