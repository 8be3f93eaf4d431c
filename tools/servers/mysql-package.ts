// MySQL from Debian's packages, unpacked into a folder of the project and run through its own dynamic loader, so that
// neither the machine's packages nor its C library matter.

import {access, chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {join, relative} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {unpackDebianPackages} from './debian-packages.ts'
import type {MysqlAddress} from './mysql-server.ts'
import {runCommand} from './run-command.ts'
import {serversFolder} from './server-paths.ts'
import {messageOf, NotHere, ServersError} from './servers-error.ts'

/** The suite that has MySQL 9; the stable suites have MariaDB only. */
const suite = 'sid'
const programs = ['mysqld', 'mysql', 'mysqladmin', 'mysqldump', 'mysqlbinlog']
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** An unpacked MySQL: its programs are `bin/mysqld`, `bin/mysql`, `bin/mysqlbinlog` … below `folder`. */
export interface MysqlPackage {
  readonly folder: string
  /** A data directory fresh from initialisation, to be copied. */
  readonly templateDataDir: string
  /** Options that every run of mysqld needs to find its own files. */
  readonly baseOptions: readonly string[]
}

function mysqlPackage(folder: string): MysqlPackage {
  const baseOptions = [
    '--no-defaults',
    `--basedir=${join(folder, 'root/usr')}`,
    `--lc-messages-dir=${join(folder, 'root/usr/share/mysql')}`,
    `--plugin-dir=${join(folder, 'root/usr/lib/mysql/plugin')}`,
  ]
  if (process.getuid?.() === 0) baseOptions.push('--user=root')
  return {folder, templateDataDir: join(folder, 'template'), baseOptions}
}

/** What an earlier provisioning left, or null. */
export function installedMysqlPackage(): MysqlPackage | null {
  const folder = join(serversFolder(), 'mysql')
  return existsSync(join(folder, 'complete')) ? mysqlPackage(folder) : null
}

/** The unpacked client for a server, or null where the packages are not unpacked. */
export function localMysqlClient({host, port, user, password}: MysqlAddress): string[] | null {
  const mysql = installedMysqlPackage()
  if (mysql === null) return null
  const address = ['--no-defaults', `--host=${host}`, `--port=${String(port)}`, `--user=${user}`]
  return [join(mysql.folder, 'bin/mysql'), ...address, `--password=${password}`]
}

/** The package, unpacked where it is not yet; safe with several processes at once. */
export async function provideMysqlPackage(): Promise<MysqlPackage> {
  const installed = installedMysqlPackage()
  if (installed !== null) return installed
  return await withDirectoryLock(join(serversFolder(), 'mysql.lock'), async () => {
    return installedMysqlPackage() ?? (await install(join(serversFolder(), 'mysql')))
  })
}

async function install(folder: string): Promise<MysqlPackage> {
  const mirror = await debianMirror()
  console.error("provisioning MySQL from Debian's packages (once) …")
  const part = `${folder}.part`
  await rm(part, {recursive: true, force: true})
  await unpackPackages(part, mirror)
  await writePrograms(part)
  await initialiseTemplate(mysqlPackage(part))
  await writeFile(join(part, 'complete'), '')
  await rm(folder, {recursive: true, force: true})
  await rename(part, folder)
  return mysqlPackage(folder)
}

/** The mirror that this machine's apt uses for Debian, whatever its name. */
async function debianMirror(): Promise<string> {
  if (process.arch !== 'x64' && process.arch !== 'arm64') throw new NotHere(`no packages for ${process.arch}`)
  for (const tool of ['apt-get', 'dpkg']) {
    await runCommand(tool, ['--version']).catch((cause: unknown) => {
      throw new NotHere(`this machine has no ${tool}`, {cause})
    })
  }
  await access(keyring).catch((cause: unknown) => {
    throw new NotHere(`${keyring} is missing (package debian-archive-keyring)`, {cause})
  })
  const mirror = mirrorIn(await aptSources())
  if (mirror === null) throw new NotHere("no mirror of Debian in the machine's apt sources (/etc/apt/sources.list*)")
  return mirror
}

async function aptSources(): Promise<string> {
  const parts = '/etc/apt/sources.list.d'
  const listed = (await readdir(parts).catch(() => [])).filter(name => /\.(list|sources)$/.test(name)).sort()
  const files = ['/etc/apt/sources.list', ...listed.map(name => join(parts, name))]
  const texts = await Promise.all(files.map(async file => await readFile(file, 'utf8').catch(() => '')))
  return texts.join('\n')
}

/** The first address that ends in /debian, of either format of apt's sources; null where there is none. */
export function mirrorIn(sources: string): string | null {
  for (const line of sources.split('\n')) {
    if (!/^(URIs:|deb\s)/.test(line)) continue
    const address = /https?:\/\/\S+\/debian\/?(?=\s|$)/.exec(line)
    if (address !== null) return address[0]
  }
  return null
}

async function unpackPackages(folder: string, mirror: string): Promise<void> {
  await unpackDebianPackages(folder, {
    packages: ['mysql-server-core', 'mysql-client-core'],
    sources: `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`,
    isNeeded: isNeededToRun,
  })
}

/** Packages that only the installation of packages needs are left out. */
function isNeededToRun(name: string): boolean {
  return !/^(perl|libperl|libc-gconv|dpkg|tar|debconf)/.test(name)
}

/** Scripts that start the programs through the packages' own loader, wherever the folder is moved to. */
async function writePrograms(folder: string): Promise<void> {
  const files = await readdir(join(folder, 'root'), {recursive: true, withFileTypes: true})
  const paths = files.filter(file => file.isFile() || file.isSymbolicLink()).map(file => join(file.path, file.name))
  const loader = paths.find(path => /\/ld-linux-[^/]*\.so\.\d+$/.test(path))
  if (loader === undefined) throw new ServersError("no dynamic loader in Debian's packages")
  const inside = (path: string): string => `"$here/${relative(folder, path)}"`
  const libraries = [...new Set(paths.filter(path => /\.so(\.|$)/.test(path)).map(path => join(path, '..')))]
  await mkdir(join(folder, 'bin'))
  for (const program of programs) {
    const binary = paths.find(path => path.endsWith(`bin/${program}`))
    if (binary === undefined) throw new ServersError(`no ${program} in Debian's packages`)
    const script = `#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
exec ${inside(loader)} --library-path ${libraries.map(inside).join(':')} ${inside(binary)} "$@"
`
    await writeFile(join(folder, 'bin', program), script)
    await chmod(join(folder, 'bin', program), 0o755)
  }
}

/** Initialising takes seconds, copying the result a fraction of one. */
async function initialiseTemplate(mysql: MysqlPackage): Promise<void> {
  const init = join(mysql.folder, 'init.sql')
  // By default root may come from "localhost" only, which needs a reverse lookup of 127.0.0.1 that not every machine has.
  await writeFile(init, "CREATE USER root@'%' IDENTIFIED BY '';\nGRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n")
  const data = `--datadir=${mysql.templateDataDir}`
  await runCommand(join(mysql.folder, 'bin/mysqld'), [
    ...mysql.baseOptions,
    data,
    '--initialize-insecure',
    `--init-file=${init}`,
    '--innodb-redo-log-capacity=8M',
  ]).catch((cause: unknown) => {
    throw new ServersError(`MySQL cannot be initialised: ${messageOf(cause)}`, {cause})
  })
}

/** A new data directory from the template, with an identity of its own (auto.cnf holds the server's UUID). */
export async function copyTemplate(mysql: MysqlPackage, dataDir: string): Promise<void> {
  await cp(mysql.templateDataDir, dataDir, {recursive: true})
  await rm(join(dataDir, 'auto.cnf'), {force: true})
}
