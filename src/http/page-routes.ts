// The page at `/`: its files, open to everybody since nothing of the task is in them, and the events that it shows.

import {readFile} from 'node:fs/promises'
import {delay} from '../core/backoff.ts'
import type {History} from './history.ts'
import {PAGE_STYLE} from './page/page-style.ts'
import {PAGE_ICON, PAGE_SHELL} from './page/page-shell.ts'
import type {PageCaptured, PageStatus, Sample} from './page/page-status.ts'
import type {Answer, Route, TextAnswer} from './route.ts'

export interface ShownStatus extends PageStatus {
  readonly tables: readonly {
    readonly table: string
    readonly completeSince: string | null
    readonly left: object | null
  }[]
}

export interface PageRoutesOptions {
  /** The report of this moment. */
  readonly status: () => ShownStatus
  readonly history: History
  /** Between two reports. */
  readonly everyMs?: number
}

const STATUS_EVERY_MS = 1000
/** Pages open at the same time; each costs a report a second. */
const MOST_LISTENERS = 32
const MOST_NAMES = 200

/** The modules that the browser loads, as they were compiled. */
const MODULES = ['main', 'page-view', 'tables-view', 'charts', 'controls', 'event-stream', 'number-text', 'elements']

/** Nothing but the page's own files, no inline script or style, no frame around it. */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

export function pageRoutes(options: PageRoutesOptions): Route[] {
  const files = new Map([
    ['page.css', textAnswer('text/css; charset=utf-8', PAGE_STYLE)],
    ['icon.svg', textAnswer('image/svg+xml', PAGE_ICON)],
  ])
  let listeners = 0
  return [
    {
      method: 'GET',
      path: '/',
      accepts: 'text/html',
      isOpen: true,
      handle: () => textAnswer('text/html; charset=utf-8', PAGE_SHELL),
    },
    {
      method: 'GET',
      path: '/page/{file}',
      isOpen: true,
      handle: async ({params}) => files.get(params['file']!) ?? (await moduleAnswer(params['file']!)),
    },
    {
      method: 'GET',
      path: '/events',
      handle: ({signal}): Answer => {
        if (listeners >= MOST_LISTENERS) {
          return {status: 503, body: {error: `${MOST_LISTENERS} listen already; close another page, then try again`}}
        }
        listeners++
        signal.addEventListener('abort', () => listeners--, {once: true})
        return {events: pageEvents(options, signal)}
      },
    },
  ]
}

function textAnswer(contentType: string, text: string): TextAnswer {
  return {status: 200, contentType, text, headers: SECURITY}
}

async function moduleAnswer(file: string): Promise<Answer> {
  const name = MODULES.find(known => file === `${known}.js`)
  if (name === undefined) return {status: 404, body: {error: `the page has no file ${file}`}}
  const text = await readFile(new URL(`./page/${name}.js`, import.meta.url), 'utf8')
  return textAnswer('text/javascript; charset=utf-8', text.replace(/^\/\/# sourceMappingURL=.*$/m, ''))
}

/** What the last hour was, then a report each second and each new sample. */
async function* pageEvents({status, history, everyMs = STATUS_EVERY_MS}: PageRoutesOptions, signal: AbortSignal) {
  const fresh: Sample[] = []
  const stopListening = history.onSample(sample => {
    fresh.push(sample)
    // Whoever reads slowly misses the oldest ones.
    if (fresh.length > 10) fresh.shift()
  })
  try {
    const {samples, keptMs} = history
    yield {event: 'history', data: {everyMs: history.everyMs, keptMs, samples: [...samples]}}
    while (!signal.aborted) {
      for (const sample of fresh.splice(0)) yield {event: 'sample', data: sample}
      const {tables, ...shown} = status()
      yield {event: 'status', data: {...shown, captured: capturedOf(tables)}}
      await delay(everyMs, signal)
    }
  } finally {
    stopListening()
  }
}

function capturedOf(tables: ShownStatus['tables']): PageCaptured {
  const captured = tables.filter(({left}) => left === null)
  return {
    count: captured.length,
    complete: captured.filter(({completeSince}) => completeSince !== null).length,
    names: captured.slice(0, MOST_NAMES).map(({table}) => table),
  }
}
