import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {connectRoutes, CONNECT_VERSION, errorBody, PLUGIN, type Connector} from '../../../src/http/connect-routes.ts'
import {startHttpServer} from '../../../src/http/http-server.ts'

function connector(more: Partial<Connector> = {}): Connector {
  return {
    name: 'shop',
    version: '0.1.0',
    commit: null,
    kafkaClusterId: () => Promise.resolve(null),
    topicPrefix: 'prefix',
    worker: () => '127.0.0.1:8083',
    status: () => ({state: 'running', error: null, stored: {file: 'binlog.1', pos: 4, gtidSet: null}}),
    isRestarting: () => false,
    config: {
      shown: () => ({status: 200, body: {'topic.prefix': 'prefix', 'max.batch.size': 7}}),
      change: () => Promise.resolve({status: 200, body: {}}),
      problems: () => [],
    },
    topics: () => ['prefix.shop.a'],
    pause: () => assert.fail('paused'),
    resume: () => assert.fail('resumed'),
    restart: () => assert.fail('restarted'),
    ...more,
  }
}

async function serve(t: TestContext, more: Partial<Connector> = {}) {
  const routes = connectRoutes(connector(more))
  const onError = (error: {message: string}): void => assert.fail(error.message)
  const server = await startHttpServer({host: '127.0.0.1', port: 0, token: null, routes, errorBody, onError})
  t.after(() => server.close())
  return async (path: string, method = 'GET', body?: string): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      ...(body === undefined ? {} : {body, headers: {'content-type': 'application/json'}}),
    })
    const text = await response.text()
    return [response.status, text === '' ? null : JSON.parse(text)]
  }
}

test('the root tells Connect’s version, the commit and the cluster in the shape of a worker’s', async t => {
  const ask = await serve(t)
  assert.deepEqual(await ask('/'), [200, {version: CONNECT_VERSION, commit: 'unknown', kafka_cluster_id: null}])
  const known = await serve(t, {commit: 'abc', kafkaClusterId: () => Promise.resolve('id')})
  assert.deepEqual(await known('/'), [200, {version: CONNECT_VERSION, commit: 'abc', kafka_cluster_id: 'id'}])
})

test('what no route answers is refused in Connect’s form below its paths', async t => {
  const ask = await serve(t)
  for (const [method, path, status] of [
    ['GET', '/connectors/shop/nothing', 404],
    ['GET', '/connectors/shop/tasks-config', 404],
    ['GET', '/admin/loggers', 404],
    ['POST', '/connectors/shop/status', 405],
    ['DELETE', '/connector-plugins', 405],
    ['POST', '/', 405],
  ] as const) {
    const [found, body] = await ask(path, method)
    const {error_code: code, message} = body as {error_code: number; message: string}
    assert.deepEqual([found, code], [status, status], `${method} ${path}`)
    assert.ok(message.length > 10)
  }
  assert.deepEqual(errorBody('/connectors', 401, 'a token'), {error_code: 401, message: 'a token'})
  for (const own of ['/status', '/health/ready', '/connectorsX', '/signals']) {
    assert.deepEqual(errorBody(own, 404, 'gone'), {error: 'gone'}, own)
  }
})

test('a state of the task is one of Connect’s, and a failure has its trace', async t => {
  let state = 'starting'
  let isRestarting = false
  const ask = await serve(t, {
    status: () => ({state, error: {code: 'TIDEMARK_X', message: 'broken'}, stored: null}),
    isRestarting: () => isRestarting,
  })
  for (const [ours, theirs] of [
    ['starting', 'UNASSIGNED'],
    ['running', 'RUNNING'],
    ['paused', 'PAUSED'],
    ['stopping', 'RUNNING'],
    ['failed', 'FAILED'],
  ] as const) {
    state = ours
    const wanted = {
      state: theirs,
      worker_id: '127.0.0.1:8083',
      version: '0.1.0',
      ...(ours === 'failed' ? {trace: 'TIDEMARK_X: broken'} : {}),
    }
    assert.deepEqual(await ask('/connectors/shop/tasks/0/status'), [200, {id: 0, ...wanted}])
  }
  isRestarting = true
  const [, body] = await ask('/connectors/shop/status')
  assert.equal((body as {connector: {state: string}}).connector.state, 'RESTARTING')
})

test('configuration, tasks, topics and offsets have Connect’s shapes, and every value is a text', async t => {
  const ask = await serve(t)
  const config = {name: 'shop', 'topic.prefix': 'prefix', 'max.batch.size': '7'}
  assert.deepEqual(await ask('/connectors/shop/config'), [200, config])
  assert.deepEqual(await ask('/connectors/shop'), [
    200,
    {name: 'shop', config, tasks: [{connector: 'shop', task: 0}], type: 'source'},
  ])
  assert.deepEqual(await ask('/connectors/shop/tasks'), [200, [{id: {connector: 'shop', task: 0}, config}]])
  assert.deepEqual(await ask('/connectors/shop/topics'), [200, {shop: {topics: ['prefix.shop.a']}}])
  assert.deepEqual(await ask('/connectors/shop/offsets'), [
    200,
    {offsets: [{partition: {server: 'prefix'}, offset: {file: 'binlog.1', pos: 4}}]},
  ])
  assert.deepEqual(await ask('/connector-plugins'), [200, [{class: PLUGIN, type: 'source', version: '0.1.0'}]])
})

test('pause and resume are 202, a restart 204, or 202 with the status where tasks are asked for', async t => {
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const ask = await serve(t, {pause: tell('pause'), resume: tell('resume'), restart: tell('restart')})
  assert.deepEqual(await ask('/connectors/shop/pause', 'PUT'), [202, null])
  assert.deepEqual(await ask('/connectors/shop/resume', 'PUT', ''), [202, null])
  assert.deepEqual(await ask('/connectors/shop/restart', 'POST'), [204, null])
  assert.deepEqual(await ask('/connectors/shop/tasks/0/restart', 'POST'), [204, null])
  const [status, body] = await ask('/connectors/shop/restart?includeTasks=True', 'POST')
  assert.deepEqual([status, (body as {name: string}).name], [202, 'shop'])
  assert.deepEqual(told, ['pause', 'resume', 'restart', 'restart', 'restart'])
  assert.equal((await ask('/connectors/shop/restart?onlyFailed=true', 'POST'))[0], 202)
  assert.equal(told.length, 5, 'nothing has failed')
})

test('what one connector cannot do is refused in the form of Connect’s errors, and does nothing', async t => {
  const ask = await serve(t)
  for (const [method, path, status, body] of [
    ['POST', '/connectors', 409, '{"name": "shop", "config": {}}'],
    ['POST', '/connectors', 405, '{"name": "other", "config": {}}'],
    ['POST', '/connectors', 400, '{'],
    ['DELETE', '/connectors/shop', 405],
    ['PUT', '/connectors/shop/stop', 405],
    ['PUT', '/connectors/shop/topics/reset', 403],
    ['PATCH', '/connectors/shop/offsets', 405, '{}'],
    ['DELETE', '/connectors/shop/offsets', 405],
    ['GET', '/connectors/other/status', 404],
    ['PUT', '/connectors/other/pause', 404],
    ['GET', '/connectors/shop/tasks/1/status', 404],
    ['POST', '/connectors/shop/tasks/1/restart', 404],
    ['PUT', '/connector-plugins/Other/config/validate', 404, '{}'],
  ] as const) {
    const [found, answer] = await ask(path, method, body)
    assert.equal(found, status, `${method} ${path}`)
    const {error_code: code, message} = answer as {error_code: number; message: string}
    assert.equal(code, status)
    assert.ok(message.length > 10)
  }
})

test('a configuration that is refused is 400 in Connect’s form; one that is taken is answered with the connector', async t => {
  let answer = {status: 400, body: {error: 'topic.prefix: it cannot change'} as object}
  const texts: string[] = []
  const ask = await serve(t, {
    config: {
      ...connector().config,
      change: (method, text) => {
        texts.push(`${method} ${text}`)
        return Promise.resolve(answer)
      },
    },
  })
  const refused = {error_code: 400, message: 'topic.prefix: it cannot change'}
  assert.deepEqual(await ask('/connectors/shop/config', 'PUT', '{"a":"b"}'), [400, refused])
  answer = {status: 200, body: {changed: ['a']}}
  const [status, body] = await ask('/connectors/shop/config', 'PATCH', '{"a":null}')
  assert.deepEqual([status, (body as {name: string}).name], [200, 'shop'])
  assert.deepEqual(texts, ['PUT {"a":"b"}', 'PATCH {"a":null}'])
})

test('validation tells each problem at its key, shows no secret, and counts them', async t => {
  const problems = ['topic.prefix: it is missing', 'topic.prefix: wanted a text', 'made.up: no such key', 'all is lost']
  const ask = await serve(t, {config: {...connector().config, problems: () => problems}})
  const text = '{"database.password": "geheim", "made.up": 1, "database.port": 3306}'
  const [status, body] = await ask(`/connector-plugins/${PLUGIN}/config/validate`, 'PUT', text)
  assert.equal(status, 200)
  assert.doesNotMatch(JSON.stringify(body), /geheim/)
  const {
    name,
    error_count: count,
    groups,
    configs,
  } = body as {
    name: string
    error_count: number
    groups: string[]
    configs: {
      definition: {name: string; group: string}
      value: {name: string; value: string | null; errors: string[]}
    }[]
  }
  assert.deepEqual([name, count], [PLUGIN, 4])
  const value = (key: string) => configs.find(({definition}) => definition.name === key)!.value
  assert.deepEqual(value('topic.prefix').errors, ['it is missing', 'wanted a text'])
  assert.deepEqual(value('made.up').errors, ['no such key'])
  assert.deepEqual(value('').errors, ['all is lost'])
  assert.deepEqual([value('database.port').value, value('database.password').value], ['3306', '[hidden]'])
  assert.ok(configs.every(({definition}) => groups.includes(definition.group)))
  assert.equal((await ask('/connector-plugins/MySql/config/validate', 'PUT', '[]'))[0], 400)
})
