// What one metric is: name, type, labels, meaning, and where its values come from.

import type {HistogramReading} from '../core/histogram.ts'
import type {MetricsReading, OperationCounts} from './metrics-reading.ts'

export interface MetricSample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
  /** Of a histogram's sample: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string
}

export interface MetricDefinition {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
  readonly read: (reading: MetricsReading) => readonly MetricSample[]
}

/** The samples of a histogram: each bucket counts those below it, too. */
export function histogramSamples({bounds, counts, sum, count}: HistogramReading): MetricSample[] {
  let below = 0
  const buckets = bounds.map((bound, index) => {
    below += counts[index]!
    return {suffix: '_bucket', labels: {le: String(bound)}, value: below}
  })
  const all = {suffix: '_bucket', labels: {le: '+Inf'}, value: count}
  return [...buckets, all, {suffix: '_sum', value: sum}, {suffix: '_count', value: count}]
}

export function byTable(values: ReadonlyMap<string, number>): MetricSample[] {
  return [...values].map(([table, value]) => ({value, labels: {table}}))
}

export function sumOf(rows: ReadonlyMap<string, OperationCounts>, operation: keyof OperationCounts): number {
  let sum = 0
  for (const counts of rows.values()) sum += counts[operation]
  return sum
}

export function total(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0)
}
