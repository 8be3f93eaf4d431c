// The commands of examples/quickstart/README.md, run as they stand there against a server of the test's own. `npx` and
// `mysql` are small scripts that lead to the compiled program and to the server's client.

import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {chmod, cp, mkdir, readFile, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {promisify} from 'node:util'
import {createConnection} from 'mysql2/promise'
import {readBinlogEnd} from '../../src/mysql/server-reader.ts'
import {hasStored, type StatusReport} from '../../src/task/status.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {freePort} from '../../tools/servers/free-port.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {tempFolder} from '../support/temp-folder.ts'

const example = join(projectRoot(), 'examples', 'quickstart')
const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.js')

test('the commands of the quickstart do what its page says', async t => {
  const mysql = await startMysql()
  onCleanUp(t, async () => {
    await mysql.stop()
  })
  const place = await prepare(t, mysql)
  const said: {readonly command: string; readonly output: string}[] = []
  const saidBy = (command: string): string => said.find(block => block.command.includes(command))?.output ?? ''
  let signalsSent = 0
  let exports = ''
  let isRunning = false
  for (const command of shellBlocks(await readFile(join(example, 'README.md'), 'utf8'))) {
    exports += (command.match(/^export .*$/gm) ?? []).map(line => `${line}\n`).join('')
    if (command.includes('tidemark run')) {
      start(t, `${exports}exec ${command}`, place)
      isRunning = true
    } else {
      const {stdout} = await promisify(execFile)('sh', ['-ec', `${exports}${command}`], place)
      said.push({command, output: stdout})
      signalsSent += command.match(/-snapshot'/g)?.length ?? 0
    }
    if (isRunning) await untilQuiet({mysql, statusUrl: place.statusUrl, signalsSent})
  }

  assert.match(saidBy('tidemark init shop.json'), /GRANT SELECT, INSERT, DELETE ON `shop`\.`debezium_signal`/)
  assert.match(saidBy('tidemark check'), /all prerequisites are met/)
  const update = JSON.parse(saidBy('grep \'"topic"')) as {value: {op: string; before: object; after: object}}
  assert.equal(update.value.op, 'u')
  assert.deepEqual(
    [update.value.before, update.value.after].map(row => 'status' in row && row.status),
    ['new', 'paid'],
  )
  assert.equal(saidBy('grep -c').trim(), '7')
  assert.match(saidBy('tidemark status'), /first-copy/)
  assert.match(saidBy('tidemark verify'), /equal: 2 tables/)
})

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly statusUrl: string
}

/** A copy of the example that names the test's server, and the scripts that stand for the programs it calls. */
async function prepare(t: TestContext, mysql: MysqlServer): Promise<Place> {
  const folder = await tempFolder(t)
  const cwd = join(folder, 'quickstart')
  await cp(example, cwd, {recursive: true})
  const listen = `127.0.0.1:${await freePort()}`
  const config = JSON.parse(await readFile(join(cwd, 'shop.json'), 'utf8')) as object
  const here = {'database.hostname': mysql.host, 'database.port': mysql.port, 'http.listen': listen}
  await writeFile(join(cwd, 'shop.json'), JSON.stringify({...config, ...here}))
  const programs = join(folder, 'programs')
  await mkdir(programs)
  assert(mysql.clientCommand !== null, 'the server has no command line client')
  // $1 is `tidemark`; `-u root -p` is in the client's own command.
  await writeProgram(join(programs, 'npx'), `shift; exec ${quoted([process.execPath, cli])} "$@"`)
  await writeProgram(join(programs, 'mysql'), `shift 3; exec ${quoted(mysql.clientCommand)} "$@"`)
  const env = {...process.env, PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`}
  return {cwd, env, statusUrl: `http://${listen}/status`}
}

async function writeProgram(path: string, command: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${command}\n`)
  await chmod(path, 0o755)
}

function quoted(words: readonly string[]): string {
  return words.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}

function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(match => match[1]!)
}

function start(t: TestContext, script: string, {cwd, env}: Place): void {
  const run = OwnedProcess.start('sh', ['-ec', script], {cwd, env})
  onCleanUp(t, async () => {
    await run.stop('SIGTERM')
  })
}

/** Every signal is answered, no snapshot runs, and all that the server has in its binlog is in the file. */
async function untilQuiet(wanted: {mysql: MysqlServer; statusUrl: string; signalsSent: number}): Promise<void> {
  const {mysql, statusUrl, signalsSent} = wanted
  const {host, port, user, password} = mysql
  const connection = await createConnection({host, port, user, password})
  try {
    await eventually({what: 'tidemark to be done with everything', timeoutMs: 30_000}, async () => {
      const response = await fetch(statusUrl, {signal: AbortSignal.timeout(5000)})
      const status = (await response.json()) as StatusReport
      const end = await readBinlogEnd(connection)
      const isAnswered = status.signals.length === signalsSent && status.snapshot.state === 'idle'
      return (status.streaming && isAnswered && end !== null && hasStored(status, end)) || undefined
    })
  } finally {
    connection.destroy()
  }
}
