// Debezium's MySQL connector as the plugin that its users install, from Maven Central; for the race of the bench.

import {existsSync} from 'node:fs'
import {mkdir, readdir, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {runCommand} from './run-command.ts'
import {serversFolder} from './server-paths.ts'
import {ServersError} from './servers-error.ts'
import {provideProgram} from './system-program.ts'

export const debeziumVersion = '3.6.0.Final'

export interface DebeziumPackage {
  /** For Connect's plugin.path: holds one folder with the connector's jars. */
  readonly pluginPath: string
}

/** The plugin, fetched where it is not there yet; safe with several processes at once. */
export async function provideDebeziumPackage(): Promise<DebeziumPackage> {
  const folder = join(serversFolder(), `debezium-${debeziumVersion}`)
  if (!existsSync(folder)) {
    await withDirectoryLock(join(serversFolder(), 'debezium.lock'), async () => {
      if (!existsSync(folder)) await fetchPlugin(folder)
    })
  }
  return {pluginPath: folder}
}

async function fetchPlugin(folder: string): Promise<void> {
  await provideProgram('mvn', ['-version'], 'maven')
  console.error(`provisioning Debezium ${debeziumVersion} from Maven Central (once) …`)
  const part = `${folder}.part`
  await rm(part, {recursive: true, force: true})
  const plugins = join(part, 'plugins')
  await mkdir(plugins, {recursive: true})
  const artifact = `io.debezium:debezium-connector-mysql:${debeziumVersion}:tar.gz:plugin`
  // Maven looks for a project in the working directory: an empty one keeps it from finding somebody else's.
  const copy = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`]
  await runCommand('mvn', copy, {cwd: plugins})
  const archive = (await readdir(part)).find(name => name.endsWith('.tar.gz'))
  if (archive === undefined) throw new ServersError(`Maven left no archive of ${artifact} in ${part}`)
  await runCommand('tar', ['-xzf', join(part, archive), '-C', plugins])
  await rename(plugins, folder)
  await rm(part, {recursive: true})
}
