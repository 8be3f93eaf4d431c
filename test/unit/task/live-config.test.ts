// The configuration of a running task: shown, changed, refused.

import assert from 'node:assert/strict'
import {readFile, stat, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {loadSettings} from '../../../src/config/load-settings.ts'
import type {Settings} from '../../../src/config/settings.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {Log} from '../../../src/core/log.ts'
import {LiveConfig, type LiveConfigOptions} from '../../../src/task/live-config.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {tempFolder} from '../../support/temp-folder.ts'

const TEXT = `# the shop
topic.prefix=shop
database.hostname=db
database.user=tidemark
database.password=geheim
database.server.id=4711
snapshot.mode=no_data
ssl.key.password=\${env:KEY}
table.include.list=shop\\\\.a
`
const TABLES = {added: ['shop.b'], returned: [], left: [], copied: []}

interface Live {
  readonly live: LiveConfig
  readonly path: string
  readonly applied: Settings[]
  readonly hidden: string[]
  reload(): Promise<void>
  text(): Promise<string>
}

async function liveConfig(t: TestContext, options: Partial<LiveConfigOptions> = {}): Promise<Live> {
  const path = join(await tempFolder(t), 'shop.properties')
  await writeFile(path, TEXT, {mode: 0o640})
  const env = {KEY: 'verborgen'}
  const applied: Settings[] = []
  const hidden: string[] = []
  const origin = {
    path,
    env,
    loaded: loadSettings(path, {env}),
    onReload: () => undefined,
    hide: (secrets: readonly string[]) => hidden.push(...secrets),
  }
  const live = new LiveConfig({
    origin,
    log: quietLog,
    check: () => Promise.resolve(),
    apply: settings => {
      applied.push(settings)
      return Promise.resolve(TABLES)
    },
    ...options,
  })
  return {live, path, applied, hidden, reload: () => live.reload(), text: () => readFile(path, 'utf8')}
}

test('what is shown is what stands in the file, without secrets', async t => {
  const {live} = await liveConfig(t)
  assert.deepEqual(live.shown().body, {
    'topic.prefix': 'shop',
    'database.hostname': 'db',
    'database.user': 'tidemark',
    'database.password': '***',
    'database.server.id': '4711',
    'snapshot.mode': 'no_data',
    'ssl.key.password': '${env:KEY}',
    'table.include.list': 'shop\\.a',
  })
})

test('a patch changes its keys alone, in the file and in the task', async t => {
  const {live, applied, text, path} = await liveConfig(t)
  const answer = await live.change('PATCH', '{"table.include.list": "shop.b", "snapshot.mode": null}')
  assert.deepEqual(
    answer,
    {
      status: 200,
      body: {changed: ['snapshot.mode', 'table.include.list'], warnings: [], tables: TABLES},
    },
    JSON.stringify(answer),
  )
  assert.equal(await text(), TEXT.replace('shop\\\\.a', 'shop.b').replace('snapshot.mode=no_data\n', ''))
  assert.equal((await stat(path)).mode & 0o777, 0o640)
  assert.deepEqual(
    applied.map(({snapshot}) => snapshot.mode),
    ['initial'],
  )
})

test('what is shown can be put back, which changes nothing', async t => {
  const {live, applied, text} = await liveConfig(t)
  const answer = await live.change('PUT', JSON.stringify(live.shown().body))
  assert.deepEqual(answer, {status: 200, body: {changed: [], warnings: []}})
  // kafka-ui hides what is called a password itself, with six stars.
  const hidden = {...(live.shown().body as object), 'database.password': '******'}
  assert.deepEqual(await live.change('PUT', JSON.stringify(hidden)), answer)
  assert.equal(await text(), TEXT)
  assert.equal(applied.length, 0)
})

test('a body that is none is refused with the reason', async t => {
  const {live, text} = await liveConfig(t)
  for (const [body, error] of [
    ['{"a": ', /the body is not JSON: unexpected text/],
    ['[1]', /must be a JSON object/],
    ['{"name": {}}', /name: found an object/],
    ['{"sasl.password": "***"}', /sasl\.password: found \*\*\*/],
    ['{"sasl.password": "******"}', /sasl\.password: found \*{6}/],
  ] as const) {
    const answer = await live.change('PATCH', body)
    assert.equal(answer.status, 400)
    assert.match((answer.body as {error: string}).error, error)
  }
  assert.equal(await text(), TEXT)
})

test('no value that is kept elsewhere comes out of a refusal', async t => {
  const {live} = await liveConfig(t)
  const answer = await live.change('PATCH', '{"snapshot.mode": "${env:KEY}", "database.password": "anderes"}')
  assert.equal(answer.status, 400)
  assert.match(JSON.stringify(answer.body), /snapshot\.mode: found/)
  assert.doesNotMatch(JSON.stringify(answer.body), /verborgen|anderes/)
})

test('what cannot change in a running task is named, all of it, with what to do', async t => {
  const {live} = await liveConfig(t)
  const body = {
    name: 'x',
    'topic.prefix': 'x',
    'offset.storage.file.filename': 'x',
    'sink.type': 'stdout',
    'http.listen': 'off',
  }
  const {error} = (await live.change('PATCH', JSON.stringify(body))).body as {error: string}
  for (const key of Object.keys(body))
    assert.match(error, new RegExp(`${key}: it cannot change while the task runs: .*;`))
})

test('what the server has against it, or the task cannot begin with, leaves the file as it was', async t => {
  const fails = (): Promise<never> => Promise.reject(new TidemarkError('TIDEMARK_CONFIG_REFUSED', 'no such table'))
  for (const options of [{check: fails}, {apply: fails}]) {
    const {live, text} = await liveConfig(t, options)
    const shown = live.shown()
    const answer = await live.change('PATCH', '{"table.include.list": "shop.b"}')
    assert.deepEqual(answer, {status: 400, body: {error: 'no such table', code: 'TIDEMARK_CONFIG_REFUSED'}})
    assert.equal(await text(), TEXT)
    assert.deepEqual(live.shown(), shown)
  }
})

test('a file that was edited is read again; what is wrong with it is an error in the log', async t => {
  const errors: string[] = []
  const log: Log = {...quietLog, error: fields => void errors.push((fields as {reason: string}).reason)}
  const {reload, applied, path, hidden} = await liveConfig(t, {log})
  await writeFile(path, TEXT.replace('no_data', 'nonsense'))
  await reload()
  assert.match(errors.join(), /snapshot\.mode: found "nonsense"/)
  assert.equal(applied.length, 0)
  await writeFile(path, TEXT.replace('geheim', 'neuer'))
  await reload()
  assert.equal(applied[0]?.database.password, 'neuer')
  assert.ok(hidden.includes('neuer'))
})

test('a symbolic link stays one', async t => {
  const {path, text} = await liveConfig(t)
  const link = `${path}.link`
  await symlink(path, link)
  const origin = {
    path: link,
    env: {KEY: ''},
    loaded: loadSettings(link, {env: {KEY: ''}}),
    onReload: () => undefined,
    hide: () => undefined,
  }
  const live = new LiveConfig({
    origin,
    log: quietLog,
    check: () => Promise.resolve(),
    apply: () => Promise.resolve(TABLES),
  })
  assert.equal((await live.change('PATCH', '{"heartbeat.interval.ms": 5000}')).status, 200)
  assert.equal(await text(), `${TEXT}heartbeat.interval.ms=5000\n`)
})

test('whoever waits long is told that there is no answer yet', async t => {
  let begin = (): void => undefined
  const beginning = new Promise<void>(resolve => (begin = resolve))
  const apply = (): Promise<never> => {
    begin()
    return new Promise(() => undefined)
  }
  const {live} = await liveConfig(t, {apply, patienceMs: 1})
  assert.equal((await live.change('PATCH', '{"heartbeat.interval.ms": 5000}')).status, 202)
  await beginning
})
