// Server variables that decide what stands in the binlog and in which order.

import {spanText} from '../core/span-text.ts'
import {passed, type PrerequisiteResult, type PrerequisiteScope} from './prerequisite.ts'
import {retentionSeconds} from './binlog-retention.ts'
import {isAtLeast} from './server-reader.ts'

const PARAMETER_GROUP = 'in the DB parameter group (Aurora: the DB cluster parameter group)'
const SEVEN_DAYS_SECONDS = 7 * 24 * 3600

interface VariableRule {
  readonly variable: string
  readonly wanted: string
  readonly accepts: (found: string) => boolean
  readonly statement: string
  readonly rds: string
  /** Only where it is not a failure. */
  readonly severity?: 'warning'
  /** Found where the server does not have the variable; '' where that is as good as the wanted value. */
  readonly missing: string
}

function setPersist(variable: string, value: string): string {
  return `SET PERSIST ${variable} = ${value};`
}

const RULES: readonly VariableRule[] = [
  {
    variable: 'log_bin',
    wanted: 'ON',
    accepts: found => found === 'ON',
    statement: 'start the server with log_bin=binlog in my.cnf',
    rds:
      'turn automated backups on (a retention of at least a day); Aurora: set binlog_format to ROW ' +
      `${PARAMETER_GROUP} and restart the writer`,
    missing: 'OFF',
  },
  {
    variable: 'binlog_format',
    wanted: 'ROW',
    accepts: found => found === 'ROW',
    statement: setPersist('binlog_format', "'ROW'"),
    rds: `set binlog_format to ROW ${PARAMETER_GROUP}; Aurora: then restart the writer`,
    missing: '',
  },
  {
    variable: 'binlog_row_image',
    wanted: 'FULL',
    accepts: found => found === 'FULL',
    statement: setPersist('binlog_row_image', "'FULL'"),
    rds: `set binlog_row_image to full ${PARAMETER_GROUP}`,
    missing: '',
  },
  {
    variable: 'binlog_row_metadata',
    wanted: 'FULL',
    accepts: found => found === 'FULL',
    statement:
      `${setPersist('binlog_row_metadata', "'FULL'")} (MINIMAL works, too, but a table that is changed twice ` +
      'before its definition could be read stops the task)',
    rds: `set binlog_row_metadata to FULL ${PARAMETER_GROUP}`,
    severity: 'warning',
    missing: 'no such variable (it came with MySQL 8.0.1)',
  },
  {
    variable: 'binlog_order_commits',
    wanted: 'ON',
    accepts: found => found === 'ON',
    statement: setPersist('binlog_order_commits', 'ON'),
    rds: `set binlog_order_commits to ON ${PARAMETER_GROUP}`,
    missing: '',
  },
  {
    variable: 'sync_binlog',
    wanted: '1',
    accepts: found => found === '1',
    statement: `${setPersist('sync_binlog', '1')} (else a crash of the server may lose changes that were captured already)`,
    rds: `set sync_binlog to 1 ${PARAMETER_GROUP}`,
    severity: 'warning',
    missing: '',
  },
]

/** Only with include.query. */
const STATEMENT_RULE: VariableRule = {
  variable: 'binlog_rows_query_log_events',
  wanted: 'ON (else include.query has nothing to include: source.query stays null)',
  accepts: found => found === 'ON',
  statement: setPersist('binlog_rows_query_log_events', 'ON'),
  rds: `set binlog_rows_query_log_events to 1 ${PARAMETER_GROUP}`,
  severity: 'warning',
  missing: '',
}

export function serverPrerequisites(scope: PrerequisiteScope): PrerequisiteResult[] {
  const rules = scope.settings.stream.includesQuery ? [...RULES, STATEMENT_RULE] : RULES
  return [
    checkVersion(scope),
    ...rules.map(rule => auroraReader(rule.variable, scope) ?? checkVariable(rule, scope.variables)),
    checkServersOwnId(scope),
    checkGtids(scope),
    checkRetention(scope),
  ]
}

function checkVariable(rule: VariableRule, variables: ReadonlyMap<string, string>): PrerequisiteResult {
  const {variable: name, wanted, statement, rds} = rule
  const value = variables.get(name)
  if (value === undefined && rule.missing === '') return passed(name, 'no such variable on this server')
  const found = value ?? rule.missing
  if (rule.accepts(value === undefined ? '' : value.toUpperCase())) return passed(name, found === '' ? 'empty' : found)
  return {name, ok: rule.severity ?? 'failed', found: found === '' ? 'empty' : found, wanted, statement, rds}
}

/** An Aurora reader shares its cluster's storage: nothing that it is asked for would give it a binlog of its own. */
function auroraReader(variable: string, {variables}: PrerequisiteScope): PrerequisiteResult | null {
  const isOn = (name: string): boolean => ['ON', '1'].includes(variables.get(name) ?? '')
  if (variable !== 'log_bin' || isOn('log_bin') || !isOn('innodb_read_only')) return null
  return {
    name: variable,
    ok: 'failed',
    found: 'OFF, with innodb_read_only=ON: a reader of an Aurora cluster, which has no binlog of its own',
    wanted: 'a server that writes a binlog',
    statement:
      'connect to the cluster (writer) endpoint with read.only=true, which writes nothing there, or to the writer of a ' +
      'cluster that replicates from this one by binlog',
  }
}

function checkVersion({variables}: PrerequisiteScope): PrerequisiteResult {
  const name = 'server version'
  const found = variables.get('version') ?? 'unknown'
  const failed = (wanted: string, statement: string): PrerequisiteResult => ({
    name,
    ok: 'failed',
    found,
    wanted,
    statement,
  })
  if (/mariadb/i.test(found)) return failed('MySQL', 'MariaDB is not supported; its binlog has another format')
  if (!isAtLeast(found, 8, 0))
    return failed('MySQL 8.0 or newer', 'upgrade the server: older binlogs lack column names')
  return passed(name, found)
}

/** The server serves no replica while its own id is 0. */
function checkServersOwnId({variables, settings}: PrerequisiteScope): PrerequisiteResult {
  const name = 'server_id'
  const found = variables.get('server_id') ?? '0'
  if (found === '0') {
    return {name, ok: 'failed', found, wanted: 'not 0', statement: setPersist('server_id', '1')}
  }
  if (Number(found) !== settings.database.serverId) return passed(name, found)
  return {
    name,
    ok: 'failed',
    found: `${found}, the same as database.server.id`,
    wanted: 'another id for Tidemark than for the server',
    statement: 'set database.server.id to a number that no server and no replica has',
  }
}

/** Wanted by executed-GTID watermarks; otherwise good to have: a position means nothing on another server. */
function checkGtids({variables, settings}: PrerequisiteScope): PrerequisiteResult {
  const {mode: snapshotMode, watermarks} = settings.snapshot
  const copies = snapshotMode !== 'no_data' && snapshotMode !== 'never'
  const isNeeded = settings.readOnly || (copies && watermarks === 'executed-gtids')
  const name = 'gtid_mode'
  const mode = variables.get('gtid_mode') ?? 'OFF'
  const consistency = variables.get('enforce_gtid_consistency') ?? 'OFF'
  const found = `gtid_mode=${mode}, enforce_gtid_consistency=${consistency}`
  if (mode === 'ON' && consistency === 'ON') return passed(name, found)
  return {
    name,
    ok: isNeeded ? 'failed' : 'warning',
    found,
    wanted: `both ON (${gtidReason(settings, isNeeded)})`,
    statement:
      (isNeeded && !settings.readOnly
        ? 'name a signal table in signal.data.collection (tidemark init prints its SQL), or switch GTIDs on: '
        : '') +
      'SET PERSIST enforce_gtid_consistency = ON; SET PERSIST gtid_mode = OFF_PERMISSIVE; ' +
      'SET PERSIST gtid_mode = ON_PERMISSIVE; wait until SHOW STATUS LIKE ' +
      "'Ongoing_anonymous_transaction_count' shows 0 on every server; SET PERSIST gtid_mode = ON;",
    rds: `set gtid-mode and enforce_gtid_consistency to ON ${PARAMETER_GROUP} and restart`,
  }
}

function gtidReason({readOnly, snapshot}: PrerequisiteScope['settings'], isNeeded: boolean): string {
  if (!isNeeded) return 'without GTIDs a task cannot go on after a failover to another server'
  if (readOnly) return 'read.only=true takes its watermarks from executed GTIDs'
  return `snapshot.mode=${snapshot.mode} copies rows between watermarks: those of a signal table, or executed GTIDs`
}

function checkRetention({variables}: PrerequisiteScope): PrerequisiteResult {
  const name = 'binlog retention'
  const seconds = retentionSeconds(variables)
  if (seconds === 0) return passed(name, 'kept until purged by hand')
  const found = spanText(seconds)
  if (seconds >= SEVEN_DAYS_SECONDS) return passed(name, found)
  return {
    name,
    ok: 'warning',
    found,
    wanted: 'at least 7 days, the longest time that Tidemark may be away',
    statement: setPersist('binlog_expire_logs_seconds', String(SEVEN_DAYS_SECONDS)),
    rds: "CALL mysql.rds_set_configuration('binlog retention hours', 168);",
  }
}
