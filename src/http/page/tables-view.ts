// A bar for each table that is copied. Elements stay while their table does, so that the focus does.

import {element, setText} from './elements.ts'
import type {PageElement} from './elements.ts'
import {countText, durationText, nounText} from './number-text.ts'
import type {PageStatus, PageTable} from './page-status.ts'

interface ShownTable {
  readonly item: PageElement
  readonly state: PageElement
  readonly track: PageElement
  readonly fill: PageElement
  readonly numbers: PageElement
  readonly key: PageElement
  readonly stop: PageElement
}

export class TablesView {
  readonly #into: PageElement
  readonly #onStop: (table: string) => void
  readonly #shown = new Map<string, ShownTable>()

  constructor(into: PageElement, onStop: (table: string) => void) {
    this.#into = into
    this.#onStop = onStop
  }

  show({state, tables}: PageStatus['snapshot']): void {
    // A table copied again has a second entry; the last one is the one that goes on.
    const last = new Map(tables.map(table => [table.table, table]))
    for (const [name, {item}] of this.#shown) {
      if (last.has(name)) continue
      item.remove()
      this.#shown.delete(name)
    }
    for (const table of last.values()) {
      const shown = this.#shown.get(table.table) ?? this.#added(table.table)
      update(shown, table, state === 'paused')
    }
  }

  #added(name: string): ShownTable {
    const state = element('span', {className: 'badge'})
    const fill = element('div', {className: 'fill'})
    const track = element('div', {className: 'track', children: [fill]})
    track.setAttribute('role', 'progressbar')
    track.setAttribute('aria-label', `copy of ${name}`)
    track.setAttribute('aria-valuemin', '0')
    track.setAttribute('aria-valuemax', '100')
    const numbers = element('p', {className: 'quiet'})
    const key = element('p', {className: 'quiet'})
    const stop = element('button', {text: 'Stop …'})
    stop.setAttribute('type', 'button')
    stop.setAttribute('aria-label', `Stop the copy of ${name}`)
    stop.addEventListener('click', () => this.#onStop(name))
    const title = element('span', {children: [element('span', {text: `${name} `, className: 'name'}), state]})
    const head = element('div', {className: 'row between', children: [title, stop]})
    const item = element('li', {children: [head, track, numbers, key]})
    this.#into.append(item)
    const shown = {item, state, track, fill, numbers, key, stop}
    this.#shown.set(name, shown)
    return shown
  }
}

function update(shown: ShownTable, table: PageTable, isPaused: boolean): void {
  const isUnderWay = table.state === 'running' || table.state === 'waiting'
  const state = isPaused && isUnderWay ? 'paused' : table.state
  const percent = table.percent === null ? null : Math.floor(Math.min(100, Math.max(0, table.percent)))
  setText(shown.state, state)
  shown.track.setAttribute('aria-valuenow', String(percent ?? 0))
  shown.track.setAttribute('aria-valuetext', percent === null ? state : `${percent} %, ${state}`)
  shown.fill.style.width = `${percent ?? 0}%`
  setText(shown.numbers, numbersOf(table, state, percent))
  const last = table.problem ?? (table.key === null ? '' : `last key ${table.key}`)
  setText(shown.key, last)
  shown.key.className = table.problem === null ? 'quiet' : 'bad'
  shown.stop.hidden = !isUnderWay
}

function numbersOf(table: PageTable, state: string, percent: number | null): string {
  const {rowsDone, rowsEstimated, rowsPerSecond, secondsLeft} = table
  if (state === 'done') return `${nounText(rowsDone, 'row')} copied`
  if (percent === null) return nounText(rowsDone, 'row')
  const rows = `${percent} %, ${countText(rowsDone)} of ${nounText(rowsEstimated, 'row')}`
  if (state !== 'running') return rows
  const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`
  return `${rows}, ${countText(rowsPerSecond)} rows/s${left}`
}
