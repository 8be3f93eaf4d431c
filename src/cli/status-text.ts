// The task's status for people.

import type {CapturedTableStatus, StatusReport, TableStatus} from '../task/status.ts'
import {bytesText, compactSeconds, countText, numberText} from './number-text.ts'
import {textColumns} from './text-columns.ts'

/** The lines above the tables; `away` is why the task does not answer now, and the rest is what it said last. */
export function statusHeader(report: StatusReport, away: string | null = null): string[] {
  const {name, version, state, sink, snapshot} = report
  return [
    `${name}: ${away ?? `${state} (tidemark ${version})`}`,
    streamLine(report),
    sinkLine(sink),
    snapshotLine(snapshot),
  ]
}

/** The last `count` answers to signals. */
export function signalLines({signals}: StatusReport, count: number): string[] {
  return signals.slice(-count).map(signalLine)
}

/** The table that is copied by a read view, with a stream of its own. */
export function parallelLines({snapshot: {parallel}}: StatusReport): string[] {
  if (parallel === null) return []
  const {table, state, from, waitsFor} = parallel
  return [`parallel  ${table}: ${state}, ${from}${waitsFor === null ? '' : `, waits for ${waitsFor}`}`]
}

/** Tables that no longer equal their topics, the first `most` of them. */
export function divergedLines({diverged}: StatusReport, most: number): string[] {
  const lines = diverged.slice(0, most).map(({table, since, reason, remedy}) => {
    return `diverged  ${table} since ${since} (${reason}): ${remedy}`
  })
  const more = diverged.length - lines.length
  return more === 0 ? lines : [...lines, `  and ${numberText(more)} more have diverged: \`tidemark status\` shows all`]
}

/** The tables as they are shown: while all is held, none runs. */
export function shownTables({snapshot}: StatusReport): (Omit<TableStatus, 'state'> & {state: ShownState})[] {
  const {state, tables} = snapshot
  return tables.map(table => ({...table, state: state === 'paused' && isUnderWay(table) ? 'paused' : table.state}))
}

type ShownState = TableStatus['state'] | 'paused'

function isUnderWay({state}: TableStatus): boolean {
  return state === 'running' || state === 'waiting'
}

/** Everything, on as many lines as it takes. */
export function statusText(report: StatusReport): string {
  const {error} = report
  const lines = [...statusHeader(report), ...tableLines(shownTables(report)), ...parallelLines(report)]
  lines.push(...signalLines(report, 5), ...tablesSummary(report), ...divergedLines(report, Infinity))
  if (error !== null) lines.push(`error     ${error.message} (${error.code})`)
  return lines.join('\n')
}

const TABLES_SHOWN = 20

export interface ListedTables {
  readonly tables: readonly CapturedTableStatus[]
  readonly diverged: readonly {readonly table: string; readonly since: string; readonly reason: string}[]
}

function tablesSummary(report: StatusReport): string[] {
  const captured = report.tables.filter(({left}) => left === null)
  if (captured.length === 0) return []
  const complete = captured.filter(({completeSince}) => completeSince !== null)
  return [
    `tables    ${countText(captured.length, 'table')} captured, ${numberText(complete.length)} complete`,
    ...capturedTableLines(report, TABLES_SHOWN),
  ]
}

/** A line for each table; those that are not complete come first where not all are shown. */
export function capturedTableLines({tables, diverged}: ListedTables, most: number): string[] {
  const rank = ({completeSince}: CapturedTableStatus): number => (completeSince === null ? 0 : 1)
  const shown = tables.length <= most ? tables : [...tables].sort((a, b) => rank(a) - rank(b)).slice(0, most)
  const rows = shown.map(table => [table.table, tableText(table, diverged)])
  const more = tables.length - shown.length
  const lines = rows.length === 0 ? [] : textColumns(rows, RIGHT)
  return more === 0 ? lines : [...lines, `  and ${numberText(more)} more: \`tidemark tables\` shows all`]
}

function tableText({table, completeSince, left}: CapturedTableStatus, diverged: ListedTables['diverged']): string {
  if (left !== null) return `${left.why === 'dropped' ? 'gone' : 'not captured'} since ${left.since}`
  const divergence = diverged.find(each => each.table === table)
  if (divergence !== undefined) return `diverged since ${divergence.since}: ${divergence.reason}`
  return completeSince === null ? 'not complete' : `complete since ${completeSince}`
}

function signalLine({id, type, result, reason}: StatusReport['signals'][number]): string {
  return `signal    ${id} ${type}: ${result}${reason === null ? '' : `, ${reason}`}`
}

function streamLine({streaming, position, stored, storeProblem, behindMs}: StatusReport): string {
  if (!streaming) return 'stream    not streaming yet'
  const behind =
    behindMs === null ? 'no event yet' : behindMs < 1000 ? 'up to date' : `${compactSeconds(behindMs / 1000)} behind`
  const storedText = stored === null ? 'nothing stored yet' : `stored up to ${stored.file}:${stored.pos}`
  const problem = storeProblem === null ? '' : `; CANNOT STORE: ${storeProblem}`
  return `stream    at ${position.file}:${position.pos}, ${behind}; ${storedText}${problem}`
}

function sinkLine(sink: StatusReport['sink']): string {
  const reason = sink.reason === undefined ? '' : ` (${sink.reason})`
  const inFlight = `${bytesText(sink.bytesInFlight)} in flight`
  return `sink      ${sink.state}${reason}, ${countText(sink.eventsEmitted, 'event')} emitted, ${inFlight}`
}

function snapshotLine(snapshot: StatusReport['snapshot']): string {
  const {state, windowsWaiting, bytesHeld, problem, throttle, secondsLeft} = snapshot
  const held =
    state === 'running' ? `, ${countText(windowsWaiting, 'window')} waiting, ${bytesText(bytesHeld)} held` : ''
  const throttled = throttle.waits === null ? '' : `; throttled: ${throttle.waits}`
  const left = state !== 'running' || secondsLeft === null ? '' : `, ${compactSeconds(secondsLeft)} left`
  return `snapshot  ${state}${left}${held}${throttled}${problem === null ? '' : `; ${problem}`}`
}

function tableLines(tables: ReturnType<typeof shownTables>): string[] {
  if (tables.length === 0) return []
  const rows = tables.map(table => [
    table.table,
    table.state,
    table.percent === null
      ? numberText(table.rowsDone)
      : `${numberText(table.rowsDone)} of ${numberText(table.rowsEstimated)}`,
    table.percent === null ? '' : `${Math.floor(table.percent)} %`,
    table.state === 'running' ? numberText(table.rowsPerSecond) : '',
    table.state === 'running' && table.secondsLeft !== null ? compactSeconds(table.secondsLeft) : '',
    numberText(table.chunks),
    table.problem ?? table.key ?? '',
  ])
  return textColumns([['table', 'state', 'rows', 'done', 'rows/s', 'left', 'chunks', 'last key'], ...rows], RIGHT)
}

const RIGHT: ReadonlySet<number> = new Set([2, 3, 4, 5, 6])
