// `npm test`: one MySQL and one Kafka for the whole run, then node's test runner over the compiled files.

import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {serversEnvironment} from './servers/given-servers.ts'
import {provideKafka} from './servers/kafka-server.ts'
import {provideMysql} from './servers/mysql-server.ts'
import {OwnedProcess, type ProcessEnd} from './servers/owned-process.ts'
import {ServersError} from './servers/servers-error.ts'
import {startTogether} from './servers/start-together.ts'
import {isSuiteName, suiteFiles, suites, type Suite} from './test-suites.ts'

const testFolder = join(import.meta.dirname, '..', 'test')
/** One file more than there are processors, since files also wait: for servers that start, for what they watch. */
const concurrency = Math.min(3, availableParallelism() + 1)
const usage = `usage: node tools/test.mjs ${Object.keys(suites).join('|')} [PART OF A FILE'S PATH]`

process.exitCode = await main(process.argv.slice(2))

async function main([suiteName = '', pattern = '', ...rest]: string[]): Promise<number> {
  if (!isSuiteName(suiteName) || rest.length > 0) {
    console.error(usage)
    return 2
  }
  const suite: Suite = suites[suiteName]
  const files = await suiteFiles(testFolder, suite, pattern)
  if (files.length === 0) {
    console.error(`no test file of the suite ${suiteName} has "${pattern}" in its path`)
    return 1
  }
  return suite.servers ? await runWithServers(suite, files) : await runFiles(suite, files, {})
}

async function runWithServers(suite: Suite, files: readonly string[]): Promise<number> {
  const started = Date.now()
  const [mysql, kafka] = await startTogether(provideMysql(), provideKafka())
  try {
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    console.log(`servers: MySQL (${mysql.way}) and Kafka (${kafka.way}) up after ${seconds} s`)
    return await runFiles(suite, files, serversEnvironment(mysql, kafka))
  } finally {
    await Promise.all([mysql.stop(), kafka.stop()])
  }
}

/** Exit code of the run: node's own, or that of a shell for a signal that ended us. */
async function runFiles(suite: Suite, files: readonly string[], environment: Record<string, string>): Promise<number> {
  const runner = OwnedProcess.start(
    process.execPath,
    [
      '--enable-source-maps',
      join(import.meta.dirname, 'run-test-files.js'),
      String(concurrency),
      String(suite.fileTimeoutMs),
      ...files,
    ],
    {stdout: 1, stderr: 2, env: {...process.env, ...environment}},
  )
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    runner.signal('SIGTERM')
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const end: ProcessEnd = await runner.ended
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (interrupted) return 130
  if (end.signal !== null) throw new ServersError(`the test runner was ended by ${end.signal}`)
  return end.code ?? 1
}
