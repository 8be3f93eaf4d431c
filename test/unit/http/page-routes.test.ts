import assert from 'node:assert/strict'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {History} from '../../../src/http/history.ts'
import {startHttpServer} from '../../../src/http/http-server.ts'
import {EventParser, type StreamedEvent} from '../../../src/http/page/event-stream.ts'
import {pageRoutes, type ShownStatus} from '../../../src/http/page-routes.ts'

const status: ShownStatus = {
  name: 'shop',
  version: '0',
  state: 'running',
  streaming: true,
  position: {file: 'binlog.1', pos: 4},
  stored: null,
  storeProblem: null,
  behindMs: 3,
  snapshot: {state: 'idle', tables: [], windowsWaiting: 0, bytesHeld: 0, problem: null, throttle: {waits: null}},
  signals: [],
  diverged: [],
  sink: {state: 'open', eventsEmitted: 0, bytesInFlight: 0},
  error: null,
  tables: [
    {table: 'shop.a', completeSince: 'binlog.1:4', left: null},
    {table: 'shop.b', completeSince: null, left: null},
    {table: 'shop.c', completeSince: null, left: {why: 'filter'}},
  ],
}

async function serve(t: TestContext, token: string | null = 'geheim') {
  const history = new History({status: () => status})
  const routes = pageRoutes({status: () => status, history, everyMs: 20})
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    token,
    routes,
    onError: error => assert.fail(error.message),
  })
  t.after(() => server.close())
  return {url: `http://127.0.0.1:${server.port}`, history}
}

const html = {accept: 'text/html,application/xhtml+xml'}

test('the shell and its files need no token and say nothing of the task; the events need it', async t => {
  const {url} = await serve(t)
  const page = await fetch(`${url}/`, {headers: html})
  assert.equal(page.status, 200)
  const shell = await page.text()
  const files = [...shell.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(match => match[1]!)
  assert.equal(files.length, 3)
  for (const file of files) {
    const answer = await fetch(`${url}${file}`)
    assert.equal(answer.status, 200, file)
    assert.doesNotMatch(await answer.text(), /shop|sourceMappingURL/)
  }
  assert.doesNotMatch(shell, /shop/)
  assert.equal((await fetch(`${url}/events`)).status, 401)
  assert.equal((await fetch(`${url}/page/../http-server.js`)).status, 401)
  assert.equal((await fetch(`${url}/page/page-shell.js`)).status, 404)
})

test('every file has a policy that lets nothing in from elsewhere, and the shell has nothing inline', async t => {
  const {url} = await serve(t)
  for (const path of ['/', '/page/main.js', '/page/page.css', '/page/icon.svg']) {
    const {headers} = await fetch(`${url}${path}`, {headers: html})
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.doesNotMatch(policy, /unsafe|\*|http|data:/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  }
  const shell = await (await fetch(`${url}/`, {headers: html})).text()
  assert.doesNotMatch(shell, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/)
})

test('every module that another one imports is served', async t => {
  const {url} = await serve(t)
  const wanted = ['main.js']
  for (const name of wanted) {
    const answer = await fetch(`${url}/page/${name}`)
    assert.equal(answer.status, 200, name)
    for (const [, imported] of (await answer.text()).matchAll(/from ["']\.\/([^"']+)["']/g)) {
      if (!wanted.includes(imported!)) wanted.push(imported!)
    }
  }
  const folder = join(import.meta.dirname, '../../../src/http/page')
  const modules = (await readdir(folder)).filter(name => name.endsWith('.js'))
  const unserved = ['page-shell.js', 'page-status.js', 'page-style.js']
  assert.deepEqual([...wanted].sort(), modules.filter(name => !unserved.includes(name)).sort())
})

test('the events are the history, then the status again and again with its tables summed up, and each new sample', async t => {
  const {url, history} = await serve(t)
  history.take()
  const response = await fetch(`${url}/events`, {headers: {authorization: 'Bearer geheim'}})
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const parser = new EventParser()
  const events: StreamedEvent[] = []
  let isSampled = false
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    events.push(...parser.push(Buffer.from(piece).toString()))
    if (events.length > 2 && !isSampled) history.take()
    isSampled ||= events.length > 2
    if (events.some(({event}) => event === 'sample')) break
  }
  assert.equal(events[0]!.event, 'history')
  assert.equal((JSON.parse(events[0]!.data) as {samples: unknown[]}).samples.length, 1)
  const {tables: _, ...shown} = status
  const captured = {count: 2, complete: 1, names: ['shop.a', 'shop.b']}
  assert.deepEqual(JSON.parse(events[1]!.data), {...shown, captured})
  assert.ok(events.filter(({event}) => event === 'status').length >= 2)
})

test('the thirty-third page is refused, and taken when another one is closed', async t => {
  const {url} = await serve(t, null)
  const closing = new AbortController()
  for (let index = 0; index < 31; index++) await fetch(`${url}/events`)
  const last = await fetch(`${url}/events`, {signal: closing.signal})
  assert.equal(last.status, 200)
  assert.equal((await fetch(`${url}/events`)).status, 503)
  closing.abort()
  for (;;) {
    const again = await fetch(`${url}/events`)
    if (again.status === 200) break
    await again.text()
  }
})
