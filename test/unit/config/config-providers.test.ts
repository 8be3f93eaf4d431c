import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {loadKeys, problemsOf} from '../../support/config-file.ts'
import {tempFolder} from '../../support/temp-folder.ts'

test('${env:NAME} stands for a variable of the environment, also within a text', async t => {
  const {settings} = await loadKeys(
    t,
    {'database.password': '${env:DB_PASSWORD}', 'database.hostname': 'db-${env:REGION}.example'},
    {DB_PASSWORD: 'pa$${x}', REGION: 'eu'},
  )
  assert.equal(settings.database.password, 'pa$${x}')
  assert.equal(settings.database.hostname, 'db-eu.example')
  assert.ok(settings.secrets.includes('pa$${x}'))
})

test('${file:PATH:KEY} stands for a key of a .properties file', async t => {
  const path = join(await tempFolder(t), 'secrets.properties')
  await writeFile(path, 'other=1\npassword = pa55 word\n')
  const {settings} = await loadKeys(t, {'database.password': `\${file:${path}:password}`})
  assert.equal(settings.database.password, 'pa55 word')
})

test('a reference that leads nowhere is a problem of its key', async t => {
  const problems = await problemsOf(
    loadKeys(t, {
      'database.password': '${env:NOT_SET}',
      'http.token': '${file:/nowhere/x.properties:k}',
      'sink.file.path': '${vault:a:b}',
    }),
  )
  assert.equal(problems.length, 3)
  assert.match(problems[0]!, /^database\.password: .*NOT_SET; set it$/)
  assert.match(problems[1]!, /^http\.token: .*cannot read \/nowhere\/x\.properties \(ENOENT\)/)
  assert.match(problems[2]!, /^sink\.file\.path: .*no provider vault/)
})

test('braces without a provider are no reference', async t => {
  assert.equal(
    (await loadKeys(t, {'heartbeat.action.query': 'SELECT "${x}"'})).settings.heartbeat.actionQuery,
    'SELECT "${x}"',
  )
})
