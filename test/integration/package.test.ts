// The npm package: what is in it, and that it works where only it was installed.

import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {cp, mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {after, before, test, type TestContext} from 'node:test'
import {promisify} from 'node:util'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {prepareCapture} from '../support/capture.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {installPackage, packPackage, type PackedPackage} from '../support/npm-package.ts'

const run = promisify(execFile)
const root = projectRoot()
let packed: PackedPackage
let folder: string
/** What all tests of this file share goes after the last of them. */
const undos: (() => Promise<void>)[] = []
const all: CleanUpContext = {
  after: undo => {
    undos.push(undo as () => Promise<void>)
  },
}

before(async () => {
  packed = await packPackage(all)
  folder = await installPackage(all, packed.tarball)
})

after(async () => {
  for (const undo of undos.reverse()) await undo()
})

test('the package has program, library, types, SQL, documents and examples, and nothing that only we need', () => {
  for (const path of [
    'dist/cli.js',
    'dist/library.js',
    'dist/library.d.ts',
    'dist/library/capture-stream.d.ts',
    'sql/grants.sql',
    'examples/library/follow.mts',
    'docs/library.md',
    'README.md',
    'LICENSE',
  ]) {
    assert.ok(packed.files.includes(path), `${path} is missing`)
  }
  const wanted = /^(?:dist\/.+\.(?:js|d\.ts)|dist\/commit$|sql\/|docs\/|examples\/|package\.json$|LICENSE$|[A-Z]+\.md$)/
  const alien = packed.files.filter(
    path => !wanted.test(path) || /(?:^|\/)(?:test|bench|demo|node_modules)\/|\.test\.[a-z.]*[jt]s$/.test(path),
  )
  assert.deepEqual(alien, [])
})

test('no file of the package names a path of the machine that packed it', async () => {
  const home = join(folder, 'node_modules', 'tidemark')
  const paths = [root, homedir(), '/build/', '\n//# sourceMappingURL']
  const found: string[] = []
  for (const path of await readdir(home, {recursive: true})) {
    if (!/\.(?:js|ts|json|md)$/.test(path) || path.startsWith('node_modules')) continue
    const text = await readFile(join(home, path), 'utf8')
    // Files of dist say nothing of any machine; documents may show /root or /build of the reader's.
    for (const name of path.startsWith('dist') ? paths : [root]) if (text.includes(name)) found.push(`${path}: ${name}`)
  }
  assert.deepEqual(found, [])
})

test('npx runs what was installed', async t => {
  const {stdout: version} = await run('npx', ['--offline', 'tidemark', '--version'], {cwd: folder})
  const {version: wanted} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {version: string}
  assert.equal(version.trim(), wanted)
  const {config, database} = await prepareCapture(t, {prefix: 'packed'})
  await writeFile(join(folder, 'init.json'), JSON.stringify(config))
  const {stdout: statements} = await run('npx', ['--offline', 'tidemark', 'init', 'init.json'], {cwd: folder})
  assert.match(statements, /CREATE TABLE/)
  assert.ok(statements.includes(database.name))
})

test('a program in TypeScript is checked against the types of the package and runs: the example', async t => {
  const {config, connection} = await prepareOrders(t)
  const place = join(folder, 'example')
  await mkdir(place)
  await cp(join(root, 'examples', 'library', 'follow.mts'), join(place, 'follow.mts'))
  await writeFile(join(place, 'shop.json'), JSON.stringify(config))
  const types = join(root, 'node_modules', '@types')
  const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--types', 'node', '--typeRoots', types]
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const compiled = await run(process.execPath, [tsc, ...options, 'follow.mts'], {cwd: place}).catch(
    (error: {stdout: string}) => error,
  )
  assert.equal(compiled.stdout, '')
  const follow = OwnedProcess.start(process.execPath, ['follow.mjs'], {cwd: place, stdout: 'pipe', stderr: 2})
  onCleanUp(t, async () => {
    await follow.stop('SIGKILL')
  })
  const lines = createInterface({input: follow.stdout!})[Symbol.asyncIterator]()
  const line = async (): Promise<string | undefined> => (await lines.next()).value as string | undefined
  assert.equal(await line(), 'r order 1: - -> new')
  await connection.query("UPDATE orders SET status = 'paid' WHERE id = 1")
  assert.equal(await line(), 'u order 1: new -> paid')
  follow.signal('SIGTERM')
  assert.match((await line()) ?? '', /^stopped at /)
  assert.deepEqual(await follow.ended, {code: 0, signal: null})
})

async function prepareOrders(t: TestContext): Promise<{
  readonly config: Readonly<Record<string, string>>
  readonly connection: Awaited<ReturnType<typeof prepareCapture>>['connection']
}> {
  const {config, connection, database} = await prepareCapture(t, {
    prefix: 'orders',
    config: {'snapshot.mode': 'initial'},
  })
  await connection.query(`CREATE TABLE orders (id BIGINT PRIMARY KEY, status VARCHAR(10), total DECIMAL(12,2));
    INSERT INTO orders VALUES (1, 'new', 9.90)`)
  const {'http.listen': _, ...rest} = config
  return {config: {...rest, 'table.include.list': `${database.name}.orders`}, connection}
}
