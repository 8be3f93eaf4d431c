// What a run costs, seen from outside: the same for every product.

import {availableParallelism, loadavg} from 'node:os'
import {database} from './bench-database.ts'
import type {ContenderRun, Span} from './contender.ts'
import {fileEventBytes} from './event-bytes.ts'
import type {RunFigures} from './figures.ts'
import {cpuSeconds, peakRssMb, resetPeak, threadCpuSeconds} from './process-usage.ts'

export type MeasuredFigures = Omit<RunFigures, 'type' | 'verified'>

/** Begins to measure; the result of the call ends it. */
export function measure(run: ContenderRun): (span: Span) => Promise<MeasuredFigures> {
  const {world, rows, tables} = run.setup
  const pids = {task: run.pid, mysqld: world.mysql.pid, kafka: world.kafka.pid}
  const processes = Object.entries(pids) as [keyof typeof pids, number | null][]
  const before = new Map(processes.map(([name, pid]) => [name, cpuSeconds(pid)]))
  const threadsBefore = threadCpuSeconds(run.pid)
  const loadBefore = loadavg()[0]!
  resetPeak(run.pid)
  return async span => {
    const after = new Map(processes.map(([name, pid]) => [name, cpuSeconds(pid)]))
    const threads = busiest(threadsBefore, threadCpuSeconds(run.pid))
    const peak = peakRssMb(run.pid)
    run.measured(span)
    const seconds = (span.to - span.from) / 1000
    const perMillion = (name: keyof typeof pids): number | null => {
      const [first, last] = [before.get(name), after.get(name)]
      return first == null || last == null ? null : ((last - first) / rows) * 1e6
    }
    const bytesPerEvent =
      run.eventsFile === null
        ? await world.topics.eventBytes(topicOf(run, tables[0]!))
        : await fileEventBytes(run.eventsFile)
    return {
      rows,
      seconds,
      wholeSeconds: (span.to - run.startedAtMs) / 1000,
      rowsPerSecond: rows / seconds,
      megabytesPerSecond: (rows * (bytesPerEvent.key + bytesPerEvent.value)) / seconds / 1e6,
      bytesPerEvent,
      cpu: {task: perMillion('task'), mysqld: perMillion('mysqld'), kafka: perMillion('kafka')},
      threads,
      peakRssMb: peak,
      loadBefore,
    }
  }
}

export function topicOf({prefix}: Pick<ContenderRun, 'prefix'>, table: string): string {
  return `${prefix}.${database}.${table}`
}

/** The threads that worked most, as far as there are more than idle cores. */
function busiest(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const spent = [...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)] as const)
  const working = spent.filter(([, seconds]) => seconds >= 0.05).sort((a, b) => b[1] - a[1])
  return Object.fromEntries(working.slice(0, 4 + availableParallelism()))
}
