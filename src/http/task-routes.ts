// Tidemark's own paths: GET /status as JSON, GET /metrics for Prometheus, whether the task lives, POST /signals, how fast
// snapshots may read, and the configuration.

import type {HttpAnswer, Route} from './route.ts'

export interface TaskRoutesOptions {
  /** The report as JSON-able value, made at the moment of the request. */
  readonly status: () => {readonly state: string; readonly streaming: boolean}
  /** Prometheus's text, made at the moment of the request, and its content type. */
  readonly metrics: () => Promise<{readonly contentType: string; text(): Promise<string>}>
  /** Takes a signal, a JSON text; the answer when there is one. */
  readonly submit: (text: string) => Promise<HttpAnswer>
  /** How fast snapshots may read: what holds now; and a change, a JSON text. */
  readonly throttle: {shown(): HttpAnswer; change(text: string): HttpAnswer}
  /** The configuration: what holds now; and a change, a JSON text of all keys or, patched, of some. */
  readonly config: {shown(): HttpAnswer; change(method: 'PUT' | 'PATCH', text: string): Promise<HttpAnswer>}
}

export function taskRoutes({status, metrics, submit, throttle, config}: TaskRoutesOptions): Route[] {
  return [
    {method: 'GET', path: '/status', handle: () => ({status: 200, body: status()})},
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => {
        const page = await metrics()
        return {status: 200, contentType: page.contentType, text: await page.text()}
      },
    },
    {
      method: 'GET',
      path: '/health/live',
      handle: () => {
        const {state} = status()
        return {status: state === 'failed' ? 503 : 200, body: {state}}
      },
    },
    {
      method: 'GET',
      path: '/health/ready',
      handle: () => {
        const {state, streaming} = status()
        return {status: streaming ? 200 : 503, body: {state, streaming}}
      },
    },
    {method: 'POST', path: '/signals', body: 'json', handle: ({text}) => submit(text)},
    {method: 'GET', path: '/snapshot/throttle', handle: () => throttle.shown()},
    {method: 'PUT', path: '/snapshot/throttle', body: 'json', handle: ({text}) => throttle.change(text)},
    {method: 'GET', path: '/config', handle: () => config.shown()},
    {method: 'PUT', path: '/config', body: 'json', handle: ({text}) => config.change('PUT', text)},
    {method: 'PATCH', path: '/config', body: 'json', handle: ({text}) => config.change('PATCH', text)},
  ]
}
