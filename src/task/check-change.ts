// A changed configuration, looked at as at a start: every prerequisite on the server, which must be the one that is streamed.

import type {Settings} from '../config/settings.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {openConnection} from '../mysql/connections.ts'
import {checkPrerequisites, prerequisiteText} from '../mysql/prerequisites.ts'
import {readServerIdentity} from '../mysql/server-reader.ts'
import {eventPrerequisites} from './event-prerequisites.ts'

/** Throws TIDEMARK_CONFIG_REFUSED with everything that is not met. `serverUuid`: of the running stream; null: none runs. */
export async function checkChange(settings: Settings, serverUuid: string | null): Promise<void> {
  const problems = await problemsOf(settings, serverUuid)
  if (problems.length === 0) return
  throw new TidemarkError(
    'TIDEMARK_CONFIG_REFUSED',
    ['the change cannot be made; nothing was changed:', ...problems].join('\n  '),
    {kind: 'configuration'},
  )
}

async function problemsOf(settings: Settings, serverUuid: string | null): Promise<string[]> {
  const {hostname, port} = settings.database
  try {
    const connection = await openConnection(settings.database, 'check')
    try {
      const found = await readServerIdentity(connection)
      if (serverUuid !== null && found.serverUuid !== serverUuid) {
        return [
          `database.hostname: ${hostname}:${port} is server ${found.serverUuid}, the running task reads ${serverUuid}; stop the ` +
            'task, change it in the file, and start the task again, which checks whether it can go on there',
        ]
      }
      const results = [
        ...(await checkPrerequisites(connection, settings, {storedOffset: null})),
        ...(await eventPrerequisites(connection, settings)),
      ]
      return results.filter(({ok}) => ok === 'failed').map(prerequisiteText)
    } finally {
      connection.destroy()
    }
  } catch (error) {
    return [`${hostname}:${port} cannot be asked with it: ${describeError(error).message}`]
  }
}
