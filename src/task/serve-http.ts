// The HTTP interface of a running task.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {connectRoutes, errorBody} from '../http/connect-routes.ts'
import {History} from '../http/history.ts'
import {startHttpServer} from '../http/http-server.ts'
import type {HttpServer} from '../http/http-server.ts'
import {pageRoutes} from '../http/page-routes.ts'
import type {HttpAnswer} from '../http/route.ts'
import {taskRoutes} from '../http/task-routes.ts'
import type {TaskRoutesOptions} from '../http/task-routes.ts'
import {connectorOf} from './connect-connector.ts'
import type {ConnectedTask} from './connect-connector.ts'
import {NO_FILE} from './live-config.ts'
import type {LiveConfig} from './live-config.ts'

export interface AskedTask extends ConnectedTask {
  metricsPage(): ReturnType<TaskRoutesOptions['metrics']>
  submitSignal: TaskRoutesOptions['submit']
  /** Shows the throttle, behind the change where there is one. */
  throttle(change: string | null): HttpAnswer
}

/** Listening until `close`; null where http.listen is off. */
export async function serveHttp(
  settings: Settings,
  {task, live, commit}: {readonly task: AskedTask; readonly live: LiveConfig | null; readonly commit: string | null},
  log: Log,
): Promise<HttpServer | null> {
  const {http} = settings
  if (http === null) return null
  const history = new History({status: () => task.status()})
  const own = taskRoutes({
    status: () => task.status(),
    metrics: () => task.metricsPage(),
    submit: text => task.submitSignal(text),
    throttle: {shown: () => task.throttle(null), change: text => task.throttle(text)},
    config: {
      shown: () => live?.shown() ?? NO_FILE,
      change: async (method, text) => (await live?.change(method, text)) ?? NO_FILE,
    },
  })
  let {port} = http
  const connector = connectorOf(settings, {task, live, commit, log, worker: () => `${http.host}:${port}`})
  const server = await startHttpServer({
    ...http,
    routes: [...own, ...pageRoutes({status: () => task.status(), history}), ...connectRoutes(connector)],
    errorBody,
    onError: ({code, message}, path) =>
      log.error({code, path, reason: message}, 'an HTTP request could not be answered'),
  })
  port = server.port
  log.info({host: http.host, port}, 'HTTP interface listening')
  history.start()
  return {
    port,
    close: async () => {
      history.stop()
      await server.close()
    },
  }
}
