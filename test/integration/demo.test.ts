// The demo as its users run it, with a small shop: everything after the installation of packages, which has its own test.

import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {environmentName} from '../../tools/servers/given-servers.ts'
import {OwnedProcess, type ProcessEnd} from '../../tools/servers/owned-process.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {tempFolder} from '../support/temp-folder.ts'

const main = join(import.meta.dirname, '..', '..', 'demo', 'main.js')

test('the demo ends with the proof that every topic equals its table', async t => {
  const demo = await startDemo(t)
  const {code} = await demo.ended
  assert.equal(code, 0, demo.output())
  assert.match(demo.output(), /stop-snapshot demo-\d-stop accepted/)
  assert.match(demo.output(), /shop\.order(s|_items): stopped after/)
  assert.match(demo.output(), /equal: 7 tables/)
  assert.match(readFileSync(join(demo.folder, 'tidemark.log'), 'utf8'), /"msg":"snapshot done"/)
  await nothingRuns(demo)
})

test('the demo over Kafka ends with the same proof', async t => {
  const {bootstrap} = await sharedKafka()
  const demo = await startDemo(t, {args: ['--kafka'], env: {[environmentName('Kafka')]: bootstrap}})
  const {code} = await demo.ended
  assert.equal(code, 0, demo.output())
  assert.match(demo.output(), /equal: 7 tables/)
})

for (const moment of ['[1/8]', '[4/8]', '[6/8]']) {
  test(`Ctrl-C at step ${moment} leaves no process and no folder behind`, async t => {
    const demo = await startDemo(t)
    await demo.says(moment)
    demo.signal('SIGINT')
    const {code} = await demo.ended
    assert.equal(code, 130, demo.output())
    await nothingRuns(demo)
    assert.equal(existsSync(demo.folder), false)
  })
}

test('a folder that is not the demo’s own is refused and left as it is', async t => {
  const folder = await tempFolder(t)
  const demo = await startDemo(t, {args: ['--folder', join(folder, '..')]})
  const {code} = await demo.ended
  assert.equal(code, 1)
  assert.match(demo.output(), /is not empty, and not from a demo/)
  assert.equal(existsSync(folder), true)
})

interface RunningDemo {
  readonly pid: number
  readonly folder: string
  readonly ended: Promise<ProcessEnd>
  output(): string
  /** Resolves at the first line that has the text. */
  says(text: string): Promise<void>
  signal(name: NodeJS.Signals): void
}

/** On a MySQL of its own, whichever the run of tests has. */
async function startDemo(
  t: CleanUpContext,
  {args = [], env = {}}: {args?: readonly string[]; env?: Readonly<Record<string, string>>} = {},
): Promise<RunningDemo> {
  const folder = join(await tempFolder(t), 'demo')
  const given = Object.values({mysql: environmentName('MySQL'), kafka: environmentName('Kafka')})
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !given.includes(name)))
  const demo = OwnedProcess.start(process.execPath, [main, '--orders', '20000', '--folder', folder, ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: {...own, ...env},
  })
  onCleanUp(t, async () => {
    await demo.stop('SIGKILL')
  })
  const lines: string[] = []
  let waiting: (() => void)[] = []
  const wake = (): void => {
    for (const look of waiting.splice(0)) look()
  }
  for (const stream of [demo.stdout!, demo.stderr!]) {
    createInterface({input: stream}).on('line', line => {
      lines.push(line)
      wake()
    })
  }
  let over = false
  const ended = demo.ended.finally(() => {
    over = true
    wake()
  })
  const says = async (text: string): Promise<void> => {
    while (!lines.some(line => line.includes(text))) {
      assert.equal(over, false, `the demo ended before it said ${text}:\n${lines.join('\n')}`)
      await new Promise<void>(resolve => (waiting = [...waiting, resolve]))
    }
  }
  return {pid: demo.pid, folder, ended, says, output: () => lines.join('\n'), signal: name => demo.signal(name)}
}

/** What was just being started when the demo ended is ended by its watchdog, within a second. */
async function nothingRuns(demo: RunningDemo): Promise<void> {
  await eventually({what: 'the demo’s processes to be gone', timeoutMs: 5000}, () => {
    assert.deepEqual(processesOf(demo), [])
    return true
  })
}

/** Command lines that name the demo's folder, or the data directory of its server. */
function processesOf({pid, folder}: RunningDemo): string[] {
  const all = execFileSync('ps', ['-eo', 'pid,args'], {encoding: 'utf8', maxBuffer: 64 * 1024 * 1024}).split('\n')
  return all.filter(line => line.includes(folder) || line.includes(`/mysql-${pid}-`))
}
