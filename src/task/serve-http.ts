// The HTTP interface of a running task.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {History} from '../http/history.ts'
import {startHttpServer} from '../http/http-server.ts'
import type {HttpServer} from '../http/http-server.ts'
import {pageRoutes} from '../http/page-routes.ts'
import type {HttpAnswer} from '../http/route.ts'
import {taskRoutes} from '../http/task-routes.ts'
import type {TaskRoutesOptions} from '../http/task-routes.ts'
import type {LiveConfig} from './live-config.ts'
import type {StatusReport} from './status.ts'

export interface AskedTask {
  status(): StatusReport
  metricsPage(): ReturnType<TaskRoutesOptions['metrics']>
  submitSignal: TaskRoutesOptions['submit']
  /** Shows the throttle, behind the change where there is one. */
  throttle(change: string | null): HttpAnswer
}

const NO_FILE: HttpAnswer = {status: 404, body: {error: 'the configuration of this task comes from no file'}}

/** Listening until `close`; null where http.listen is off. */
export async function serveHttp(
  {http}: Settings,
  {task, live}: {readonly task: AskedTask; readonly live: LiveConfig | null},
  log: Log,
): Promise<HttpServer | null> {
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
  const server = await startHttpServer({
    ...http,
    routes: [...own, ...pageRoutes({status: () => task.status(), history})],
    onError: ({code, message}, path) =>
      log.error({code, path, reason: message}, 'an HTTP request could not be answered'),
  })
  log.info({host: http.host, port: server.port}, 'HTTP interface listening')
  history.start()
  return {
    port: server.port,
    close: async () => {
      history.stop()
      await server.close()
    },
  }
}
