import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'

/** An empty folder that is removed after the test. */
export async function tempFolder(t: CleanUpContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-'))
  onCleanUp(t, async () => {
    await rm(folder, {recursive: true, force: true})
  })
  return folder
}
