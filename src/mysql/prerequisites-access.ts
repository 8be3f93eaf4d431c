// What the account may do, who else replicates, and whether the server is a replica whose binlog order is not commit
// order. Grants are tried, not read from SHOW GRANTS: roles, wildcards and partial revokes make that text lie.

import {queryRows} from './connections.ts'
import {mysqlErrorNumber} from './mysql-error.ts'
import {passed, type PrerequisiteResult, type PrerequisiteScope} from './prerequisite.ts'
import {isAtLeast} from './server-reader.ts'

const ER_SPECIFIC_ACCESS_DENIED = 1227

export async function accessPrerequisites(scope: PrerequisiteScope): Promise<PrerequisiteResult[]> {
  const version = scope.variables.get('version') ?? ''
  const hasNewWords = isAtLeast(version, 8, 0, 22)
  const replicas = await tryQuery<ReplicaRow>(scope, hasNewWords ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS')
  const status = await tryQuery<object>(scope, hasNewWords ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS')
  return [
    grantResult(scope, 'REPLICATION SLAVE', replicas !== null),
    grantResult(scope, 'REPLICATION CLIENT', status !== null),
    ...(replicas === null ? [] : [checkReplicaId(scope, replicas)]),
    ...(status === null ? [] : checkReplica(scope, status.length > 0)),
  ]
}

interface ReplicaRow {
  readonly Server_Id?: string | number
  readonly Server_id?: string | number
}

/** Rows, or null where the account may not ask. */
async function tryQuery<T extends object>({connection}: PrerequisiteScope, sql: string): Promise<T[] | null> {
  try {
    return await queryRows<T>(connection, sql)
  } catch (error) {
    if (mysqlErrorNumber(error) === ER_SPECIFIC_ACCESS_DENIED) return null
    throw error
  }
}

function grantResult({account}: PrerequisiteScope, privilege: string, isGranted: boolean): PrerequisiteResult {
  const name = `grant ${privilege}`
  if (isGranted) return passed(name, 'granted')
  const statement = `GRANT ${privilege} ON *.* TO ${account};`
  return {name, ok: 'failed', found: 'not granted', wanted: `${privilege} for ${account}`, statement}
}

/** Tidemark's dump does not register as a replica, so whoever is listed here is somebody else. */
function checkReplicaId({settings}: PrerequisiteScope, replicas: readonly ReplicaRow[]): PrerequisiteResult {
  const name = 'database.server.id'
  const {serverId} = settings.database
  const ids = replicas.map(row => Number(row.Server_Id ?? row.Server_id))
  if (!ids.includes(serverId)) return passed(name, `${serverId}, not in use`)
  return {
    name,
    ok: 'failed',
    found: `${serverId}, in use by a replica of this server`,
    wanted: 'an id of its own (two with one id cut each other off)',
    statement: `set database.server.id to a number that SHOW REPLICAS does not list`,
  }
}

function checkReplica({variables}: PrerequisiteScope, isReplica: boolean): PrerequisiteResult[] {
  if (!isReplica) return [passed('commit order', 'not a replica')]
  const either = (newer: string, older: string): string | undefined => variables.get(newer) ?? variables.get(older)
  const workers = Number(either('replica_parallel_workers', 'slave_parallel_workers') ?? 0)
  const keepsOrder = either('replica_preserve_commit_order', 'slave_preserve_commit_order') === 'ON'
  const logsUpdates = either('log_replica_updates', 'log_slave_updates') !== 'OFF'
  return [
    keepsOrder || workers <= 1
      ? passed('commit order', `a replica that keeps it (${workers} workers)`)
      : {
          name: 'commit order',
          ok: 'failed',
          found: `a replica with ${workers} workers and replica_preserve_commit_order=OFF`,
          wanted: 'replica_preserve_commit_order=ON (else a snapshot may emit older rows than the stream)',
          statement:
            'STOP REPLICA SQL_THREAD; SET PERSIST replica_preserve_commit_order = ON; START REPLICA SQL_THREAD;',
          rds: 'set replica_preserve_commit_order to 1 in the DB parameter group',
        },
    logsUpdates
      ? passed('log_replica_updates', 'ON')
      : {
          name: 'log_replica_updates',
          ok: 'failed',
          found: 'OFF on a replica',
          wanted: 'ON (else the changes of its source are not in its binlog)',
          statement: 'start the server with log_replica_updates=ON in my.cnf',
        },
  ]
}
