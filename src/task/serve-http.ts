// The HTTP interface of a running task.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {startStatusServer} from '../http/status-server.ts'
import type {HttpAnswer, StatusServerOptions} from '../http/status-server.ts'
import type {LiveConfig} from './live-config.ts'

export interface AskedTask {
  status(): ReturnType<StatusServerOptions['status']>
  metricsPage(): ReturnType<StatusServerOptions['metrics']>
  submitSignal: StatusServerOptions['submit']
  /** Shows the throttle, behind the change where there is one. */
  throttle(change: string | null): HttpAnswer
}

const NO_FILE: HttpAnswer = {status: 404, body: {error: 'the configuration of this task comes from no file'}}

/** Listening until `close`; null where http.listen is off. */
export async function serveHttp(
  {http}: Settings,
  {task, live}: {readonly task: AskedTask; readonly live: LiveConfig | null},
  log: Log,
): Promise<Awaited<ReturnType<typeof startStatusServer>> | null> {
  if (http === null) return null
  const server = await startStatusServer({
    ...http,
    status: () => task.status(),
    metrics: () => task.metricsPage(),
    submit: text => task.submitSignal(text),
    throttle: {shown: () => task.throttle(null), change: text => task.throttle(text)},
    config: {
      shown: () => live?.shown() ?? NO_FILE,
      change: async (method, text) => (await live?.change(method, text)) ?? NO_FILE,
    },
    onError: ({code, message}, path) =>
      log.error({code, path, reason: message}, 'an HTTP request could not be answered'),
  })
  log.info({host: http.host, port: server.port}, 'HTTP interface listening')
  return server
}
