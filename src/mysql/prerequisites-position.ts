// Whether the place where a task would go on can still be read.

import {queryRows} from './connections.ts'
import {mysqlErrorNumber} from './mysql-error.ts'
import {passed, type PrerequisiteResult, type PrerequisiteScope, type StoredOffset} from './prerequisite.ts'
import {readBinlogFiles, type BinlogFile} from './server-reader.ts'

const NAME = 'stored position'
const ER_NO_BINARY_LOGGING = 1381
const ER_SPECIFIC_ACCESS_DENIED = 1227
const START_ANEW =
  'set snapshot.mode=when_needed to copy the tables again, or remove the state file and start with a new snapshot'

/** Nothing where no position is stored, or where the binlog cannot be asked for (which is reported elsewhere). */
export async function positionPrerequisites(scope: PrerequisiteScope): Promise<PrerequisiteResult[]> {
  const {storedOffset, variables} = scope
  if (storedOffset === null) return []
  const {gtidSet} = storedOffset
  const usesGtids = (variables.get('gtid_mode') ?? 'OFF') === 'ON'
  return gtidSet !== null && usesGtids ? [await checkGtidSet(scope, gtidSet)] : await checkFile(scope, storedOffset)
}

async function checkGtidSet({connection, settings}: PrerequisiteScope, gtidSet: string): Promise<PrerequisiteResult> {
  const [row] = await queryRows<{lost: string; missing: string}>(
    connection,
    `SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS lost,
            GTID_SUBTRACT(@@GLOBAL.gtid_purged, ?) AS missing`,
    [gtidSet, gtidSet],
    'compare the stored GTID set with the server',
  )
  const lost = row!.lost.replaceAll(/\s/g, '')
  const missing = row!.missing.replaceAll(/\s/g, '')
  if (lost !== '') {
    return {
      name: NAME,
      ok: badness(settings.snapshot.mode),
      found: `transactions ${lost} that this server never executed`,
      wanted: 'a server with all transactions that were captured (this one lost commits, or is another one)',
      statement: `connect to the right server, or ${remedy(settings.snapshot.mode)}`,
    }
  }
  if (missing !== '') return notAvailable(settings.snapshot.mode, `transactions ${missing} purged`)
  return passed(NAME, `GTID set ${gtidSet}, still available`)
}

async function checkFile(scope: PrerequisiteScope, stored: StoredOffset): Promise<PrerequisiteResult[]> {
  let files: readonly BinlogFile[]
  try {
    files = await readBinlogFiles(scope.connection)
  } catch (error) {
    const number = mysqlErrorNumber(error)
    if (number === ER_NO_BINARY_LOGGING || number === ER_SPECIFIC_ACCESS_DENIED) return []
    throw error
  }
  const place = `${stored.file}:${stored.pos}`
  const file = files.find(each => each.name === stored.file)
  if (file !== undefined && stored.pos <= file.sizeBytes) return [passed(NAME, `${place}, still available`)]
  const found = file === undefined ? `${place}, whose file is gone` : `${place}, behind the end of the file`
  return [notAvailable(scope.settings.snapshot.mode, found)]
}

function notAvailable(mode: string, found: string): PrerequisiteResult {
  return {
    name: NAME,
    ok: badness(mode),
    found,
    wanted: 'a position that is still in the binlog',
    statement: remedy(mode),
  }
}

function remedy(mode: string): string {
  return mode === 'when_needed' ? 'start it: with snapshot.mode=when_needed it copies all tables again' : START_ANEW
}

/** This mode is there for a lost position: it copies again. */
function badness(mode: string): 'warning' | 'failed' {
  return mode === 'when_needed' ? 'warning' : 'failed'
}
