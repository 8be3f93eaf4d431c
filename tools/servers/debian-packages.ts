// Debian's packages with all that they need, unpacked into a folder of the project: no privilege is needed, and the machine's
// own packages stay as they are.

import {mkdir, readdir, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {runCommand} from './run-command.ts'
import {ServersError} from './servers-error.ts'

export interface WantedPackages {
  readonly packages: readonly string[]
  /** A text of apt's one-line format; null: the sources of this machine. */
  readonly sources: string | null
  /** Of the packages that come with them, which are fetched. */
  readonly isNeeded: (name: string) => boolean
}

/** Unpacked below `folder/root`. Rejects where apt has one of them not. */
export async function unpackDebianPackages(
  folder: string,
  {packages, sources, isNeeded}: WantedPackages,
): Promise<void> {
  const apt = join(folder, 'apt')
  const debs = join(apt, 'debs')
  for (const name of ['lists/partial', 'archives/partial', 'debs']) await mkdir(join(apt, name), {recursive: true})
  // An empty status file: every library that is needed counts as missing and is fetched, in the suite's own version.
  await writeFile(join(apt, 'status'), '')
  if (sources !== null) await writeFile(join(apt, 'sources.list'), sources)
  const options = aptOptions(apt, sources !== null)
  await runCommand('apt-get', [...options, 'update'])
  const plan = await runCommand('apt-get', [...options, 'install', '-s', ...packages])
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(match => match[1] ?? '').filter(isNeeded)
  const missing = packages.filter(name => !names.includes(name))
  if (missing.length > 0)
    throw new ServersError(`apt has no ${missing.join(', ')} in ${sources ?? "this machine's sources"}`)
  await runCommand('apt-get', [...options, 'download', ...names], {cwd: debs})
  for (const deb of await readdir(debs)) await runCommand('dpkg', ['-x', join(debs, deb), join(folder, 'root')])
  await rm(apt, {recursive: true})
}

/** apt with lists, cache and status of its own, which needs no privilege and leaves the machine's apt alone. */
function aptOptions(apt: string, hasSources: boolean): string[] {
  const settings = {
    ...(hasSources
      ? {
          'Dir::Etc::sourcelist': join(apt, 'sources.list'),
          'Dir::Etc::sourceparts': '-',
          'Dir::Etc::Preferences': '/dev/null',
          'Dir::Etc::PreferencesParts': '/dev/null',
        }
      : {}),
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': apt,
    'Dir::Cache::archives': join(apt, 'archives'),
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Debug::NoLocking': '1',
  }
  return ['-q', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}
