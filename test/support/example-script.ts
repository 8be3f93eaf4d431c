// The scripts of examples/: run as a reader would run them, and compared with what their pages promise.

import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {freePort} from '../../tools/servers/free-port.ts'
import {mysqlUrl, replicaEnvironmentName, serversEnvironment} from '../../tools/servers/given-servers.ts'
import type {KafkaServer} from '../../tools/servers/kafka-server.ts'
import type {MysqlServer} from '../../tools/servers/mysql-server.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'

export interface ExampleServers {
  readonly mysql: MysqlServer
  readonly kafka: KafkaServer
  readonly replica?: MysqlServer
}

/** Runs `run.sh` of a folder of examples/, and holds it to the README.md beside it. Gives what it said, word for word. */
export async function followsItsPage(t: CleanUpContext, folder: string, servers: ExampleServers): Promise<string> {
  const home = join(projectRoot(), 'examples', folder)
  const said = await runScript(t, join(home, 'run.sh'), servers)
  const page = consoleBlocks(await readFile(join(home, 'README.md'), 'utf8'))
  assert.deepEqual(sanitised(said), sanitised(page), `examples/${folder}/run.sh said:\n${said}`)
  return said
}

async function runScript(t: CleanUpContext, script: string, {mysql, kafka, replica}: ExampleServers): Promise<string> {
  const env = {
    ...process.env,
    ...serversEnvironment(mysql, kafka),
    ...(replica === undefined ? {} : {[replicaEnvironmentName]: mysqlUrl(replica)}),
    TIDEMARK_CLI: join(import.meta.dirname, '..', '..', 'src', 'cli.js'),
    HTTP_LISTEN: `127.0.0.1:${String(await freePort())}`,
    EXERCISE_OUT: await tempFolder(t),
  }
  const child = spawn('sh', [script], {env, stdio: ['ignore', 'pipe', 'pipe']})
  onCleanUp(t, async () => {
    // Its trap ends the task, too.
    if (child.exitCode === null) child.kill('SIGTERM')
    await Promise.resolve()
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0, `${script} ended with ${String(code)}:\n${said}`)
  return said
}

function consoleBlocks(markdown: string): string {
  return [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(match => match[1]!).join('')
}

/** What differs from run to run or from server to server, each with what stands for it. */
const VARIES: readonly (readonly [RegExp, string])[] = [
  [/^.*: comparing$\n?/gm, ''],
  [/^( {2}missing {4}.*\n)+ {2}… and .*$/gm, '  missing …'],
  [/^(\$ echo "\$last"\n)\d+$/gm, '$1LAST'],
  [/^(DIFFERENT {2}\S+ {2}[\d,]+ rows), .*$/gm, '$1, KEYS'],
  [/^(DIFFERENT: .* rows), .*$/gm, '$1, EVENTS'],
  [/"time":"[^"]*"/g, '"time":TIME'],
  [/"timestamp":\d+/g, '"timestamp":TIME'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[-\d:]+)?/g, 'UUID'],
  [/\b\w*binlog\.\d+:\d+/g, 'PLACE'],
  [/127\.0\.0\.1:\d+/g, 'ADDRESS'],
  [/\(tidemark \d[^)]*\)/g, '(tidemark VERSION)'],
  [/\bsignals-\d+/g, 'TOPIC'],
  [/(server version: ).*/g, '$1VERSION'],
  [/(server_id: )\d+/g, '$1ID'],
  [/in [\d.]+ (m?s)\b/g, 'in N $1'],
  [/"seconds":[\d.]+/g, '"seconds":N'],
  [/[\d,]+ events? emitted, .* in flight/g, 'N events emitted'],
  [/, (up to date|no event yet|[\d.]+ m?s behind); (nothing stored yet|stored up to PLACE)/g, ', FRESHNESS'],
  [/(, \S+ s left)?, \d+ windows? waiting, \S+ \S+ held(; throttled: .*)?/g, ', WINDOWS'],
  // Of a table that is being copied, or was stopped on the way, only its name and state.
  [/^( {2}\S+ +(?:running|stopped) ).*[\d,]+ of [\d,]+.*$/gm, '$1PROGRESS'],
  [/"(rowsDone|rowsEstimated|rowsPerSecond|secondsLeft|percent|chunks)": \d+/g, '"$1": N'],
  [/"key": "\d+"/g, '"key": "N"'],
  [/^\d+ rows in .*$/gm, 'SPEED'],
  [/^\d+ rows left .*$/gm, 'PREDICTION'],
]

/** Without titles, empty lines and widths of columns. */
function sanitised(text: string): string[] {
  const said = VARIES.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text)
  return said
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('# '))
    .map(line => line.trimEnd().replace(/ {2,}/g, '  '))
}
