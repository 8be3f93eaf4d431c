// Every metric, in the order in which they are documented. GET /metrics and docs/metrics.md are made from this.
// Names with capitals are Debezium's JMX attributes as its JMX exporter configuration spells them.

import {COMMON_METRICS, SCHEMA_HISTORY_METRICS} from './common-metrics.ts'
import {debezium} from './debezium-metric.ts'
import type {MetricDefinition} from './metric.ts'
import {OWN_METRICS} from './own-metrics.ts'
import {SNAPSHOT_METRICS} from './snapshot-metrics.ts'
import {STREAMING_METRICS} from './streaming-metrics.ts'

export const METRICS: readonly MetricDefinition[] = [
  ...SNAPSHOT_METRICS.map(debezium),
  ...STREAMING_METRICS.map(debezium),
  ...COMMON_METRICS,
  ...SCHEMA_HISTORY_METRICS.map(debezium),
  ...OWN_METRICS,
]
