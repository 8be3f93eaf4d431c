// A running task, asked over HTTP as the configuration says where it listens.

import type {Settings} from '../config/settings.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {TableChanges} from '../task/captured-tables.ts'
import type {StatusReport} from '../task/status.ts'

export interface TaskAddress {
  /** Without a path. */
  readonly url: string
  readonly token: string | null
}

const REQUEST_MS = 5_000
const SIGNAL_MS = 60_000
const CHANGE_MS = 90_000

/** Throws TIDEMARK_STATUS_NO_ADDRESS where the task cannot be asked. */
export function taskAddress({http}: Pick<Settings, 'http'>): TaskAddress {
  if (http === null || http.port === 0) {
    const found = http === null ? 'off' : `${http.host}:0, any free port`
    throw new TidemarkError(
      'TIDEMARK_STATUS_NO_ADDRESS',
      `the task has no known HTTP address: http.listen is ${found}; set it to host:port and start the task again`,
      {kind: 'configuration'},
    )
  }
  // A task that listens on every address is asked on this machine's own.
  const host = http.host === '0.0.0.0' ? '127.0.0.1' : http.host === '::' ? '::1' : http.host
  return {
    url: `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${http.port}`,
    token: http.token,
  }
}

/** Throws TIDEMARK_STATUS_UNREACHABLE, and TIDEMARK_STATUS_REFUSED. */
export async function readStatus(address: TaskAddress): Promise<StatusReport> {
  const url = `${address.url}/status`
  const headers = address.token === null ? {} : {authorization: `Bearer ${address.token}`}
  let response: Response
  try {
    response = await fetch(url, {headers, signal: AbortSignal.timeout(REQUEST_MS)})
    if (response.ok) return (await response.json()) as StatusReport
  } catch (error) {
    const {code} = describeError(error instanceof Error && error.cause !== undefined ? error.cause : error)
    // Something answers, but neither HTTP nor JSON.
    if (error instanceof SyntaxError || code.startsWith('HPE_')) throw notOurs(url, 'with something else than a status')
    throw new TidemarkError(
      'TIDEMARK_STATUS_UNREACHABLE',
      `no task answers at ${url} (${code}); start it with \`tidemark run\`, or check http.listen`,
      {cause: error},
    )
  }
  const advice = ADVICE[response.status]
  throw notOurs(url, String(response.status), advice)
}

/** Sends a signal; the answer comes with the task's status. Throws TIDEMARK_SIGNAL_NOT_SENT. */
export async function postSignal({url, token}: TaskAddress, signal: object): Promise<void> {
  const headers = {'content-type': 'application/json', ...(token === null ? {} : {authorization: `Bearer ${token}`})}
  const notSent = (why: string, cause?: unknown): TidemarkError =>
    new TidemarkError(
      'TIDEMARK_SIGNAL_NOT_SENT',
      `${url}/signals ${why}; is the task running there? check http.listen`,
      {
        cause,
      },
    )
  let response: Response
  try {
    response = await fetch(`${url}/signals`, {
      method: 'POST',
      headers,
      body: JSON.stringify(signal),
      signal: AbortSignal.timeout(SIGNAL_MS),
    })
  } catch (error) {
    const {code} = describeError(error instanceof Error && error.cause !== undefined ? error.cause : error)
    throw notSent(`does not answer (${code})`, error)
  }
  // Rejected and ignored ones have their receipts, too.
  const body = (await response.json().catch(() => null)) as {result?: unknown; error?: unknown} | null
  if (typeof body?.result === 'string') return
  throw notSent(`answered ${response.status}${typeof body?.error === 'string' ? `: ${body.error}` : ''}`)
}

/** Changes keys of the task's configuration; null takes one away. Throws TIDEMARK_CONFIG_REFUSED with the task's reason. */
export async function patchConfig({url, token}: TaskAddress, changes: object): Promise<TableChanges> {
  const headers = {'content-type': 'application/json', ...(token === null ? {} : {authorization: `Bearer ${token}`})}
  const refused = (why: string, cause?: unknown): TidemarkError =>
    new TidemarkError('TIDEMARK_CONFIG_REFUSED', `${url}/config ${why}`, {cause, kind: 'configuration'})
  let response: Response
  try {
    response = await fetch(`${url}/config`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify(changes),
      signal: AbortSignal.timeout(CHANGE_MS),
    })
  } catch (error) {
    const {code} = describeError(error instanceof Error && error.cause !== undefined ? error.cause : error)
    throw refused(`does not answer (${code}); \`tidemark status\` shows whether the change was made`, error)
  }
  const body = (await response.json().catch(() => null)) as Readonly<Record<string, unknown>> | null
  if (response.status === 200) return (body?.['tables'] ?? NO_CHANGES) as TableChanges
  const reason = [body?.['error'], body?.['pending']].find(text => typeof text === 'string')
  throw refused(`answered ${response.status}: ${reason ?? 'without a reason; its log says why'}`)
}

const NO_CHANGES: TableChanges = {added: [], returned: [], left: [], copied: []}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'its http.token is another one',
  500: 'the log of the task says why',
}

function notOurs(
  url: string,
  answer: string,
  advice = 'another program may listen on this port: check http.listen',
): TidemarkError {
  return new TidemarkError('TIDEMARK_STATUS_REFUSED', `${url} answered ${answer}; ${advice}`)
}
