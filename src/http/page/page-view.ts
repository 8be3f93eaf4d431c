// The task's report on the page.

import {byId, element, page, setText} from './elements.ts'
import {behindText, bytesText, countText, nounText} from './number-text.ts'
import type {PageEvents, PageStatus} from './page-status.ts'

type Shown = PageEvents['status']

/** Everything but the tables that are copied, and the charts. */
export function showStatus(status: Shown): void {
  page.document.title = `${status.name}: ${status.state} – Tidemark`
  setText(byId('name'), status.name)
  setText(byId('state'), status.state)
  const {error} = status
  byId('error').hidden = error === null
  if (error !== null) setText(byId('error'), `${error.message} (${error.code})`)
  showFacts(status)
  setText(byId('snapshot-line'), snapshotText(status.snapshot))
  showCaptured(status.captured)
  const signals = status.signals.slice(-5).reverse()
  showLines(
    'signals',
    signals.map(({id, type, result, reason}) => `${type} ${id}: ${result}${reason === null ? '' : `, ${reason}`}`),
    'None yet.',
  )
  byId('diverged-card').hidden = status.diverged.length === 0
  showLines(
    'diverged',
    status.diverged.map(({table, since, reason, remedy}) => `${table} since ${since} (${reason}): ${remedy}`),
  )
}

const last = new Map<string, string>()

/** Made anew only where it differs, so that what is selected stays selected. */
function hasChanged(id: string, texts: readonly string[]): boolean {
  const text = JSON.stringify(texts)
  if (last.get(id) === text) return false
  last.set(id, text)
  return true
}

function showLines(id: string, texts: readonly string[], none = ''): void {
  const shown = texts.length === 0 && none !== '' ? [none] : texts
  if (hasChanged(id, shown)) byId(id).replaceChildren(...shown.map(text => element('li', {text})))
}

function showFacts({
  name,
  version,
  state,
  streaming,
  position,
  stored,
  storeProblem,
  behindMs,
  sink,
  captured,
}: Shown): void {
  const facts = [
    ['Task', `${name}, Tidemark ${version}`],
    ['Stream', streaming ? `at ${position.file}:${position.pos}` : `not streaming (${state})`],
    ['Lag', behindText(behindMs)],
    ['State', stored === null ? 'nothing stored yet' : `stored up to ${stored.file}:${stored.pos}`],
    ...(storeProblem === null ? [] : [['Problem', `the state cannot be stored: ${storeProblem}`]]),
    ['Sink', `${sink.state}${sink.reason === undefined ? '' : ` (${sink.reason})`}`],
    ['Emitted', `${nounText(sink.eventsEmitted, 'event')}, ${bytesText(sink.bytesInFlight)} in flight`],
    ['Tables', `${countText(captured.count)} captured, ${countText(captured.complete)} complete`],
  ]
  if (!hasChanged('facts', facts.flat())) return
  byId('facts').replaceChildren(
    ...facts.flatMap(([term, text]) => [element('dt', {text: term!}), element('dd', {text: text!})]),
  )
}

function snapshotText({state, windowsWaiting, bytesHeld, problem, throttle}: PageStatus['snapshot']): string {
  const held =
    state === 'running' ? `, ${nounText(windowsWaiting, 'window')} waiting, ${bytesText(bytesHeld)} held` : ''
  const throttled = throttle.waits === null ? '' : `; throttled: ${throttle.waits}`
  return `${state}${held}${throttled}${problem === null ? '' : `; ${problem}`}`
}

function showCaptured({count, names}: Shown['captured']): void {
  const shown = names.slice(0, 8)
  const more = count - shown.length
  setText(byId('captured'), `Captured: ${shown.join(', ')}${more > 0 ? `, and ${countText(more)} more` : ''}`)
}
