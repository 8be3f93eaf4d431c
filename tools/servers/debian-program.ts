// A program from the packages of this machine's apt, unpacked once into a folder of the project.

import {existsSync} from 'node:fs'
import {mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {unpackDebianPackages} from './debian-packages.ts'
import {serversFolder} from './server-paths.ts'
import {messageOf, ServersError} from './servers-error.ts'

export interface DebianProgram {
  /** As people know it. */
  readonly title: string
  /** Of its folder below .servers/. */
  readonly name: string
  readonly packages: readonly string[]
  readonly megabytes: number
  /** Of the packages that come with them, which are fetched. */
  readonly isNeeded: (name: string) => boolean
}

/** The folder whose `root` holds the packages' files; safe with several processes at once. Never the machine's own program. */
export async function provideDebianProgram(program: DebianProgram): Promise<string> {
  const folder = join(serversFolder(), program.name)
  if (!existsSync(join(folder, 'complete'))) {
    await withDirectoryLock(join(serversFolder(), `${program.name}.lock`), async () => {
      if (!existsSync(join(folder, 'complete'))) await install(folder, program)
    })
  }
  return folder
}

async function install(folder: string, {title, packages, megabytes, isNeeded}: DebianProgram): Promise<void> {
  console.error(`provisioning ${title} from Debian's packages (once; ${String(megabytes)} MB) …`)
  const part = `${folder}.part`
  await rm(part, {recursive: true, force: true})
  await mkdir(part, {recursive: true})
  try {
    await unpackDebianPackages(part, {packages, sources: null, isNeeded})
  } catch (cause) {
    throw new ServersError(
      `${title} cannot be had from the packages of this machine's apt, which must be Debian's: ${messageOf(cause)}`,
      {cause},
    )
  }
  for (const unused of ['usr/share/doc', 'usr/share/man', 'usr/share/locale']) {
    await rm(join(part, 'root', unused), {recursive: true, force: true})
  }
  await writeFile(join(part, 'complete'), '')
  await rm(folder, {recursive: true, force: true})
  await rename(part, folder)
}
