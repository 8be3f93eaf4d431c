// A strict parse of Prometheus's text format (version 0.0.4), for tests: whatever Prometheus would refuse throws.

import assert from 'node:assert/strict'

export interface ParsedMetric {
  readonly type: string
  readonly help: string
  /** In their order, with labels. */
  readonly samples: {readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number}[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  untyped: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

export function parsePrometheusText(text: string): Map<string, ParsedMetric> {
  assert.equal(text.at(-1), '\n', 'the last line must end')
  const metrics = new Map<string, ParsedMetric>()
  const helps = new Map<string, string>()
  const seen = new Set<string>()
  let current: {name: string; metric: ParsedMetric} | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line)
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`).exec(line)
    if (help !== null) {
      assert(!helps.has(help[1]!), `two HELP lines: ${line}`)
      helps.set(help[1]!, help[2]!)
    } else if (type !== null) {
      const name = type[1]!
      assert(!metrics.has(name), `two TYPE lines: ${line}`)
      current = {name, metric: {type: type[2]!, help: helps.get(name) ?? '', samples: []}}
      metrics.set(name, current.metric)
    } else {
      const sample = parseSample(line)
      assert(current !== null, `a sample before any TYPE: ${line}`)
      const suffix = sample.name.startsWith(current.name) ? sample.name.slice(current.name.length) : null
      assert(SUFFIXES[current.metric.type]!.includes(suffix ?? '?'), `a sample among those of another metric: ${line}`)
      const series = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`
      assert(!seen.has(series), `a series twice: ${line}`)
      seen.add(series)
      if (current.metric.type === 'counter') assert(sample.value >= 0, `a counter below zero: ${line}`)
      current.metric.samples.push(sample)
    }
  }
  return metrics
}

function parseSample(line: string): ParsedMetric['samples'][number] {
  const [, name, body, number] = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? []
  assert(name !== undefined && number !== undefined, `not a line of the format: ${line}`)
  assert(/^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|Nan|NaN)$/i.test(number), `not a number: ${line}`)
  const value = /Inf$/i.test(number) ? (number.startsWith('-') ? -Infinity : Infinity) : Number(number)
  const labels: Record<string, string> = {}
  let rest = body ?? ''
  while (rest !== '') {
    const [pair, key, text] = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest) ?? []
    assert(pair !== undefined && key !== undefined && text !== undefined, `labels of: ${line}`)
    assert(!(key in labels), `a label twice: ${line}`)
    labels[key] = text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
    rest = rest.slice(pair.length)
  }
  return {name, labels, value}
}

/** The one value of a metric whose labels include these. */
export function valueOf(
  metrics: ReadonlyMap<string, ParsedMetric>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const matching = (metrics.get(name)?.samples ?? []).filter(sample =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  assert(matching.length < 2, `${name} has ${matching.length} values for ${JSON.stringify(labels)}`)
  return matching[0]?.value ?? null
}
