// bench/RESULTS.md: a race as a document, with all that is needed to run it again.

import {latencyRuns, median, rowRuns, startRuns, type VariantFigures} from '../figures.ts'
import type {Standing} from './standings.ts'

export interface RaceResults {
  readonly command: string
  readonly date: string
  readonly minutes: number
  readonly runs: number
  readonly machine: Readonly<Record<string, unknown>>
  readonly versions: Readonly<Record<string, string>>
  /** Of what is compared, by its name: settings and their values. */
  readonly configurations: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly notes: readonly string[]
  readonly standings: readonly Standing[]
  readonly variants: readonly VariantFigures[]
}

export function resultsDocument(results: RaceResults): string {
  const {command, date, minutes, runs, machine, versions, configurations, notes, variants} = results
  const sections = [
    '# Tidemark against Debezium',
    `Written by \`${command}\` on ${date}; it took ${minutes} minutes. Medians of ${runs} ${runs === 1 ? 'run' : 'runs'}.`,
    '## Standings',
    standingsTable(results.standings),
    'The ratio is against the better of Debezium’s two settings in that case; where a promise spans several cases, the ' +
      'case with the least ratio is shown. Above 1 × Tidemark is better.',
    '## How it was measured',
    notes.map(note => `- ${note}`).join('\n'),
    '## Every figure',
    rowTable(variants),
    latencyTable(variants),
    startLines(variants),
    '## Machine and versions',
    markdownTable(
      ['what', 'value'],
      [...Object.entries(machine), ...Object.entries(versions)].map(([k, v]) => [k, String(v)]),
    ),
    '## Configuration',
    ...Object.entries(configurations).flatMap(([name, config]) => [
      `${name}:`,
      `\`\`\`properties\n${Object.entries(config)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n')}\n\`\`\``,
    ]),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

/** The same for the terminal and the document. */
export function standingsTable(standings: readonly Standing[]): string {
  if (standings.length === 0) return 'No case was run that a promise is about.'
  const rivals = [...new Set(standings.flatMap(standing => Object.keys(standing.rivals)))]
  const rows = standings.map(standing => {
    const {what, unit, tidemark, ratio, floor, aim, verdict} = standing
    const bound = (value: number): string => (ratio === null ? `${value} ${unit}` : `${value} ×`)
    return [
      what,
      `${figureText(tidemark)} ${unit}`,
      ...rivals.map(name => valueText(standing.rivals[name], unit)),
      ratio === null ? '–' : `${ratio.toFixed(1)} ×`,
      bound(floor),
      bound(aim),
      verdict === 'missed' ? '**missed**' : `${verdict} reached`,
    ]
  })
  return markdownTable(['what', 'Tidemark', ...rivals, 'ratio', 'floor', 'aim', 'result'], rows)
}

function rowTable(variants: readonly VariantFigures[]): string {
  const rows = variants.flatMap(variant => {
    const runs = rowRuns(variant)
    if (runs.length === 0) return []
    const of = (figure: (run: (typeof runs)[number]) => number | null): string => medianText(runs.map(figure))
    return [
      [
        variant.variant,
        variant.contender,
        of(run => run.rows),
        of(run => run.rowsPerSecond),
        runs.map(run => figureText(run.rowsPerSecond)).join(' '),
        of(run => run.seconds),
        of(run => run.cpu.task),
        of(run => run.cpu.mysqld),
        of(run => run.cpu.kafka),
        of(run => run.peakRssMb),
        runs[0]!.verified,
      ],
    ]
  })
  const cpu = 'CPU s for 1M rows'
  const head = ['case', 'of', 'rows', 'rows/s', 'each run', 'seconds', cpu, 'MySQL', 'Kafka', 'peak MB', 'verified']
  return rows.length === 0 ? '' : markdownTable(head, rows)
}

function latencyTable(variants: readonly VariantFigures[]): string {
  const rows = variants.flatMap(variant => {
    const runs = latencyRuns(variant)
    if (runs.length === 0) return []
    const of = (figure: (run: (typeof runs)[number]) => number | null): string => medianText(runs.map(figure))
    return [
      [
        variant.contender,
        of(run => run.idle.p50),
        of(run => run.idle.p99),
        of(run => run.duringSnapshot.p50),
        of(run => run.duringSnapshot.p99),
        of(run => run.duringSnapshotToAck.p50),
        of(run => run.duringSnapshotToAck.p99),
        of(run => run.duringParallel?.p99 ?? null),
        of(run => run.duringParallelToAck?.p99 ?? null),
        of(run => run.snapshotRows),
        of(run => run.peakRssMb),
        runs[0]!.verified,
      ],
    ]
  })
  if (rows.length === 0) return ''
  const consumer = ['idle p50 ms', 'p99', 'in a snapshot p50 ms', 'p99']
  const ack = ['to the ack p50 ms', 'p99']
  const parallel = ['beside the parallel reader p99 ms', 'to the ack p99']
  const head = ['latency of', ...consumer, ...ack, ...parallel, 'rows copied meanwhile', 'peak MB', 'verified']
  return markdownTable(head, rows)
}

function startLines(variants: readonly VariantFigures[]): string {
  const lines = variants.flatMap(variant => {
    const seconds = startRuns(variant).map(run => run.seconds)
    if (seconds.length === 0) return []
    const each = seconds.map(value => value.toFixed(2)).join(', ')
    return [`${variant.variant}, ${variant.contender}: median ${median(seconds).toFixed(2)} s of ${each}.`]
  })
  return lines.join('\n')
}

function medianText(values: readonly (number | null)[]): string {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? '–' : figureText(median(known))
}

function valueText(value: number | undefined, unit: string): string {
  return value === undefined ? '–' : `${figureText(value)} ${unit}`
}

/** Three digits that mean something. */
function figureText(value: number): string {
  if (value >= 1000)
    return (Math.round(value / 10 ** (digits(value) - 3)) * 10 ** (digits(value) - 3)).toLocaleString('en')
  if (value >= 100) return String(Math.round(value))
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function digits(value: number): number {
  return Math.floor(Math.log10(value)) + 1
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
