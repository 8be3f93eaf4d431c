// What every entry script does first: install the packages and compile, as far as either is not up to date.
// Runs on a fresh clone, so it needs nothing but Node and npm.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {withDirectoryLock} from './directory-lock.mjs'

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)))

const interruptions = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** Folders that the compiler writes to build/. */
const compiledFolders = ['src', 'test', 'bench', 'demo', 'tools']

/** Packages and compiled code are up to date when this resolves. Throws a SetupError where that cannot be. */
export async function bootstrap() {
  refuseOldNode()
  await withDirectoryLock(join(projectRoot, '.servers', 'bootstrap.lock'), async () => {
    await installPackages()
    await compile()
    removeStaleOutputs()
  })
}

/** @param {string} module path below build/, as `tools/run-tests.js` */
export async function runCompiled(module) {
  await bootstrap()
  await import(new URL(`../build/${module}`, import.meta.url).href)
}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 11)) {
    fail(`Node ${process.versions.node} is too old: install Node 20.11 or newer`)
  }
}

async function installPackages() {
  if (packagesAreInstalled()) return
  console.error('installing packages (npm ci) …')
  await run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'],
    'npm ci failed: see above',
  )
}

/** npm leaves a record of what it installed, written last; it is compared with what package-lock.json wants. */
function packagesAreInstalled() {
  const record = join(projectRoot, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(projectRoot, 'package-lock.json'))).every(([path, wanted]) => {
    const found = installed[path]
    if (path === '') return true
    return found === undefined ? wanted.optional === true : found.version === wanted.version
  })
}

/**
 * @param {string} lockFile
 * @returns {Record<string, {version?: string, optional?: boolean}>}
 */
function packagesOf(lockFile) {
  /** @type {unknown} */
  const lock = JSON.parse(readFileSync(lockFile, 'utf8'))
  return /** @type {{packages: Record<string, {version?: string, optional?: boolean}>}} */ (lock).packages
}

async function compile() {
  const tsc = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  // The compiler's own record would call outputs up to date that somebody deleted.
  if (!existsSync(join(projectRoot, 'build', 'tools'))) {
    rmSync(join(projectRoot, 'build', '.tsbuildinfo'), {force: true})
    console.error('compiling …')
  }
  await run(process.execPath, [tsc, '-p', 'tsconfig.json'], 'the code does not compile: see above')
}

/** An output whose source was deleted or renamed would still run as a test. */
function removeStaleOutputs() {
  const build = join(projectRoot, 'build')
  for (const folder of compiledFolders) {
    if (!existsSync(join(build, folder))) continue
    for (const entry of readdirSync(join(build, folder), {recursive: true, withFileTypes: true})) {
      const output = join(entry.path, entry.name)
      const stem = /^(.*)\.(m?)js(\.map)?$/.exec(join(projectRoot, relative(build, output)))
      if (!entry.isFile() || stem === null) continue
      if (!existsSync(`${stem[1]}.${stem[2]}ts`) && !existsSync(`${stem[1]}.${stem[2]}js`)) rmSync(output)
    }
  }
}

/**
 * A signal to us alone ends the command, too: nothing is left running behind our back.
 * @param {string} command
 * @param {string[]} args
 * @param {string} failure
 */
async function run(command, args, failure) {
  // Standard output belongs to the entry script's own result.
  const child = spawn(command, args, {cwd: projectRoot, stdio: ['ignore', process.stderr, process.stderr]})
  let interrupted = false
  const interrupt = () => {
    interrupted = true
    child.kill('SIGTERM')
  }
  for (const signal of interruptions) process.on(signal, interrupt)
  try {
    /** @type {unknown[]} */
    const end = await once(child, 'close')
    if (interrupted) throw new Interrupted('interrupted')
    if (typeof end[1] === 'string') fail(`${command} was ended by ${end[1]}`)
    if (end[0] !== 0) fail(failure)
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) fail(`cannot run ${command}: ${error.message}`)
    throw error
  } finally {
    for (const signal of interruptions) process.off(signal, interrupt)
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  throw new SetupError(message)
}

/** Something that its reader can mend; everything else is a mistake of ours, and shows where. */
class SetupError extends Error {
  /** @override */
  name = 'SetupError'
}

class Interrupted extends Error {
  /** @override */
  name = 'Interrupted'
}

/**
 * The last resort of an entry script.
 * @param {unknown} error
 */
export function reportAndExit(error) {
  if (error instanceof Interrupted) process.exit(130)
  const expected = error instanceof Error && (error.name === 'SetupError' || error.name === 'ServersError')
  console.error(expected ? error.message : error)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bootstrap().catch(reportAndExit)
