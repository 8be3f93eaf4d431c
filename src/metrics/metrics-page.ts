// GET /metrics: Prometheus's text format over the table of metrics. Every value is made at the moment of the scrape, all
// of one reading; nothing is counted here.

import {collectDefaultMetrics, Counter, Gauge, Registry} from 'prom-client'
import {METRICS} from './metric-table.ts'
import type {MetricDefinition} from './metric-table.ts'
import type {MetricsReading} from './metrics-reading.ts'

export class MetricsPage {
  readonly #registry = new Registry()
  readonly #read: () => MetricsReading
  #reading: MetricsReading | null = null

  constructor(read: () => MetricsReading) {
    this.#read = read
    for (const definition of METRICS) this.#register(definition)
    collectDefaultMetrics({register: this.#registry})
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Rejects where the task cannot be read. Calls may overlap. */
  async text(): Promise<string> {
    this.#reading = this.#read()
    return await this.#registry.metrics()
  }

  #register({name, type, labels, help, read}: MetricDefinition): void {
    const samples = () => (this.#reading === null ? [] : read(this.#reading))
    const common = {name, help, labelNames: [...labels], registers: [this.#registry]}
    if (type === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...common,
        collect: () => {
          gauge.reset()
          if (labels.length === 0) gauge.remove() // Else it would be 0 where there is no value.
          for (const sample of samples()) gauge.set({...sample.labels}, sample.value)
        },
      })
      return
    }
    const counter: Counter = new Counter({
      ...common,
      collect: () => {
        counter.reset()
        for (const sample of samples()) counter.inc({...sample.labels}, sample.value)
      },
    })
  }
}
