// Watermarks, chunks and the dump must come from one server: every connection is compared with the dump's.

import type {DatabaseSettings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from './connections.ts'
import {readServerIdentity} from './server-reader.ts'
import type {ServerIdentity} from './server-reader.ts'

/** What the server says of itself. Throws TIDEMARK_MYSQL_OTHER_SERVER (retryable) where the connection is not to the server whose binlog is read. */
export async function assertSameServer(
  connection: MysqlConnection,
  settings: DatabaseSettings,
  serverUuid: string,
): Promise<ServerIdentity> {
  const identity = await readServerIdentity(connection)
  const found = identity.serverUuid
  if (found === serverUuid) return identity
  throw new TidemarkError(
    'TIDEMARK_MYSQL_OTHER_SERVER',
    `${settings.hostname} is server ${found} now, the binlog comes from ${serverUuid}; ` +
      `watermarks and chunks must be of the binlog's server: let the name stand for one server only`,
    {kind: 'retryable'},
  )
}
