// The broker's classes as an archive that a JVM maps instead of loading, checking and linking some six thousand of them
// at each start: a start takes 2 s of CPU instead of 6.

import {existsSync} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {newRunFolder, serversFolder} from './server-paths.ts'
import {messageOf} from './servers-error.ts'

/** Runs a broker from its first start to its orderly end with these options of java. */
export type TrainingRun = (javaOptions: readonly string[]) => Promise<void>

/** Options of java for the archive of this name, which is made where there is none; none where it cannot be made. */
export async function archiveOptions(name: string, train: TrainingRun): Promise<string[]> {
  const archive = archivePath(name)
  if (!existsSync(archive)) {
    await withDirectoryLock(join(serversFolder(), 'kafka-archive.lock'), async () => {
      if (!existsSync(archive)) await makeArchive(archive, train)
    })
  }
  return madeArchiveOptions(name)
}

/** Options of java for the archive of this name, where there is one. */
export function madeArchiveOptions(name: string): string[] {
  const archive = archivePath(name)
  // A JVM that does not know the archive as its own goes on without.
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []
}

function archivePath(name: string): string {
  return join(serversFolder(), `${name}.jsa`)
}

async function makeArchive(archive: string, train: TrainingRun): Promise<void> {
  console.error("archiving the broker's classes (once) …")
  const folder = newRunFolder('archive')
  try {
    const part = join(folder, 'classes.jsa')
    await train([`-XX:ArchiveClassesAtExit=${part}`])
    await rename(part, archive)
  } catch (error) {
    console.error(`brokers start slowly, since their classes cannot be archived: ${messageOf(error)}`)
  } finally {
    await rm(folder, {recursive: true, force: true})
  }
}
