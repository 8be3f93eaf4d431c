// What clients of Connect's REST interface ask for, and what of the answers they read, as their sources say: kcctl
// (KafkaConnectApi and its commands), kafka-ui (kafka-connect-api.yaml, KafkaConnectService), kafka-connect-py.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {connectRoutes, errorBody, PLUGIN} from '../../../src/http/connect-routes.ts'
import {startHttpServer} from '../../../src/http/http-server.ts'

interface Asked {
  readonly request: string
  readonly body?: string
  readonly status: number
  /** Paths of members that must be there and of this type; `*` is any element, of which there must be one. */
  readonly reads?: Reads
}

type Reads = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>>

const STATUS: Reads = {
  ...{name: 'string', type: 'string', 'connector.state': 'string', 'connector.worker_id': 'string'},
  ...{'tasks.*.id': 'number', 'tasks.*.state': 'string', 'tasks.*.worker_id': 'string'},
}
const INFO: Reads = {
  ...{name: 'string', 'config.connector\\.class': 'string', type: 'string'},
  ...{'tasks.*.connector': 'string', 'tasks.*.task': 'number'},
}
const ERROR: Reads = {error_code: 'number', message: 'string'}
const DEFINITION: Reads = {
  ...{name: 'string', type: 'string', required: 'boolean', importance: 'string', documentation: 'string'},
  ...{group: 'string', width: 'string', display_name: 'string', dependents: 'object', order: 'number'},
}
const VALIDATED: Reads = {
  ...{name: 'string', error_count: 'number', 'groups.*': 'string', 'configs.*.value.name': 'string'},
  ...{'configs.*.value.errors': 'object', 'configs.*.value.visible': 'boolean'},
  ...Object.fromEntries(Object.entries(DEFINITION).map(([key, type]) => [`configs.*.definition.${key}`, type])),
}

const CLIENTS: Readonly<Record<string, readonly Asked[]>> = {
  kcctl: [
    {request: 'GET /', status: 200, reads: {version: 'string', commit: 'string', kafka_cluster_id: 'string'}},
    {request: 'GET /connectors/', status: 200, reads: {'*': 'string'}},
    {
      ...{request: 'GET /connectors?expand=status', status: 200},
      reads: {'shop.status.name': 'string', 'shop.status.type': 'string', 'shop.status.tasks.*.id': 'number'},
    },
    {request: 'GET /connectors?expand=info', status: 200, reads: {'shop.info.type': 'string'}},
    {request: 'GET /connectors/shop', status: 200, reads: INFO},
    {request: 'GET /connectors/shop/status', status: 200, reads: STATUS},
    {request: 'GET /connectors/shop/config', status: 200, reads: {name: 'string'}},
    {request: 'GET /connectors/shop/topics', status: 200, reads: {'shop.topics.*': 'string'}},
    {
      ...{request: 'GET /connectors/shop/offsets', status: 200},
      reads: {'offsets.*.partition.server': 'string', 'offsets.*.offset.file': 'string'},
    },
    {
      ...{request: 'GET /connector-plugins?connectorsOnly=false', status: 200},
      reads: {'*.class': 'string', '*.type': 'string', '*.version': 'string'},
    },
    {
      ...{request: `GET /connector-plugins/${PLUGIN}/config`, status: 200},
      reads: Object.fromEntries(Object.entries(DEFINITION).map(([key, type]) => [`*.${key}`, type])),
    },
    {request: `PUT /connector-plugins/${PLUGIN}/config/validate`, body: '{}', status: 200, reads: VALIDATED},
    {request: 'PUT /connectors/shop/config', body: '{}', status: 200, reads: INFO},
    {request: 'POST /connectors/', body: '{"name": "other", "config": {}}', status: 405, reads: ERROR},
    {request: 'POST /connectors/shop/restart', status: 204},
    {request: 'POST /connectors/shop/restart?includeTasks=true&onlyFailed=false', status: 202, reads: STATUS},
    {request: 'POST /connectors/shop/tasks/0/restart', status: 204},
    {request: 'PUT /connectors/shop/pause', status: 202},
    {request: 'PUT /connectors/shop/resume', status: 202},
    {request: 'PUT /connectors/shop/stop', status: 405, reads: ERROR},
    {request: 'DELETE /connectors/shop', status: 405, reads: ERROR},
    {request: 'DELETE /connectors/shop/offsets', status: 405, reads: ERROR},
    {request: 'GET /connectors/other', status: 404, reads: ERROR},
    {request: 'GET /connectors/shop/tasks-config', status: 404, reads: ERROR},
    {request: 'GET /admin/loggers/root', status: 404, reads: ERROR},
    {request: 'PUT /admin/loggers/root?scope=cluster', body: '{"level": "INFO"}', status: 404, reads: ERROR},
  ],
  'kafka-ui': [
    {request: 'GET /connectors', status: 200, reads: {'*': 'string'}},
    {request: 'GET /connectors/shop', status: 200, reads: INFO},
    {request: 'GET /connectors/shop/config', status: 200},
    {request: 'PUT /connectors/shop/config', body: '{}', status: 200, reads: INFO},
    {request: 'GET /connectors/shop/status', status: 200, reads: STATUS},
    {
      ...{request: 'GET /connectors/shop/tasks', status: 200},
      reads: {'*.id.connector': 'string', '*.id.task': 'number', '*.config': 'object'},
    },
    {request: 'GET /connectors/shop/tasks/0/status', status: 200, reads: {id: 'number', state: 'string'}},
    {request: 'GET /connectors/shop/topics', status: 200, reads: {'shop.topics.*': 'string'}},
    {request: 'POST /connectors/shop/restart?includeTasks=false&onlyFailed=false', status: 204},
    {request: 'POST /connectors/shop/tasks/0/restart', status: 204},
    {request: 'PUT /connectors/shop/pause', status: 202},
    {request: 'PUT /connectors/shop/resume', status: 202},
    {request: 'GET /connector-plugins', status: 200, reads: {'*.class': 'string'}},
    {request: `PUT /connector-plugins/MySqlConnector/config/validate`, body: '{}', status: 200, reads: VALIDATED},
    {request: 'DELETE /connectors/shop', status: 405, reads: ERROR},
  ],
  'kafka-connect-py': [
    {request: 'GET /', status: 200, reads: {version: 'string'}},
    {request: 'POST /connectors/shop/restart?includeTasks=True&onlyFailed=False', status: 202, reads: STATUS},
    {request: 'GET /connectors/other', status: 404, reads: ERROR},
  ],
}

for (const [client, requests] of Object.entries(CLIENTS)) {
  test(`every request of ${client} has the answer that it reads`, async t => {
    const config = {'connector.class': PLUGIN, 'topic.prefix': 'prefix'}
    const routes = connectRoutes({
      ...{name: 'shop', version: '0.1.0', commit: 'abc', topicPrefix: 'prefix', worker: () => '127.0.0.1:8083'},
      kafkaClusterId: () => Promise.resolve('id'),
      status: () => ({state: 'running', error: null, stored: {file: 'binlog.1', pos: 4, gtidSet: null}}),
      isRestarting: () => false,
      config: {
        shown: () => ({status: 200, body: config}),
        change: () => Promise.resolve({status: 200, body: {}}),
        problems: () => [],
      },
      topics: () => ['prefix.shop.a'],
      ...{pause: () => undefined, resume: () => undefined, restart: () => undefined},
    })
    const onError = ({message}: {message: string}): void => assert.fail(message)
    const server = await startHttpServer({host: '127.0.0.1', port: 0, token: null, routes, errorBody, onError})
    t.after(() => server.close())
    for (const {request, body, status, reads = {}} of requests) {
      const [method, path] = request.split(' ') as [string, string]
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
        ...{method, headers: {accept: 'application/json', 'content-type': 'application/json'}},
        ...(body === undefined ? {} : {body}),
      })
      const text = await response.text()
      assert.equal(response.status, status, `${request}: ${text}`)
      const answer: unknown = text === '' ? null : JSON.parse(text)
      for (const [place, type] of Object.entries(reads)) {
        const found = membersAt(
          answer,
          place.split(/(?<!\\)\./).map(step => step.replaceAll('\\', '')),
        )
        assert.ok(found.length > 0, `${request}: ${place} is missing in ${text.slice(0, 300)}`)
        for (const member of found) assert.equal(typeof member, type, `${request}: ${place}`)
      }
    }
  })
}

function membersAt(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (step === '*') return Object.values(value).flatMap(member => membersAt(member, rest))
  return step in value ? membersAt((value as Record<string, unknown>)[step], rest) : []
}
