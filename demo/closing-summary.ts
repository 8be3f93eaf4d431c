// What the demo says at the end: what was done in which time, and where to look.

import {statSync} from 'node:fs'
import {relative} from 'node:path'
import type {DemoConfig} from './demo-config.ts'
import type {ChangeCounts} from './shop-writer.ts'
import {secondsText, withCommas} from './terminal.ts'

export interface Figures {
  rowsLoaded: number
  rowsCopied: number
  superseded: number
  snapshotMs: number
  events: number
  /** Of `tidemark run`; null where the system does not say. */
  peakMegabytes: number | null
}

/** Name and text of each line. */
export function closingSummary(end: {
  figures: Figures
  changes: ChangeCounts
  config: DemoConfig
  elapsedMs: number
}): [string, string][] {
  const {rowsLoaded, rowsCopied, superseded, snapshotMs, events, peakMegabytes} = end.figures
  const {inserted, updated, deleted, rekeyed} = end.changes
  return [
    ['shop', `${withCommas(rowsLoaded)} rows in 7 tables`],
    [
      'snapshot',
      `${withCommas(rowsCopied)} rows in ${secondsText(snapshotMs)}: ` +
        `${withCommas(rowsCopied / (snapshotMs / 1000))} rows/s, ${withCommas(superseded)} superseded by the stream`,
    ],
    [
      'writer',
      `${withCommas(inserted)} rows inserted, ${withCommas(updated)} updated, ` +
        `${withCommas(deleted)} deleted, ${withCommas(rekeyed)} given another key`,
    ],
    ['events', `${withCommas(events)} in ${eventsPlace(end.config)}`],
    [
      'peak memory',
      peakMegabytes === null ? 'not told by this system' : `${withCommas(peakMegabytes)} MB (tidemark run)`,
    ],
    ['log', shownPath(end.config.logFile)],
    ['configuration', shownPath(end.config.path)],
    [
      'time',
      `${secondsText(end.elapsedMs)}${end.config.eventsFile === null ? '' : '; with Kafka: npm run demo -- --kafka'}`,
    ],
  ]
}

/** As one would type it here. */
export function shownPath(path: string): string {
  return relative('', path)
}

function eventsPlace({eventsFile, topicPrefix}: DemoConfig): string {
  if (eventsFile === null) return `the topics ${topicPrefix}.* of the broker`
  return `${shownPath(eventsFile)} (${withCommas(statSync(eventsFile).size / 1e6)} MB)`
}
