import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TestContext} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {isLoopback, startHttpServer} from '../../../src/http/http-server.ts'
import type {HttpServer, HttpServerOptions} from '../../../src/http/http-server.ts'
import type {Route} from '../../../src/http/route.ts'
import {taskRoutes} from '../../../src/http/task-routes.ts'
import type {TaskRoutesOptions} from '../../../src/http/task-routes.ts'

type Served = TaskRoutesOptions & Omit<HttpServerOptions, 'routes'> & {readonly more: readonly Route[]}

const running: Served = {
  host: '127.0.0.1',
  port: 0,
  token: null,
  more: [],
  status: () => ({state: 'running', streaming: true}),
  metrics: () => Promise.resolve({contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n')}),
  submit: () => Promise.resolve({status: 202, body: {result: 'accepted'}}),
  config: {shown: () => ({status: 200, body: {}}), change: () => Promise.resolve({status: 200, body: {}})},
  throttle: {
    shown: () => ({status: 200, body: {waits: null}}),
    change: text => ({status: 200, body: {changed: text}}),
  },
  onError: () => undefined,
}

async function start(options: Partial<Served> = {}): Promise<HttpServer> {
  const all = {...running, ...options}
  return await startHttpServer({...all, routes: [...taskRoutes(all), ...all.more]})
}

async function serve(t: TestContext, options: Partial<Served> = {}): Promise<string> {
  const server = await start(options)
  t.after(() => server.close())
  return `http://127.0.0.1:${server.port}`
}

async function get(url: string, init: RequestInit = {}): Promise<[number, unknown]> {
  const response = await fetch(url, init)
  const text = await response.text()
  return [response.status, text === '' ? null : (JSON.parse(text) as unknown)]
}

test('GET /status is the report of this moment as JSON that nobody may cache', async t => {
  let state = 'starting'
  const url = await serve(t, {status: () => ({state, streaming: false})})
  assert.deepEqual(await get(`${url}/status`), [200, {state: 'starting', streaming: false}])
  state = 'running'
  assert.deepEqual(await get(`${url}/status?pretty`), [200, {state: 'running', streaming: false}])
  const response = await fetch(`${url}/status`)
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  await response.text()
})

test('GET /metrics is the text of this moment with the content type that goes with it', async t => {
  const response = await fetch(`${await serve(t)}/metrics`)
  assert.equal(await response.text(), 'up 1\n')
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4')
  assert.equal(response.headers.get('cache-control'), 'no-store')
})

test('what fails while a request is answered is a 500 without details, is told to the task, and ends nothing', async t => {
  const told: unknown[] = []
  let broken = true
  const fail = (): never => {
    throw new Error('geheim')
  }
  const url = await serve(t, {
    status: () => (broken ? fail() : running.status()),
    metrics: () => Promise.reject(new TidemarkError('TIDEMARK_TEST_X', 'geheim')),
    onError: ({code, message}, path) => void told.push([code, message, path]),
  })
  for (const path of ['/status', '/health/live', '/health/ready', '/metrics']) {
    const [status, body] = await get(`${url}${path}`)
    assert.equal(status, 500, path)
    assert.doesNotMatch(JSON.stringify(body), /geheim/)
  }
  assert.deepEqual(told.at(0), ['Error', 'geheim', '/status'])
  assert.deepEqual(told.at(-1), ['TIDEMARK_TEST_X', 'geheim', '/metrics'])
  broken = false
  assert.equal((await get(`${url}/status`))[0], 200)
})

test('a HEAD has no body', async t => {
  assert.deepEqual(await get(`${await serve(t)}/status`, {method: 'HEAD'}), [200, null])
})

test('the task is alive unless it failed, and ready while it streams', async t => {
  for (const [state, streaming, live, ready] of [
    ['starting', false, 200, 503],
    ['running', true, 200, 200],
    ['stopping', false, 200, 503],
    ['failed', false, 503, 503],
  ] as const) {
    const url = await serve(t, {status: () => ({state, streaming})})
    assert.deepEqual(await get(`${url}/health/live`), [live, {state}])
    assert.deepEqual(await get(`${url}/health/ready`), [ready, {state, streaming}])
  }
})

test('a path that is not there is 404, another method is 405', async t => {
  const url = await serve(t)
  for (const path of ['/nothing', '/status/x', '//status', '/health']) {
    assert.equal((await get(`${url}${path}`))[0], 404, path)
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    assert.equal((await get(`${url}/status`, {method}))[0], 405, method)
  }
})

test('where a token is set, nothing is told without it', async t => {
  const url = await serve(t, {token: 'geheim'})
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  const bearers = ['', 'geheim', 'Bearer', 'Bearer falsch', 'Bearer geheimx', 'bearer geheim']
  const passwords = ['geheim', 'geheim:', 'user:', 'user:geheim:', ':falsch', ''].map(basic)
  for (const authorization of [undefined, ...bearers, ...passwords, 'Basic', 'Basic geheim']) {
    for (const path of ['/status', '/metrics', '/health/live', '/nothing']) {
      const [status, body] = await get(`${url}${path}`, {
        headers: authorization === undefined ? {} : {authorization},
      })
      assert.equal(status, 401, `${path} with ${authorization}`)
      assert.doesNotMatch(JSON.stringify(body), /geheim|running/)
    }
  }
  for (const authorization of ['Bearer geheim', basic('user:geheim'), basic(':geheim')]) {
    assert.equal((await get(`${url}/status`, {headers: {authorization}}))[0], 200, authorization)
  }
})

test('beyond loopback without a token nothing is told', async t => {
  assert.equal((await get(`${await serve(t, {host: '0.0.0.0'})}/status`))[0], 401)
})

test('a port in use is refused with the address and what to do', async t => {
  const {port} = new URL(await serve(t))
  await assert.rejects(start({port: Number(port)}), {
    code: 'TIDEMARK_HTTP_LISTEN',
    kind: 'configuration',
    message: new RegExp(`127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*http\\.listen`),
  })
})

test('closed, the port is free again', async t => {
  const first = await start()
  await fetch(`http://127.0.0.1:${first.port}/status`).then(response => response.text())
  await first.close()
  const second = await start({port: first.port})
  t.after(() => second.close())
  assert.equal(second.port, first.port)
})

test('loopback is what only this machine can reach', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '::1', '[::1]']) assert.equal(isLoopback(host), true, host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'example.com', '127.example.com', '']) {
    assert.equal(isLoopback(host), false, host)
  }
})

test('POST /signals hands the body over and answers what the task says', async t => {
  const texts: string[] = []
  const url = await serve(t, {
    submit: text => {
      texts.push(text)
      return Promise.resolve({status: 409, body: {result: 'ignored'}})
    },
  })
  const headers = {'content-type': 'application/json; charset=utf-8'}
  const sent = await get(`${url}/signals`, {method: 'POST', headers, body: '{"type":"log"}'})
  assert.deepEqual(sent, [409, {result: 'ignored'}])
  assert.deepEqual(texts, ['{"type":"log"}'])
})

test('a signal is taken only as JSON, by POST, with the token, and only up to a length', async t => {
  const texts: string[] = []
  const submit: TaskRoutesOptions['submit'] = text => {
    texts.push(text)
    return Promise.resolve({status: 202, body: {}})
  }
  const url = await serve(t, {token: 'secret', submit})
  const post = (headers: Record<string, string>, body = '{}'): Promise<[number, unknown]> =>
    get(`${url}/signals`, {method: 'POST', headers, body})
  const json = {'content-type': 'application/json'}
  const token = {authorization: 'Bearer secret'}
  assert.equal((await post(json))[0], 401)
  assert.equal((await post({...token, 'content-type': 'text/plain'}))[0], 415, 'what any web page may send')
  assert.equal((await post({...token, ...json}, 'x'.repeat(300_000)))[0], 413)
  assert.equal((await get(`${url}/signals`, {headers: token}))[0], 405)
  assert.deepEqual(texts, [])
  assert.equal((await post({...token, ...json}))[0], 202)
})

test('the throttle is shown to a GET and changed by a PUT of JSON, with the token as everywhere', async t => {
  const url = `${await serve(t, {token: 'geheim'})}/snapshot/throttle`
  const authorization = 'Bearer geheim'
  const headers = {authorization, 'content-type': 'application/json'}
  assert.equal((await get(url, {method: 'PUT', headers: {'content-type': 'application/json'}, body: '{}'}))[0], 401)
  assert.deepEqual(await get(url, {headers: {authorization}}), [200, {waits: null}])
  assert.deepEqual(await get(url, {method: 'PUT', headers, body: '{"query": null}'}), [
    200,
    {changed: '{"query": null}'},
  ])
  assert.equal((await get(url, {method: 'PUT', headers: {authorization}, body: '{}'}))[0], 415)
  assert.equal((await get(url, {method: 'POST', headers, body: '{}'}))[0], 405)
  assert.equal((await get(url, {method: 'PUT', headers, body: ' '.repeat(300_000)}))[0], 413)
})

test('the configuration is shown, replaced by a PUT and patched by a PATCH, of JSON alone', async t => {
  const changes: string[] = []
  const url = await serve(t, {
    config: {
      shown: () => ({status: 200, body: {name: 'shop'}}),
      change: (method, text) => {
        changes.push(`${method} ${text}`)
        return Promise.resolve({status: 409, body: {error: 'read-only'}})
      },
    },
  })
  assert.deepEqual(await get(`${url}/config`), [200, {name: 'shop'}])
  const headers = {'content-type': 'application/json'}
  for (const method of ['PUT', 'PATCH']) {
    assert.deepEqual(await get(`${url}/config`, {method, headers, body: '{}'}), [409, {error: 'read-only'}])
    assert.equal((await get(`${url}/config`, {method, body: '{}'}))[0], 415)
  }
  assert.equal((await get(`${url}/config`, {method: 'POST', headers, body: '{}'}))[0], 405)
  assert.deepEqual(changes, ['PUT {}', 'PATCH {}'])
})

test('a path with names hands over what stands there, decoded, and a plain path goes before it', async t => {
  const handle: Route['handle'] = ({params, query}) => ({status: 200, body: [params, query.get('q')]})
  const url = await serve(t, {
    more: [
      {method: 'GET', path: '/of/{name}/{part}', handle},
      {method: 'GET', path: '/of/all/x', handle: () => ({status: 200, body: 'all'})},
    ],
  })
  assert.deepEqual(await get(`${url}/of/a%2Fb/c?q=1`), [200, [{name: 'a/b', part: 'c'}, '1']])
  assert.deepEqual(await get(`${url}/of/all/x`), [200, 'all'])
  for (const path of ['/of/a', '/of/a/', '/of//c', '/of/a/b/c', '/of/%E0/c'])
    assert.equal((await get(`${url}${path}`))[0], 404, path)
})

test('an open path is answered without the token, its neighbours are not', async t => {
  const open: Route = {method: 'GET', path: '/', isOpen: true, handle: () => ({status: 200, body: 'page'})}
  const url = await serve(t, {token: 'geheim', more: [open]})
  assert.deepEqual(await get(`${url}/`), [200, 'page'])
  assert.equal((await get(`${url}/`, {method: 'POST'}))[0], 401)
  assert.equal((await get(`${url}/status`))[0], 401)
})

test('a change that a page of another site asks for is refused', async t => {
  const change: Route = {method: 'POST', path: '/change', body: 'any', handle: () => ({status: 204, body: undefined})}
  const url = await serve(t, {more: [change]})
  const post = async (origin?: string): Promise<[number, unknown]> =>
    await get(`${url}/change`, {method: 'POST', headers: origin === undefined ? {} : {origin}})
  assert.deepEqual(await post(), [204, null])
  assert.deepEqual(await post(url), [204, null])
  for (const origin of ['http://evil.example', 'null', url.replace('127.0.0.1', 'localhost')])
    assert.equal((await post(origin))[0], 403, origin)
})

test('server-sent events come one after the other, and end with whoever listens', async t => {
  let isEnded = false
  async function* events(): AsyncGenerator<{event: string; data: unknown}> {
    try {
      for (let n = 1; ; n++) {
        yield {event: 'status', data: {n}}
        await new Promise(setImmediate)
      }
    } finally {
      isEnded = true
    }
  }
  const url = await serve(t, {more: [{method: 'GET', path: '/events', handle: () => ({events: events()})}]})
  const gone = new AbortController()
  const response = await fetch(`${url}/events`, {signal: gone.signal})
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  let text = ''
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part
    if (text.includes('{"n":2}\n\n')) break
  }
  gone.abort()
  assert.match(text, /^event: status\ndata: {"n":1}\n\nevent: status\ndata: {"n":2}\n\n/)
  while (!isEnded) await new Promise(setImmediate)
})
