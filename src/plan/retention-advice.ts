// How long the server should keep its binlogs for a snapshot, and the statement that has it do so; pure.

import {assertNever} from '../core/tidemark-error.ts'

export const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600
export const LEAST_RETENTION_SECONDS = 7 * DAY_SECONDS
const BEYOND_SECONDS = 3 * DAY_SECONDS
/** What mysql.rds_set_configuration takes at most: a week on RDS for MySQL, 90 days on Aurora. */
export const RDS_MOST_HOURS = 168
export const AURORA_MOST_HOURS = 2_160

/** Where the binlog's retention is set. */
export type RetentionPlatform = 'mysql' | 'rds' | 'aurora'

export interface ServerRetention {
  readonly platform: RetentionPlatform
  /** Null: binlogs are kept until they are purged by hand. 0: as short as the server likes. */
  readonly keepsSeconds: number | null
  /** What says so, as one looks it up. */
  readonly setting: string
}

export interface RetentionAdvice extends ServerRetention {
  readonly advisedSeconds: number
  readonly isEnough: boolean
  /** '' where nothing is to be changed. */
  readonly statement: string
  /** What stands in the way of the advice; null: nothing. */
  readonly obstacle: string | null
}

/** Snapshot duration + 2 × safety margin + 3 days, at least 7 days; whole seconds. */
export function advisedRetentionSeconds(snapshotSeconds: number, marginSeconds: number): number {
  return Math.max(LEAST_RETENTION_SECONDS, Math.ceil(snapshotSeconds + 2 * marginSeconds + BEYOND_SECONDS))
}

export function adviseRetention(kept: ServerRetention, advisedSeconds: number): RetentionAdvice {
  const isEnough = kept.keepsSeconds === null || kept.keepsSeconds >= advisedSeconds
  const nothing = {statement: '', obstacle: null}
  return {...kept, advisedSeconds, isEnough, ...(isEnough ? nothing : remedy(kept.platform, advisedSeconds))}
}

function remedy(platform: RetentionPlatform, seconds: number): Pick<RetentionAdvice, 'statement' | 'obstacle'> {
  switch (platform) {
    case 'mysql':
      return {statement: `SET PERSIST binlog_expire_logs_seconds = ${seconds};`, obstacle: null}
    case 'rds':
      return rdsRemedy(seconds, RDS_MOST_HOURS, 'RDS for MySQL')
    case 'aurora':
      return rdsRemedy(seconds, AURORA_MOST_HOURS, 'Aurora MySQL')
    default:
      return assertNever(platform)
  }
}

function rdsRemedy(seconds: number, most: number, name: string): Pick<RetentionAdvice, 'statement' | 'obstacle'> {
  const hours = Math.ceil(seconds / HOUR_SECONDS)
  return {
    statement: `CALL mysql.rds_set_configuration('binlog retention hours', ${Math.min(hours, most)});`,
    obstacle:
      hours <= most
        ? null
        : `${name} keeps binlogs for ${most} hours at most, ${hours} are advised: copy fewer tables at a time, or read from a replica that keeps more`,
  }
}
