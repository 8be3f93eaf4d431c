import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {failureText, main} from '../../../src/cli/main.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {REQUIRED_KEYS} from '../../support/config-file.ts'
import {tempFolder} from '../../support/temp-folder.ts'

interface Ran {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

async function run(...argv: string[]): Promise<Ran> {
  const out: string[] = []
  const error: string[] = []
  const exitCode = await main({
    argv,
    env: {},
    writeOut: text => out.push(text),
    writeError: text => error.push(text),
    onStopSignal: () => assert.fail('no command here waits for a signal'),
    onReloadSignal: () => undefined,
    exit: code => assert.fail(`exit ${code}`),
  })
  return {exitCode, out: out.join(''), error: error.join('')}
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)!
}

test('--version and --help end cleanly', async () => {
  assert.match((await run('--version')).out, /^\d+\.\d+\.\d+\n$/)
  const help = await run('--help')
  assert.equal(help.exitCode, 0)
  for (const command of ['run', 'check', 'init']) assert.match(help.out, new RegExp(`^  ${command} `, 'm'))
  const checkHelp = await run('check', '--help')
  assert.equal(checkHelp.exitCode, 0)
  assert.match(checkHelp.out, /signal\.data\.collection/)
})

test('wrong usage ends with 2', async () => {
  for (const argv of [[], ['bogus'], ['check'], ['check', 'a', 'b'], ['check', 'a', '--nope']]) {
    const {exitCode, error} = await run(...argv)
    assert.equal(exitCode, 2, argv.join(' '))
    assert.notEqual(error, '')
  }
})

test('a wrong configuration ends with 2, details first, and the last line says what to do', async t => {
  const path = join(await tempFolder(t), 'shop.json')
  await writeFile(path, JSON.stringify({...REQUIRED_KEYS, 'database.port': 'x', 'topic.prefix': 'a b'}))
  const {exitCode, error} = await run('check', path)
  assert.equal(exitCode, 2)
  assert.match(error, /database\.port: found "x"/)
  assert.match(error, /topic\.prefix: found "a b"/)
  assert.equal(
    lastLine(error),
    `tidemark: the configuration ${path} has 2 problems; mend it and start again (TIDEMARK_CONFIG_INVALID)`,
  )
})

test('a server that cannot be reached ends check with 1 and one line that says so', async t => {
  const path = join(await tempFolder(t), 'shop.json')
  // Port 1 of this machine: nothing listens there.
  await writeFile(path, JSON.stringify({...REQUIRED_KEYS, 'database.hostname': '127.0.0.1', 'database.port': 1}))
  const {exitCode, error} = await run('check', path)
  assert.equal(exitCode, 1)
  assert.match(error, /^tidemark: cannot connect to MySQL at 127\.0\.0\.1:1 .*\(TIDEMARK_MYSQL_UNREACHABLE\)\n$/)
})

test('init prints SQL though the server cannot be reached, and no password', async t => {
  const path = join(await tempFolder(t), 'shop.json')
  const config = {
    ...REQUIRED_KEYS,
    'database.hostname': '127.0.0.1',
    'database.port': 1,
    'database.password': 'pa55word',
    'signal.data.collection': 'shop.debezium_signal',
  }
  await writeFile(path, JSON.stringify(config))
  const {exitCode, out} = await run('init', path)
  assert.equal(exitCode, 0)
  assert.match(out, /CREATE TABLE IF NOT EXISTS `shop`\.`debezium_signal`/)
  assert.match(out, /GRANT REPLICATION SLAVE ON \*\.\* TO 'tidemark'@'%';/)
  assert.ok(!out.includes('pa55word'))
})

test('a stack trace is never the only message', () => {
  const text = failureText(new Error('boom'))
  assert.match(text, /at /)
  assert.equal(lastLine(text), 'tidemark: internal error: boom; please report it with the lines above')
})

test('details of an error come before its headline', () => {
  assert.equal(
    failureText(new TidemarkError('TIDEMARK_X', 'two things are wrong:\nfirst\nsecond')),
    'first\nsecond\ntidemark: two things are wrong (TIDEMARK_X)\n',
  )
})
