// Who is ahead by how much: the figures of a race as ratios, against what was promised.

import {latencyRuns, median, rowRuns, startRuns, type RunFigures, type VariantFigures} from '../figures.ts'

export type Verdict = 'aim' | 'floor' | 'missed'

export interface Standing {
  readonly what: string
  readonly unit: string
  readonly tidemark: number
  /** Of each setting of the rival, by its name; empty where there is nothing to compare with. */
  readonly rivals: Readonly<Record<string, number>>
  /** How many times better Tidemark is than the rival's better setting; null where the bound is an absolute one. */
  readonly ratio: number | null
  readonly floor: number
  readonly aim: number
  readonly verdict: Verdict
}

interface Goal {
  readonly what: string
  readonly unit: string
  readonly isWanted: (variant: VariantFigures) => boolean
  /** Median of a variant's runs. */
  readonly figure: (variant: VariantFigures) => number | null
  /** `more` and `less` compare with the rival; `below` is a bound of Tidemark's own figure. */
  readonly better: 'more' | 'less' | 'below'
  readonly floor: number
  readonly aim: number
}

const speed = (variant: VariantFigures): number | null => medianOf(rowRuns(variant), run => run.rowsPerSecond)
const cpu = (variant: VariantFigures): number | null => medianOf(rowRuns(variant), run => run.cpu.task)

function speedGoal(what: string, variant: RegExp, floor: number, aim: number): Goal {
  const isWanted = ({variant: name}: VariantFigures): boolean => variant.test(name)
  return {what, unit: 'rows/s', isWanted, figure: speed, better: 'more', floor, aim}
}

const isLatency = ({case: name}: VariantFigures): boolean => name === 'latency'
const isSnapshot = ({case: name}: VariantFigures): boolean => name === 'snapshot'

const goals: readonly Goal[] = [
  speedGoal('snapshot to Kafka, uncompressed', /^snapshot, chunks.*uncompressed/, 6, 10),
  speedGoal('snapshot to Kafka, lz4', /^snapshot, chunks.*lz4/, 8, 14),
  speedGoal('stream, 1,000 rows a transaction, uncompressed', /^stream.* 1000 rows.*uncompressed/, 6, 12),
  speedGoal('stream, 1,000 rows a transaction, lz4', /^stream.* 1000 rows.*lz4/, 8, 20),
  speedGoal('stream, one row a transaction', /^stream.* one row/, 4, 8),
  speedGoal('100 tables by one signal', /^\d+ tables of/, 8, 20),
  {
    what: 'CPU of the process for a million snapshot rows, uncompressed and lz4',
    unit: 's',
    isWanted: isSnapshot,
    figure: cpu,
    better: 'less',
    floor: 8,
    aim: 15,
  },
  {
    what: 'highest resident memory, any case',
    unit: 'MB',
    isWanted: () => true,
    figure: peakOf,
    better: 'less',
    floor: 4,
    aim: 8,
  },
  below('commit to consumer, idle, p50', variant => latency(variant, run => run.idle.p50), 4, 2),
  below('commit to consumer, idle, p99', variant => latency(variant, run => run.idle.p99), 15, 8),
  below(
    'commit to ack during a snapshot, p99',
    variant => latency(variant, run => run.duringSnapshotToAck.p99),
    60,
    20,
  ),
  below(
    'commit to ack beside a copy by the parallel reader, p99',
    variant => latency(variant, run => run.duringParallelToAck?.p99 ?? null),
    60,
    20,
  ),
  {
    what: 'start of the process to streaming',
    unit: 's',
    isWanted: ({case: name}) => name === 'start',
    figure: variant => medianOf(startRuns(variant), run => run.seconds),
    better: 'below',
    floor: 1,
    aim: 0.4,
  },
]

function below(what: string, figure: Goal['figure'], floor: number, aim: number): Goal {
  return {what, unit: 'ms', isWanted: isLatency, figure, better: 'below', floor, aim}
}

/** A line for each promise whose figures are there. */
export function standings(variants: readonly VariantFigures[], us: string): Standing[] {
  return goals.flatMap(goal => {
    const own = variants.filter(variant => variant.contender === us && goal.isWanted(variant))
    const compared = own.flatMap(variant => comparisonOf(goal, variant, variants))
    // Where a promise spans several cases, the one in which we are least ahead.
    const [least] = compared.sort((a, b) => a.merit - b.merit)
    if (least === undefined) return []
    const {what, unit, floor, aim} = goal
    const {tidemark, rivals, ratio} = least
    return [{what, unit, tidemark, rivals, ratio, floor, aim, verdict: verdictOf(goal, ratio ?? tidemark)}]
  })
}

interface Comparison extends Pick<Standing, 'tidemark' | 'rivals' | 'ratio'> {
  /** The higher the better. */
  readonly merit: number
}

/** Of one variant; empty where a figure is missing. */
function comparisonOf(goal: Goal, own: VariantFigures, variants: readonly VariantFigures[]): Comparison[] {
  const tidemark = goal.figure(own)
  if (tidemark === null) return []
  const others = variants.filter(({variant, contender}) => variant === own.variant && contender !== own.contender)
  const figures = others.map(variant => [variant.contender, goal.figure(variant)] as const)
  const known = figures.filter((entry): entry is [string, number] => entry[1] !== null)
  const rivals = Object.fromEntries(known)
  if (goal.better === 'below') return [{tidemark, rivals, ratio: null, merit: -tidemark}]
  if (known.length === 0) return []
  // Against the rival's better setting, whichever that is in this case.
  const values = known.map(([, value]) => value)
  const ratio = goal.better === 'more' ? tidemark / Math.max(...values) : Math.min(...values) / tidemark
  return [{tidemark, rivals, ratio, merit: ratio}]
}

function verdictOf({better, floor, aim}: Goal, value: number): Verdict {
  const reaches = (bound: number): boolean => (better === 'below' ? value <= bound : value >= bound)
  if (reaches(aim)) return 'aim'
  return reaches(floor) ? 'floor' : 'missed'
}

function latency(
  variant: VariantFigures,
  figure: (run: ReturnType<typeof latencyRuns>[number]) => number | null,
): number | null {
  return medianOf(latencyRuns(variant), figure)
}

function peakOf(variant: VariantFigures): number | null {
  return medianOf<Pick<RunFigures, 'peakRssMb'>>([...rowRuns(variant), ...latencyRuns(variant)], run => run.peakRssMb)
}

function medianOf<T>(runs: readonly T[], figure: (run: T) => number | null): number | null {
  const values = runs.map(figure).filter(value => value !== null)
  return values.length === 0 ? null : median(values)
}
