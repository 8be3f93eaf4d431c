// The package as its users get it: packed as `npm publish` would, and installed by npm into an empty folder, without a
// network: what it depends on is packed out of this repository's node_modules, in the versions of its lock file.

import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {cp, mkdir, readFile, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import type {CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'

const run = promisify(execFile)
const root = projectRoot()

export interface PackedPackage {
  readonly tarball: string
  /** Paths inside. */
  readonly files: readonly string[]
}

/** What packing needs of a checkout; `node_modules` is linked. */
const SOURCES = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'ARCHITECTURE.md',
  'LICENSE',
  'tsconfig.json',
  'tsconfig.dist.json',
  'src',
  'sql',
  'docs',
  'examples',
  'tools',
  'test/support',
]

/** Built and packed in a folder of its own, so that nothing that lies about here gets in. */
export async function packPackage(t: CleanUpContext): Promise<PackedPackage> {
  const folder = await tempFolder(t)
  const checkout = join(folder, 'checkout')
  for (const path of SOURCES) await cp(join(root, path), join(checkout, path), {recursive: true})
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
  await leaveOutChecks(join(checkout, 'tsconfig.dist.json'))
  const {stdout} = await run('npm', ['pack', '--json', '--offline', '--pack-destination', folder], {
    cwd: checkout,
    maxBuffer: 16 * 1024 * 1024,
  })
  // Behind what the scripts print.
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{filename: string; files: {path: string}[]}]
  return {tarball: join(folder, packed.filename), files: packed.files.map(({path}) => path)}
}

/** The compiler's check of the types takes half of its time, and this code has passed it. */
async function leaveOutChecks(configFile: string): Promise<void> {
  const config = JSON.parse(await readFile(configFile, 'utf8')) as {compilerOptions: object}
  await writeFile(configFile, JSON.stringify({...config, compilerOptions: {...config.compilerOptions, noCheck: true}}))
}

interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly resolved?: string
  readonly integrity?: string
}

/** The folder, with the package in its node_modules. */
export async function installPackage(t: CleanUpContext, tarball: string): Promise<string> {
  const folder = await tempFolder(t)
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  const {devDependencies: _, ...own} = lock.packages[''] as Record<string, unknown>
  const spec = `file:${tarball}`
  const user = {name: 'user-of-tidemark', version: '1.0.0', dependencies: {tidemark: spec}}
  const packages: Record<string, unknown> = {'': user, 'node_modules/tidemark': {...own, resolved: spec}}
  await mkdir(join(folder, 'tarballs'))
  for (const [path, {integrity: _ofRegistry, ...entry}] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev === true) continue
    packages[path] = entry
    // Native parts for other machines are not there, and are not asked for.
    if (!existsSync(join(root, path))) continue
    const packed = join(folder, 'tarballs', `${path.replaceAll('/', '+')}.tgz`)
    const form = ['--transform', 's,^\\./,package/,', '--exclude', './node_modules']
    await run('tar', ['-czf', packed, '-C', join(root, path), ...form, '.'])
    packages[path] = {...entry, resolved: `file:${packed}`}
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({...user, private: true}))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({...user, lockfileVersion: 3, packages}))
  await run('npm', ['ci', '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {cwd: folder})
  return folder
}
