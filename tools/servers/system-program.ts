// Programs of the system that servers need, installed with apt where we may.

import {join} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {runCommand} from './run-command.ts'
import {serversFolder} from './server-paths.ts'
import {messageOf, NotHere} from './servers-error.ts'

/** Runs the program and gives its output; installs its package first where it is missing, we may, and apt is there. */
export async function provideProgram(program: string, args: readonly string[], packageName: string): Promise<string> {
  try {
    return await runCommand(program, args)
  } catch (error) {
    if (process.getuid?.() !== 0) {
      throw new NotHere(`no usable ${program} (${messageOf(error)}), and only root may install it`, {cause: error})
    }
  }
  return await withDirectoryLock(join(serversFolder(), 'apt.lock'), async () => {
    console.error(`installing ${packageName} with apt (once) …`)
    const env = {...process.env, DEBIAN_FRONTEND: 'noninteractive'}
    try {
      await runCommand('apt-get', ['-q', 'update'], {env})
      await runCommand('apt-get', ['-q', '-y', '--no-install-recommends', 'install', packageName], {env})
      return await runCommand(program, args)
    } catch (cause) {
      throw new NotHere(`no usable ${program}, and apt cannot install ${packageName}: ${messageOf(cause)}`, {cause})
    }
  })
}
