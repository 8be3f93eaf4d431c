// A comparison's result for people: one line for each table, the differing keys below it, one line for all.

import {bytesText, countText, numberText} from './number-text.ts'
import type {TableReport, VerifyReport} from '../verify/verify-report.ts'

export function verifyReportText(report: VerifyReport): string {
  const width = Math.max(...report.tables.map(({table}) => table.length))
  const lines = report.tables.flatMap(table => tableLines(table, width))
  const {tables, rows, events, seconds, place, spilledBytes} = report
  const differing = tables.filter(({equal}) => !equal).length
  const verdict = report.equal
    ? `equal: ${countText(tables.length, 'table')}`
    : `DIFFERENT: ${differing} of ${countText(tables.length, 'table')}`
  const spilled = spilledBytes === 0 ? '' : `, ${bytesText(spilledBytes)} through temporary files`
  const summary = `${verdict}; ${countText(rows, 'row')}, ${countText(events, 'event')}, at ${place.file}:${place.pos}, in ${seconds} s${spilled}`
  return [...lines, summary].join('\n')
}

function tableLines(table: TableReport, width: number): string[] {
  const {differences, missing, ghosts, different} = table
  const found = [
    [missing, 'missing in the topic'],
    [ghosts, ghosts === 1 ? 'ghost in the topic' : 'ghosts in the topic'],
    [different, 'different'],
  ] as const
  const differing = found.filter(([n]) => n > 0).map(([n, what]) => `${numberText(n)} ${what}`)
  const counts = `${countText(table.rows, 'row')}, ${countText(table.keys, table.isKeyless ? 'row' : 'key')} from ${countText(table.events, 'event')}`
  const verdict = table.equal ? 'equal    ' : 'DIFFERENT'
  const lines = [`${verdict}  ${table.table.padEnd(width)}  ${[counts, ...differing].join('; ')}`]
  for (const {kind, key, columns, counts: times, lastEvent} of differences) {
    const where = columns.length === 0 ? '' : `  in ${columns.join(', ')}`
    const which = times === null ? where : `  ${times.table} times in the table, ${times.events} in the topic`
    const last = lastEvent === null ? '' : `  last event at ${lastEvent.file}:${lastEvent.pos}`
    lines.push(`  ${kind.padEnd(9)}  ${key}${which}${last}`)
  }
  const shown = differences.reduce(
    (sum, {counts: times}) => sum + (times === null ? 1 : Math.abs(times.table - times.events)),
    0,
  )
  const more = missing + ghosts + different - shown
  if (more > 0) lines.push(`  … and ${numberText(more)} more`)
  for (const note of table.notes) lines.push(`  note: ${note}`)
  return lines
}
