// The HTTP interface: GET /status as JSON, GET /metrics for Prometheus, whether the task lives, POST /signals, and /config. Bound to
// loopback unless configured; a token is required where one is set, and always beyond loopback.

import {createServer} from 'node:http'
import type {IncomingMessage, Server, ServerResponse} from 'node:http'
import {timingSafeEqual} from 'node:crypto'
import {isIPv4} from 'node:net'
import type {AddressInfo} from 'node:net'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
}

export interface StatusServerOptions {
  readonly host: string
  readonly port: number
  readonly token: string | null
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
  /** What went wrong while a request was answered: the one who asked only learns that it did. */
  readonly onError: (error: {readonly code: string; readonly message: string}, path: string) => void
}

const MOST_BODY_BYTES = 256 * 1024

/** Listening until `close`. Rejects with TIDEMARK_HTTP_LISTEN where the address cannot be had. */
export async function startStatusServer(
  options: StatusServerOptions,
): Promise<{readonly port: number; close: () => Promise<void>}> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    answer(options, {request, response, path}).catch((error: unknown) => {
      options.onError(describeError(error), path)
      if (response.headersSent) response.destroy()
      else respond(response, 500, {error: `cannot answer ${path} now: the task's log says why`})
    })
  })
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, {host, port}: StatusServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new TidemarkError(
          'TIDEMARK_HTTP_LISTEN',
          `cannot listen on ${host}:${port} (${cause.code ?? cause.message}): ` +
            `another process may use the port; set http.listen to a free address, or to off`,
          {kind: 'configuration', cause},
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Without the query. */
  readonly path: string
}

async function answer(options: StatusServerOptions, {request, response, path}: Exchange): Promise<void> {
  if (!isAllowed(options, request)) {
    respond(response, 401, {error: 'a token is required: Authorization: Bearer …'})
  } else if (path === '/signals') {
    await answerBody({request, response, methods: ['POST'], answer: options.submit})
  } else if (path === '/snapshot/throttle' && request.method !== 'GET' && request.method !== 'HEAD') {
    await answerBody({request, response, methods: ['PUT'], answer: text => options.throttle.change(text)})
  } else if (path === '/config' && request.method !== 'GET' && request.method !== 'HEAD') {
    const method = request.method === 'PATCH' ? 'PATCH' : 'PUT'
    await answerBody({
      request,
      response,
      methods: ['PUT', 'PATCH'],
      answer: text => options.config.change(method, text),
    })
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(response, 405, {error: `${request.method ?? ''} is not supported here`})
  } else if (path === '/status') {
    respond(response, 200, options.status())
  } else if (path === '/metrics') {
    const page = await options.metrics()
    const text = await page.text()
    response.writeHead(200, {'content-type': page.contentType, 'cache-control': 'no-store'})
    response.end(text)
  } else if (path === '/snapshot/throttle' || path === '/config') {
    const {status, body} = (path === '/config' ? options.config : options.throttle).shown()
    respond(response, status, body)
  } else if (path === '/health/live') {
    const {state} = options.status()
    respond(response, state === 'failed' ? 503 : 200, {state})
  } else if (path === '/health/ready') {
    const {state, streaming} = options.status()
    respond(response, streaming ? 200 : 503, {state, streaming})
  } else {
    respond(response, 404, {
      error: `no ${path} here; there are /status, /metrics, /health/live, /health/ready, /signals, /snapshot/throttle and /config`,
    })
  }
}

interface BodyExchange extends Pick<Exchange, 'request' | 'response'> {
  /** The only ones that bring a body here. */
  readonly methods: readonly ('POST' | 'PUT' | 'PATCH')[]
  readonly answer: (text: string) => HttpAnswer | Promise<HttpAnswer>
}

/** JSON must be said to be JSON: no page in a browser may send that to another site's address without asking first. */
async function answerBody({request, response, methods, answer}: BodyExchange): Promise<void> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (!methods.some(method => method === request.method)) {
    respond(response, 405, {
      error: `${request.method ?? ''} is not supported here: ${methods.join(' or ')} a JSON object`,
    })
  } else if (type !== 'application/json') {
    respond(response, 415, {error: `found content-type ${type || 'none'}, wanted application/json`})
  } else {
    const text = await bodyOf(request)
    if (text === null) respond(response, 413, {error: `a body has at most ${MOST_BODY_BYTES} bytes`})
    else {
      const {status, body} = await answer(text)
      respond(response, status, body)
    }
  }
}

/** Null where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MOST_BODY_BYTES) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function isAllowed({token, host}: StatusServerOptions, request: IncomingMessage): boolean {
  if (token === null) return isLoopback(host)
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store'})
  response.end(`${JSON.stringify(body)}\n`)
}
