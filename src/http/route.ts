// What the HTTP interface answers: each path and method with what answers it.

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Asked {
  /** What stands in the place of each `{name}` of the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The body; empty where the route takes none. */
  readonly text: string
  /** Aborted when whoever asked is gone. */
  readonly signal: AbortSignal
}

/** JSON; nothing at all where the body is undefined. */
export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
}

export interface TextAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Server-sent events, each the JSON of a value, until there are no more or nobody listens. */
export interface EventsAnswer {
  readonly events: AsyncIterable<{readonly event: string; readonly data: unknown}>
}

export interface Route {
  readonly method: HttpMethod
  /** As `/connectors/{name}/status`. */
  readonly path: string
  /**
   * `json`: a JSON text, said to be that; `any`: whatever comes is read and may be nothing. Left out: no body is read. Only what has `json`
   * is safe from pages of other sites by itself; requests that name another origin are refused before.
   */
  readonly body?: 'json' | 'any'
  /** Answered without the token: nothing of it may be about the task. */
  readonly isOpen?: true
  /** Answers only those who name this type in their Accept header, as a browser does `text/html`; it goes before one without. */
  readonly accepts?: string
  readonly handle: (asked: Asked) => Answer | Promise<Answer>
}

export type Answer = HttpAnswer | TextAnswer | EventsAnswer

export interface FoundRoute {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** All routes of a path, whatever the method; none: there is no such path. A path without `{name}` goes first. */
export function routesAt(routes: readonly Route[], path: string): FoundRoute[] {
  const found = routes.flatMap(route => {
    const params = paramsOf(route.path, path)
    return params === null ? [] : [{route, params}]
  })
  const plain = found.filter(({params}) => Object.keys(params).length === 0)
  return plain.length > 0 ? plain : found
}

function paramsOf(pattern: string, path: string): Record<string, string> | null {
  if (!pattern.includes('{')) return pattern === path ? {} : null
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index]!
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name === undefined && part !== value) return null
    if (name === undefined) continue
    const decoded = decodedOf(value)
    if (decoded === null || decoded === '') return null
    params[name] = decoded
  }
  return params
}

function decodedOf(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
