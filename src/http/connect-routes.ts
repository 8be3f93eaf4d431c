// Kafka Connect's REST interface for the one connector that a task is, so that kcctl, kafka-ui and scripts written for Connect
// work: its paths, shapes, status codes and errors, and a refusal in its form where a process of one connector has no such thing.

import {configInfos, definitions} from './connect-validation.ts'
import type {Answer, Asked, HttpAnswer, HttpMethod, Route} from './route.ts'

export interface ConnectStatus {
  readonly state: string
  readonly error: {readonly code: string; readonly message: string} | null
  readonly stored: {readonly file: string; readonly pos: number; readonly gtidSet: string | null} | null
}

export interface Connector {
  readonly name: string
  /** Of the connector: Tidemark's. */
  readonly version: string
  /** The commit that this was built from; null where that is not known. */
  readonly commit: string | null
  /** Of the cluster that events go to; null where they go to none, or it cannot be asked now. */
  readonly kafkaClusterId: () => Promise<string | null>
  /** topic.prefix, which names the source in offsets. */
  readonly topicPrefix: string
  /** `host:port` of this interface. */
  readonly worker: () => string
  readonly status: () => ConnectStatus
  /** Asked to begin again, and has not yet. */
  readonly isRestarting: () => boolean
  readonly config: {
    shown(): HttpAnswer
    change(method: 'PUT' | 'PATCH', text: string): Promise<HttpAnswer>
    /** What is wrong with a configuration, a JSON text: `key: what` each. Null where there is none to compare it with. */
    problems(text: string): readonly string[] | null
  }
  /** Of the tables that are captured. */
  readonly topics: () => readonly string[]
  readonly pause: () => void
  readonly resume: () => void
  readonly restart: () => void
}

/** As Connect calls it: what a configuration for Tidemark names, if it names one. */
export const PLUGIN = 'io.debezium.connector.mysql.MySqlConnector'

/**
 * The worker's version: clients look at it for what they may ask (kcctl for topics, offsets and the restart of tasks), so it is that of the
 * Connect whose interface this is. Tidemark's own is the connector's.
 */
export const CONNECT_VERSION = '4.1.1'

const ONE_CONNECTOR = 'a Tidemark process is one connector'

export function connectRoutes(connector: Connector): Route[] {
  return [
    ...workerRoutes(connector),
    ...pluginRoutes(connector),
    ...ofConnector(connector, '', [
      ['GET', () => ok(infoOf(connector))],
      [
        'DELETE',
        () => refused(405, `${ONE_CONNECTOR} and cannot delete itself: end the process (SIGTERM); its state stays`),
      ],
    ]),
    ...configRoutes(connector),
    ...stateRoutes(connector),
    ...ofConnector(connector, '/tasks', [
      ['GET', () => ok([{id: {connector: connector.name, task: 0}, config: configOf(connector)}])],
    ]),
    ...ofConnector(connector, '/tasks/{task}/status', [['GET', asked => taskStatus(connector, asked)]]),
    ...ofConnector(connector, '/topics', [['GET', () => ok({[connector.name]: {topics: connector.topics()}})]]),
    ...ofConnector(connector, '/topics/reset', [
      ['PUT', () => refused(403, 'Topic tracking reset is disabled: the topics are those of the captured tables.')],
    ]),
    ...ofConnector(connector, '/offsets', [
      ['GET', () => ok(offsetsOf(connector))],
      ['PATCH', () => refused(405, OFFSETS_FIXED)],
      ['DELETE', () => refused(405, OFFSETS_FIXED)],
    ]),
  ]
}

const OFFSETS_FIXED = 'offsets change by `tidemark state import` while the process does not run, never here'

function workerRoutes(connector: Connector): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      handle: async () =>
        ok({
          version: CONNECT_VERSION,
          commit: connector.commit ?? 'unknown',
          kafka_cluster_id: await connector.kafkaClusterId(),
        }),
    },
    {
      method: 'GET',
      path: '/health',
      handle: () => ok({status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.'}),
    },
    {
      method: 'GET',
      path: '/connectors',
      handle: ({query}) => {
        const expand = query.getAll('expand')
        if (expand.length === 0) return ok([connector.name])
        const status = expand.includes('status') ? {status: statusOf(connector)} : {}
        const info = expand.includes('info') ? {info: infoOf(connector)} : {}
        return ok({[connector.name]: {...status, ...info}})
      },
    },
    {method: 'POST', path: '/connectors', body: 'any', handle: ({text}) => refusedCreation(connector, text)},
  ]
}

function refusedCreation({name}: Connector, text: string): HttpAnswer {
  let wanted: unknown = null
  try {
    wanted = (JSON.parse(text) as {name?: unknown} | null)?.name ?? null
  } catch {
    return refused(400, 'the body is not JSON')
  }
  if (wanted === name) return refused(409, `Connector ${name} already exists`)
  return refused(405, `${ONE_CONNECTOR} (${name}) and creates no others: start another process with its configuration`)
}

function pluginRoutes(connector: Connector): Route[] {
  const plugin = (asked: Asked, answer: () => Answer): Answer =>
    isOurPlugin(asked.params['plugin']!)
      ? answer()
      : refused(404, `Unknown plugin ${asked.params['plugin']!}; there is ${PLUGIN}`)
  return [
    {
      method: 'GET',
      path: '/connector-plugins',
      handle: () => ok([{class: PLUGIN, type: 'source', version: connector.version}]),
    },
    {
      method: 'GET',
      path: '/connector-plugins/{plugin}/config',
      handle: asked => plugin(asked, () => ok(definitions())),
    },
    {
      method: 'PUT',
      path: '/connector-plugins/{plugin}/config/validate',
      body: 'json',
      handle: asked =>
        plugin(asked, () => {
          const problems = connector.config.problems(asked.text)
          if (problems === null) return refused(404, NO_CONFIG)
          const infos = configInfos(PLUGIN, asked.text, problems)
          return infos === null ? refused(400, 'the body must be a JSON object with a member for each key') : ok(infos)
        }),
    },
  ]
}

/** The class, or as Connect takes it, its name without the package, with or without `Connector`. */
function isOurPlugin(name: string): boolean {
  return [PLUGIN, 'MySqlConnector', 'MySql'].includes(name)
}

const NO_CONFIG = 'the configuration of this task comes from no file'

function configRoutes(connector: Connector): Route[] {
  const change =
    (method: 'PUT' | 'PATCH') =>
    async ({text}: Asked): Promise<HttpAnswer> => {
      const {status, body} = await connector.config.change(method, text)
      if (status < 400) return {status, body: infoOf(connector)}
      return refused(status, (body as {error: string}).error)
    }
  return ofConnector(connector, '/config', [
    ['GET', () => ok(configOf(connector))],
    ['PUT', change('PUT')],
    ['PATCH', change('PATCH')],
  ])
}

function stateRoutes(connector: Connector): Route[] {
  const accepted = (act: () => void) => (): HttpAnswer => {
    act()
    return {status: 202, body: undefined}
  }
  return [
    ...ofConnector(connector, '/status', [['GET', () => ok(statusOf(connector))]]),
    ...ofConnector(connector, '/pause', [['PUT', accepted(() => connector.pause())]]),
    ...ofConnector(connector, '/resume', [['PUT', accepted(() => connector.resume())]]),
    ...ofConnector(connector, '/stop', [
      [
        'PUT',
        () =>
          refused(
            405,
            `${ONE_CONNECTOR}, which cannot be without its task: PUT …/pause holds it, SIGTERM ends the process`,
          ),
      ],
    ]),
    ...ofConnector(connector, '/restart', [['POST', asked => restarted(connector, asked)]]),
    ...ofConnector(connector, '/tasks/{task}/restart', [
      [
        'POST',
        asked => {
          if (asked.params['task'] !== '0') return noTask(connector, asked)
          connector.restart()
          return {status: 204, body: undefined}
        },
      ],
    ]),
  ]
}

/** As Connect: nothing in the answer where neither tasks nor failed ones are asked for; a task that failed ends its process. */
function restarted(connector: Connector, {query}: Asked): HttpAnswer {
  const onlyFailed = isTrue(query.get('onlyFailed'))
  if (!onlyFailed) connector.restart()
  if (!onlyFailed && !isTrue(query.get('includeTasks'))) return {status: 204, body: undefined}
  return {status: 202, body: statusOf(connector)}
}

/** As Java reads a boolean; clients in Python write True. */
function isTrue(text: string | null): boolean {
  return text?.toLowerCase() === 'true'
}

type Handler = (asked: Asked) => Answer | Promise<Answer>

/** Routes below the connector's path; another name is answered as Connect does. A change takes whatever body comes, or none. */
function ofConnector({name}: Connector, path: string, methods: readonly (readonly [HttpMethod, Handler])[]): Route[] {
  return methods.map(([method, handle]) => ({
    method,
    path: `/connectors/{connector}${path}`,
    ...(method === 'GET' ? {} : {body: path === '/config' ? ('json' as const) : ('any' as const)}),
    handle: asked => {
      const wanted = asked.params['connector']!
      return wanted === name ? handle(asked) : refused(404, `Connector ${wanted} not found; this one is ${name}`)
    },
  }))
}

function ok(body: unknown): HttpAnswer {
  return {status: 200, body}
}

function refused(status: number, message: string): HttpAnswer {
  return {status, body: connectError(status, message)}
}

function connectError(status: number, message: string) {
  return {error_code: status, message}
}

/** What refuses a request before any route has it: in Connect's form below Connect's paths, since its clients read that. */
export function errorBody(path: string, status: number, message: string): object {
  const isConnects = path === '/' || /^\/(?:connectors|connector-plugins|admin|health)(?:\/|$)/.test(path)
  return isConnects && !/^\/health\/./.test(path) ? connectError(status, message) : {error: message}
}

function configOf({name, config}: Connector): Record<string, string> {
  const {status, body} = config.shown()
  const shown = status === 200 ? Object.entries(body as Record<string, unknown>) : []
  return Object.fromEntries([['name', name], ...shown.map(([key, value]) => [key, String(value)])]) as Record<
    string,
    string
  >
}

function infoOf(connector: Connector) {
  const {name} = connector
  return {name, config: configOf(connector), tasks: [{connector: name, task: 0}], type: 'source'}
}

function stateOf(connector: Connector) {
  const {state, error} = connector.status()
  const trace = state === 'failed' && error !== null ? {trace: `${error.code}: ${error.message}`} : {}
  return {
    state: connectState(state, connector.isRestarting()),
    worker_id: connector.worker(),
    version: connector.version,
    ...trace,
  }
}

/** What it is, not what was asked of it: a task that still ends to be paused runs, as in Connect. */
function connectState(state: string, isRestarting: boolean): string {
  if (isRestarting) return 'RESTARTING'
  if (state === 'paused') return 'PAUSED'
  if (state === 'failed') return 'FAILED'
  return state === 'starting' ? 'UNASSIGNED' : 'RUNNING'
}

function statusOf(connector: Connector) {
  const state = stateOf(connector)
  return {name: connector.name, connector: state, tasks: [{id: 0, ...state}], type: 'source'}
}

function taskStatus(connector: Connector, asked: Asked): HttpAnswer {
  return asked.params['task'] === '0' ? ok({id: 0, ...stateOf(connector)}) : noTask(connector, asked)
}

function noTask({name}: Connector, {params}: Asked): HttpAnswer {
  return refused(404, `Task ${name}-${params['task']!} not found; there is ${name}-0`)
}

/** As Debezium's offsets are shown. */
function offsetsOf({topicPrefix, status}: Connector) {
  const {stored} = status()
  if (stored === null) return {offsets: []}
  const {file, pos, gtidSet} = stored
  return {
    offsets: [{partition: {server: topicPrefix}, offset: {file, pos, ...(gtidSet === null ? {} : {gtids: gtidSet})}}],
  }
}
