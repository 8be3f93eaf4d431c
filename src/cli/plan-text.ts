// The plan for people.

import {spanText} from '../core/span-text.ts'
import type {Bottleneck} from '../plan/duration.ts'
import type {PlannedTable, PlanReport} from '../plan/plan-report.ts'
import type {RetentionAdvice} from '../plan/retention-advice.ts'
import {bytesText, compactSeconds, countText, numberText} from './number-text.ts'
import {textColumns} from './text-columns.ts'

const HEADINGS = ['table', 'rows', 'row', 'event', 'chunk key', 'read by', 'chunks', 'a chunk', 'duration', 'held by']
const RIGHT: ReadonlySet<number> = new Set([1, 2, 3, 6, 7, 8])

export function planText(report: PlanReport): string {
  const {tables, rows, chunks, durationSeconds} = report
  const lines = textColumns([HEADINGS, ...tables.map(tableCells)], RIGHT)
  for (const {table, notes} of tables) for (const note of notes) lines.push(`note      ${table}: ${note}`)
  const isExact = tables.every(({rowsExact}) => rowsExact)
  lines.push(
    '',
    `rows      ${numberText(rows)} in ${countText(tables.length, 'table')}, ${countText(chunks, 'chunk')}; ${isExact ? 'counted' : 'estimated by the server, which may be off by half: --exact counts'}`,
    `duration  ${durationSeconds === null ? 'not known: some tables could not be sampled' : `about ${durationText(durationSeconds)}${paceText(report)}`}`,
    `sink      ${sinkText(report)}`,
    ...chunkLines(report),
    ...retentionLines(report.retention),
  )
  return lines.join('\n')
}

function tableCells(table: PlannedTable): string[] {
  const {rows, rowsExact, key, chunkMilliseconds, durationSeconds, eventBytes, bottleneck} = table
  return [
    table.table,
    rowsExact || rows === 0 ? numberText(rows) : `~${numberText(rows)}`,
    bytesText(table.rowBytes),
    eventBytes === null ? '' : bytesText(eventBytes),
    key === null ? 'none' : key.columns.join(', '),
    readText(table),
    key === null ? '' : numberText(table.chunks),
    chunkMilliseconds === null || key === null ? '' : `${chunkMilliseconds.toFixed(1)} ms`,
    durationSeconds === null ? '' : durationText(durationSeconds),
    bottleneck === null ? '' : BOTTLENECKS[bottleneck],
  ]
}

const BOTTLENECKS: Readonly<Record<Bottleneck, string>> = {
  reading: 'reading',
  events: 'making events',
  sink: 'the sink',
  limit: 'the limit',
  processors: 'processors',
}

function readText({key, reader, rows, chunkRows}: PlannedTable): string {
  if (reader === 'parallel' || key === null) return 'parallel reader'
  if (key.access === null) return key.isRange ? 'nothing to read' : 'unknown'
  if (key.isRange) return `range of ${key.index ?? 'the key'}`
  // Of one chunk everything is read in any case.
  return `${key.access} of ${key.index ?? 'the table'}${rows > chunkRows ? ' (slow)' : ''}`
}

/** Short times with a digit behind the point. */
function durationText(seconds: number): string {
  return seconds < 20 ? `${seconds.toFixed(1)} s` : compactSeconds(seconds)
}

function paceText({lanes, maxRowsPerSecond, rows, durationSeconds}: PlanReport): string {
  const speed =
    durationSeconds === null || durationSeconds === 0 ? '' : `, ${numberText(rows / durationSeconds)} rows/s`
  const threads = `, snapshot.max.threads ${lanes}`
  const limit = maxRowsPerSecond === null ? '' : `, at most ${numberText(maxRowsPerSecond)} rows/s`
  return `${speed}${threads}${limit}`
}

function sinkText({sink}: PlanReport): string {
  const {bytesPerSecond, rowsPerSecond, basis, because} = sink
  const most = [
    ...(rowsPerSecond === null ? [] : [`${numberText(rowsPerSecond)} events/s`]),
    ...(bytesPerSecond === null ? [] : [`${bytesText(bytesPerSecond)}/s`]),
  ]
  const takes = most.length === 0 ? `${sink.type}: no bound` : `${sink.type} takes ${most.join(', ')}`
  return `${takes} (${basis}: ${because}); --sink-rows-per-second says otherwise`
}

function chunkLines({tables, chunkMemoryMb}: PlanReport): string[] {
  const advised = [...new Set(tables.map(({advisedChunkRows}) => advisedChunkRows))].sort((a, b) => a - b)
  const given = [...new Set(tables.map(({chunkRows}) => chunkRows))].sort((a, b) => a - b)
  const one = advised.length === 1
  const lines = [
    `chunks    ${numberText(given.at(-1)!)} rows now; advised ${advised.map(numberText).join(' to ')} ` +
      `(${numberText(chunkMemoryMb)} MB for a chunk / average row, held between 1,024 and 8,192)`,
    '          larger: fewer round trips and marks; smaller: less memory, less to read again when a row changes meanwhile,',
    '          shorter SELECTs on the server',
  ]
  if (one) return lines
  return [...lines, ...tables.map(({table, advisedChunkRows}) => `          ${table}: ${numberText(advisedChunkRows)}`)]
}

function retentionLines(retention: RetentionAdvice): string[] {
  const {advisedSeconds, keepsSeconds, setting, isEnough, statement, obstacle} = retention
  const kept =
    keepsSeconds === null
      ? 'until purged by hand'
      : keepsSeconds === 0
        ? 'no longer than the server likes'
        : spanText(keepsSeconds)
  const advice = `binlogs   kept ${kept} (${setting}); advised ${spanText(advisedSeconds)} (${numberText(advisedSeconds)} s)`
  if (isEnough) return [`${advice}: enough`]
  return [`${advice}: TOO SHORT`, `          ${statement}`, ...(obstacle === null ? [] : [`          ${obstacle}`])]
}
