// What the library costs beside the command line: the same rows copied and streamed by `tidemark run` into a file, and by a
// program that iterates over `capture()` and acknowledges each event. Each run is a process of its own.

import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createConnection, type Connection} from 'mysql2/promise'
import {capture} from '../src/library.ts'
import {OwnedProcess} from '../tools/servers/owned-process.ts'
import {provideMysql, type MysqlServer} from '../tools/servers/mysql-server.ts'
import {eventually} from '../tools/servers/eventually.ts'
import {freePort} from '../tools/servers/free-port.ts'

const ROWS = 300_000
const ROWS_A_TRANSACTION = 1000
const WAIT_MS = 120_000

type Way = 'cli' | 'library'
type Config = Readonly<Record<string, string>>

/** Rows a second of each part. */
export interface LibraryFigures {
  readonly snapshot: Readonly<Record<Way, number>>
  readonly stream: Readonly<Record<Way, number>>
}

export async function benchLibrary(): Promise<LibraryFigures> {
  const mysql = await provideMysql()
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-library-'))
  const {host, port, user, password} = mysql
  const connection = await createConnection({host, port, user, password, multipleStatements: true})
  try {
    await connection.query('CREATE DATABASE bench_library; USE bench_library')
    await connection.query('CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, filler CHAR(80) NOT NULL)')
    await fill(connection)
    const configs: Readonly<Record<Way, Config>> = {
      cli: {...(await configOf(mysql, folder, 'cli')), 'sink.type': 'file', 'sink.file.path': join(folder, 'events')},
      library: await configOf(mysql, folder, 'library'),
    }
    const snapshot = {cli: await run('cli', configs.cli), library: await run('library', configs.library)}
    await fill(connection)
    const stream = {cli: await run('cli', configs.cli), library: await run('library', configs.library)}
    return {snapshot, stream}
  } finally {
    await connection.query('DROP DATABASE IF EXISTS bench_library').catch(() => undefined)
    await connection.end()
    await mysql.stop()
    await rm(folder, {recursive: true, force: true})
  }
}

async function fill(connection: Connection): Promise<void> {
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS_A_TRANSACTION})`
  for (let done = 0; done < ROWS; done += ROWS_A_TRANSACTION) {
    await connection.query(`INSERT INTO items (filler) ${numbers} SELECT REPEAT('x', 80) FROM n`)
  }
}

async function configOf({host, port, user, password}: MysqlServer, folder: string, way: Way): Promise<Config> {
  return {
    ...{name: way, 'topic.prefix': way, 'table.include.list': 'bench_library.items', 'include.schema.changes': 'false'},
    ...{'database.hostname': host, 'database.port': String(port), 'database.user': user, 'database.password': password},
    'database.server.id': way === 'cli' ? '900001' : '900002',
    'offset.storage.file.filename': join(folder, `${way}.state`),
    ...(way === 'cli' ? {'http.listen': `127.0.0.1:${await freePort()}`} : {}),
  }
}

async function run(way: Way, config: Config): Promise<number> {
  const path = `${config['offset.storage.file.filename']!}.json`
  await writeFile(path, JSON.stringify(config))
  const file = way === 'cli' ? ['..', 'src', 'cli.js'] : ['library.js']
  const args = [join(import.meta.dirname, ...file), ...(way === 'cli' ? ['run', path] : ['follow', path])]
  const child = OwnedProcess.start(process.execPath, args, {stdout: 'pipe', stderr: way === 'cli' ? 'pipe' : 2})
  child.stderr?.resume()
  try {
    const ms = way === 'cli' ? await untilEmitted(config) : Number(await firstLine(child))
    return Math.round(ROWS / (ms / 1000))
  } finally {
    await child.stop('SIGTERM')
  }
}

/** From the first event that the task has emitted until the last one is in the file. */
async function untilEmitted(config: Config): Promise<number> {
  let beganAt: number | null = null
  const what = `${ROWS} events of ${config['name']!}`
  return await eventually({what, timeoutMs: WAIT_MS, intervalMs: 10}, async () => {
    const response = await fetch(`http://${config['http.listen']!}/status`)
    const {sink} = (await response.json()) as {sink: {eventsEmitted: number; bytesInFlight: number}}
    if (sink.eventsEmitted > 0) beganAt ??= performance.now()
    return sink.eventsEmitted >= ROWS && sink.bytesInFlight === 0 ? performance.now() - beganAt! : undefined
  })
}

async function firstLine({stdout}: OwnedProcess): Promise<string> {
  for await (const text of stdout!) return String(text)
  throw new Error('the program said nothing')
}

/** The program: says how many milliseconds the events took from the first to the last. */
async function follow(path: string): Promise<void> {
  let seen = 0
  let beganAt = 0
  for await (const event of await capture(path)) {
    if (seen++ === 0) beganAt = performance.now()
    event.ack()
    if (seen === ROWS) {
      process.stdout.write(`${performance.now() - beganAt}\n`)
      return
    }
  }
}

if (process.argv[2] === 'follow') await follow(process.argv[3]!)
