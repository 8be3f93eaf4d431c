// The page at `/`: what the task says each second, and the control of its snapshots.

import {Charts} from './charts.ts'
import {Controls} from './controls.ts'
import {byId, page, setText} from './elements.ts'
import {EventStream} from './event-stream.ts'
import {showStatus} from './page-view.ts'
import type {PageEvents} from './page-status.ts'
import {TablesView} from './tables-view.ts'

const TOKEN = 'tidemark.token'

/** Kept in this tab only, and gone with it. */
const token = (): string | null => page.sessionStorage.getItem(TOKEN)

const charts = new Charts(byId('charts'))
const controls = new Controls({token, onTokenWanted: askForToken})
const tables = new TablesView(byId('tables'), table => controls.askToStop(table))

const stream = new EventStream({
  token,
  onOpen: () => {
    byId('token-form').hidden = true
    setText(byId('connection'), 'Live.')
  },
  onAway: (why, retryInMs) => {
    const known = byId('task').hidden ? '' : ' What is shown is what the task said last.'
    setText(byId('connection'), `Not connected: ${why}; trying again in ${Math.round(retryInMs / 1000)} s.${known}`)
  },
  onTokenWanted: askForToken,
  onEvent: (event, data) => {
    if (event === 'status') show(data as PageEvents['status'])
    else if (event === 'sample') charts.add(data as PageEvents['sample'])
    else if (event === 'history') {
      const {samples, keptMs} = data as PageEvents['history']
      charts.begin(samples, keptMs)
    }
  },
})

function show(status: PageEvents['status']): void {
  byId('task').hidden = false
  showStatus(status)
  tables.show(status.snapshot)
  controls.show(status)
}

function askForToken(): void {
  const isWrong = token() !== null
  page.sessionStorage.removeItem(TOKEN)
  byId('task').hidden = true
  byId('token-form').hidden = false
  setText(byId('connection'), isWrong ? 'The task does not take this token.' : 'The task wants a token.')
  byId('token').focus()
}

byId('token-form').addEventListener('submit', event => {
  event.preventDefault()
  page.sessionStorage.setItem(TOKEN, byId('token').value)
  byId('token').value = ''
  setText(byId('connection'), 'Connecting …')
  stream.connect()
})

// A phone that wakes up, or a network that is back, need not wait for the next try.
page.addEventListener('online', () => stream.connect())

stream.connect()
