// Debezium's JMX attributes, named and labelled as its JMX exporter configuration does. Attributes that are text are
// metrics with the value 1 and the text as a label, which is cut where it may grow.

import type {MetricDefinition, MetricSample} from './metric.ts'
import type {MetricsReading} from './metrics-reading.ts'

type Context = 'snapshot' | 'streaming' | 'schema-history'

export const DEBEZIUM_LABELS = ['context', 'name', 'plugin']

export interface DebeziumMetric {
  readonly name: string
  readonly type?: 'gauge' | 'counter'
  readonly context: Context
  readonly labels?: readonly string[]
  readonly help: string
  readonly read: (reading: MetricsReading) => readonly MetricSample[] | number | boolean
}

export function debezium(metric: DebeziumMetric): MetricDefinition {
  const {name, type = 'gauge', context, labels = [], help, read} = metric
  return {
    name: `debezium_metrics_${name}`,
    type,
    labels: [...DEBEZIUM_LABELS, ...labels],
    help,
    read: reading => {
      const values = read(reading)
      const samples = typeof values === 'object' ? values : [{value: Number(values)}]
      const common = {context, name: reading.server, plugin: 'mysql'}
      return samples.map(({value, labels: own = {}}) => ({value, labels: {...common, ...own}}))
    },
  }
}

/** A sample whose value is its labels. */
export function told(labels: Readonly<Record<string, string>>): MetricSample[] {
  const short = Object.entries(labels).map(([label, text]) => [label, shortened(text)])
  return [{value: 1, labels: Object.fromEntries(short) as Record<string, string>}]
}

const MOST_LABEL = 500

function shortened(text: string): string {
  return text.length <= MOST_LABEL ? text : `${text.slice(0, MOST_LABEL - 1)}…`
}
