// The control of snapshots: signals over POST /signals, and their answers where a screen reader hears them.

import {byId, setText} from './elements.ts'
import type {PageElement} from './elements.ts'
import type {PageStatus} from './page-status.ts'

export interface ControlsOptions {
  readonly token: () => string | null
  /** The task no longer takes the token. */
  readonly onTokenWanted: () => void
}

export interface SentSignal {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** As entries of data-collections: one a line, or what is wrong. */
export function copySignal(tablesText: string, condition: string): SentSignal | string {
  const tables = tablesText.split('\n').flatMap(line => (line.trim() === '' ? [] : [line.trim()]))
  if (tables.length === 0) return 'Name at least one table.'
  const filter = condition.trim()
  const conditions = filter === '' ? [] : tables.map(table => ({'data-collection': table, filter}))
  return {
    type: 'execute-snapshot',
    data: {
      type: 'incremental',
      'data-collections': tables,
      ...(conditions.length === 0 ? {} : {'additional-conditions': conditions}),
    },
  }
}

/** `table` null: all. A name is sent as a regular expression that matches it alone. */
export function stopSignal(table: string | null): SentSignal {
  const escaped = table?.replace(/[^\w.-]/gu, character => `\\${character}`)
  return {type: 'stop-snapshot', data: escaped === undefined ? {} : {'data-collections': [escaped]}}
}

export class Controls {
  readonly #options: ControlsOptions
  readonly #answer = byId('answer')
  #toStop: string | null = null
  #name = ''
  #isSending = false

  constructor(options: ControlsOptions) {
    this.#options = options
    this.#onPress('pause', () => this.#send({type: 'pause-snapshot', data: {}}))
    this.#onPress('resume', () => this.#send({type: 'resume-snapshot', data: {}}))
    this.#onPress('stop', async () => this.askToStop(null))
    this.#onPress('resume-task', () => this.#resumeTask())
    byId('confirm-no').addEventListener('click', () => byId('confirm').close())
    this.#onPress('confirm-yes', () => {
      byId('confirm').close()
      return this.#send(stopSignal(this.#toStop))
    })
    byId('start-form').addEventListener('submit', event => {
      event.preventDefault()
      const signal = copySignal(byId('start-tables').value, byId('start-condition').value)
      if (byId('start').getAttribute('aria-disabled') === 'true') setText(this.#answer, 'The task is paused.')
      else if (typeof signal === 'string') setText(this.#answer, signal)
      else void this.#send(signal)
    })
  }

  /** Asks before; `table` null: all. The focus is on the answer that changes nothing. */
  askToStop(table: string | null): void {
    this.#toStop = table
    const what = table === null ? 'all copies' : `the copy of ${table}`
    setText(byId('confirm-text'), `Stop ${what}? It cannot be resumed: a new copy begins at the first row.`)
    byId('confirm').showModal()
    byId('confirm-no').focus()
  }

  /** What cannot be done now says so, and keeps the focus. */
  show({
    name,
    state,
    snapshot,
  }: Pick<PageStatus, 'name' | 'state'> & {readonly snapshot: {readonly state: string}}): void {
    const isHeld = state === 'paused'
    if (isHeld && byId('paused').hidden) setText(byId('resume-answer'), '')
    this.#name = name
    byId('paused').hidden = !isHeld
    setDisabled(byId('pause'), isHeld || snapshot.state !== 'running')
    setDisabled(byId('resume'), isHeld || (snapshot.state !== 'paused' && snapshot.state !== 'failed'))
    setDisabled(byId('stop'), isHeld || snapshot.state === 'idle')
    setDisabled(byId('start'), isHeld)
  }

  /** The whole task, not its snapshots; what it says then is the next report. */
  async #resumeTask(): Promise<void> {
    const answer = byId('resume-answer')
    setText(answer, 'Asked to resume …')
    try {
      const {status} = await this.#request(`/connectors/${encodeURIComponent(this.#name)}/resume`, {method: 'PUT'})
      if (status === 401) this.#options.onTokenWanted()
      else if (status !== 202) setText(answer, `Refused: the task answers ${status}.`)
    } catch {
      setText(answer, 'The task does not answer.')
    }
  }

  #onPress(id: string, act: () => Promise<void>): void {
    const button = byId(id)
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') !== 'true') void act()
    })
  }

  async #send(signal: SentSignal): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    setText(this.#answer, `${signal.type}: sent …`)
    try {
      setText(this.#answer, await this.#answerTo(signal))
    } catch {
      setText(
        this.#answer,
        `${signal.type}: the task does not answer; look at its last signals before you send it again`,
      )
    } finally {
      this.#isSending = false
    }
  }

  async #request(path: string, init: {readonly method: string; readonly body?: string}): Promise<Response> {
    const token = this.#options.token()
    const authorization = token === null ? {} : {authorization: `Bearer ${token}`}
    return await fetch(path, {...init, headers: {'content-type': 'application/json', ...authorization}})
  }

  async #answerTo(signal: SentSignal): Promise<string> {
    const response = await this.#request('/signals', {method: 'POST', body: JSON.stringify(signal)})
    if (response.status === 401) {
      this.#options.onTokenWanted()
      return `${signal.type}: not sent, the token is wanted`
    }
    const {result, reason, error} = (await response.json()) as {result?: string; reason?: string; error?: string}
    const why = reason ?? error
    return `${signal.type}: ${result ?? 'refused'}${why == null ? '' : `, ${why}`}`
  }
}

function setDisabled(button: PageElement, isDisabled: boolean): void {
  button.setAttribute('aria-disabled', String(isDisabled))
}
