// GET /metrics: Prometheus's text format over the table of metrics. Every value is made at the moment of the scrape, all
// of one reading; nothing is counted here.

import {collectDefaultMetrics, Counter, Gauge, Histogram, Registry} from 'prom-client'
import type {MetricObjectWithValues, MetricValueWithName} from 'prom-client'
import {METRICS} from './metric-table.ts'
import type {MetricDefinition, MetricSample} from './metric.ts'
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
    if (type === 'histogram') {
      this.#registry.registerMetric(new ReadHistogram({name, help}, samples))
      return
    }
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

/** A histogram whose observations were counted elsewhere. */
class ReadHistogram extends Histogram {
  readonly #what: {readonly name: string; readonly help: string}
  readonly #samples: () => readonly MetricSample[]

  constructor(what: {readonly name: string; readonly help: string}, samples: () => readonly MetricSample[]) {
    super({...what, registers: []})
    this.#what = what
    this.#samples = samples
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const {name, help} = this.#what
    const values = this.#samples().map(({value, labels = {}, suffix = ''}) => ({
      ...{value, labels: {...labels}},
      metricName: `${name}${suffix}`,
    }))
    return Promise.resolve({
      name,
      help,
      type: 'histogram' as never,
      values,
      aggregator: 'sum',
      collect: () => undefined,
    })
  }

  /** What the registry asks where it writes text. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get()
  }
}
