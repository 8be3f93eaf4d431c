// Listens, asks for the token, and answers by the table of routes. Bound to loopback unless configured; a token is required where
// one is set, and always beyond loopback.

import {createServer} from 'node:http'
import type {IncomingMessage, Server, ServerResponse} from 'node:http'
import {timingSafeEqual} from 'node:crypto'
import {isIPv4} from 'node:net'
import type {AddressInfo} from 'node:net'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {routesAt} from './route.ts'
import type {Answer, EventsAnswer, FoundRoute, Route} from './route.ts'

export interface HttpServerOptions {
  readonly host: string
  readonly port: number
  readonly token: string | null
  readonly routes: readonly Route[]
  /** The form of what refuses a request before a route has it. */
  readonly errorBody?: (path: string, status: number, message: string) => object
  /** What went wrong while a request was answered: the one who asked only learns that it did. */
  readonly onError: (error: {readonly code: string; readonly message: string}, path: string) => void
}

export interface HttpServer {
  readonly port: number
  close(): Promise<void>
}

const MOST_BODY_BYTES = 256 * 1024

/** Listening until `close`. Rejects with TIDEMARK_HTTP_LISTEN where the address cannot be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const [asked = '/', query = ''] = (request.url ?? '/').split('?', 2)
    // As Connect: kcctl asks for /connectors/.
    const path = asked.length > 1 && asked.endsWith('/') ? asked.slice(0, -1) : asked
    const refuse = (status: number, message: string): void =>
      respond(response, status, options.errorBody?.(path, status, message) ?? {error: message})
    answer(options, {request, response, path, query, refuse}).catch((error: unknown) => {
      if (response.destroyed) return
      options.onError(describeError(error), path)
      if (response.headersSent) response.destroy()
      else refuse(500, `cannot answer ${path} now: the task's log says why`)
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

function listen(server: Server, {host, port}: HttpServerOptions): Promise<void> {
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
  readonly query: string
  readonly refuse: (status: number, message: string) => void
}

async function answer(options: HttpServerOptions, exchange: Exchange): Promise<void> {
  const {request, response, path, refuse} = exchange
  const there = routesAt(options.routes, path)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const {accept = ''} = request.headers
  const found = there.find(
    ({route}) => route.method === method && (route.accepts === undefined || accept.includes(route.accepts)),
  )
  if (found?.route.isOpen !== true && !isAllowed(options, request)) {
    refuse(401, 'a token is required: Authorization: Bearer …')
  } else if (there.length === 0) {
    const known = [...new Set(options.routes.map(route => route.path))]
    refuse(404, `no ${path} here; there are ${known.join(', ')}`)
  } else if (found === undefined) {
    const methods = there.map(({route}) => (route.body === 'json' ? `${route.method} a JSON object` : route.method))
    response.setHeader('allow', there.map(({route}) => route.method).join(', '))
    refuse(405, `${request.method ?? ''} is not supported here: ${methods.join(' or ')}`)
  } else if (isFromElsewhere(request)) {
    refuse(403, 'a page of another site may change nothing here')
  } else {
    await handle(found, exchange)
  }
}

async function handle({route, params}: FoundRoute, {request, response, query, refuse}: Exchange): Promise<void> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (route.body === 'json' && type !== 'application/json') {
    refuse(415, `found content-type ${type || 'none'}, wanted application/json`)
    return
  }
  const text = route.body === undefined ? '' : await bodyOf(request)
  if (text === null) {
    refuse(413, `a body has at most ${MOST_BODY_BYTES} bytes`)
    return
  }
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  send(
    await route.handle({params, query: new URLSearchParams(query), text, signal: gone.signal}),
    response,
    gone.signal,
  )
}

function send(given: Answer, response: ServerResponse, signal: AbortSignal): void {
  if ('events' in given) void sendEvents(given, response, signal)
  else if ('text' in given) {
    const headers = {'content-type': given.contentType, 'cache-control': 'no-store', ...given.headers}
    response.writeHead(given.status, headers)
    response.end(given.text)
  } else respond(response, given.status, given.body)
}

async function sendEvents({events}: EventsAnswer, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.writeHead(200, {'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store'})
  response.flushHeaders()
  try {
    for await (const {event, data} of events) {
      if (signal.aborted) return
      // Whoever reads slowly gets fewer events, not a queue of old ones.
      if (!response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) await drained(response, signal)
    }
    response.end()
  } catch {
    response.destroy()
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    response.once('drain', resolve)
    signal.addEventListener('abort', () => resolve(), {once: true})
  })
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

function isAllowed({token, host}: HttpServerOptions, request: IncomingMessage): boolean {
  if (token === null) return isLoopback(host)
  const text = givenToken(request.headers.authorization ?? '')
  if (text === null) return false
  const given = Buffer.from(text)
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** As a bearer; or as the password of any user, as clients of Connect's REST interface know no other way. */
function givenToken(authorization: string): string | null {
  const [, scheme, value = ''] = /^(Bearer|Basic) (.*)$/s.exec(authorization) ?? []
  if (scheme !== 'Basic') return scheme === undefined ? null : value
  return /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1] ?? null
}

/** A browser names the origin of the page that asks for a change, and lets some through without a question before. */
function isFromElsewhere({method, headers}: IncomingMessage): boolean {
  const {origin, host} = headers
  if (method === 'GET' || method === 'HEAD' || origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  const type = body === undefined ? {} : {'content-type': 'application/json; charset=utf-8'}
  response.writeHead(status, {...type, 'cache-control': 'no-store'})
  response.end(body === undefined ? '' : `${JSON.stringify(body)}\n`)
}
