// The last hour as small charts: a line over the time, what it is now, and the most it was.

import {element, page, setText} from './elements.ts'
import type {PageElement} from './elements.ts'
import {behindText, bytesText, countText} from './number-text.ts'
import type {Sample} from './page-status.ts'

interface Chart {
  readonly title: string
  readonly valueOf: (sample: Sample) => number | null
  readonly show: (value: number | null) => string
}

const orNone = (show: (value: number) => string) => (value: number | null) => (value === null ? '–' : show(value))

const CHARTS: readonly Chart[] = [
  {
    title: 'Rows copied',
    valueOf: ({rowsPerSecond}) => rowsPerSecond,
    show: orNone(value => `${countText(value)} rows/s`),
  },
  {
    title: 'Events',
    valueOf: ({eventsPerSecond}) => eventsPerSecond,
    show: orNone(value => `${countText(value)} events/s`),
  },
  {title: 'Lag', valueOf: ({behindMs}) => behindMs, show: value => (value === null ? '–' : lagText(value))},
  {title: 'In flight', valueOf: ({bytesInFlight}) => bytesInFlight, show: orNone(bytesText)},
]

function lagText(value: number): string {
  return value < 1000 ? `${countText(value)} ms` : behindText(value).replace(' behind', '')
}

const WIDTH = 300
/** What there is fills the width from this on: a task that has just started shows no hour of nothing. */
const LEAST_SPAN_MS = 300_000
const HEIGHT = 60
const SVG = 'http://www.w3.org/2000/svg'

/** Points of the line; a moment of which nothing is known is left out. The newest one is at the right end. */
export function chartPoints(
  samples: readonly {readonly atMs: number; readonly value: number | null}[],
  mostMs: number,
): string {
  const end = samples.at(-1)?.atMs ?? 0
  const spanMs = Math.min(mostMs, Math.max(LEAST_SPAN_MS, end - (samples[0]?.atMs ?? 0)))
  const most = Math.max(1, ...samples.map(({value}) => value ?? 0))
  return samples
    .flatMap(({atMs, value}) => {
      if (value === null) return []
      const x = WIDTH * (1 - (end - atMs) / spanMs)
      const y = HEIGHT - 2 - (value / most) * (HEIGHT - 4)
      return [`${x.toFixed(1)},${y.toFixed(1)}`]
    })
    .join(' ')
}

export class Charts {
  readonly #shown: {chart: Chart; svg: PageElement; line: PageElement; now: PageElement}[]
  #samples: Sample[] = []
  #keptMs = 3_600_000

  constructor(into: PageElement) {
    this.#shown = CHARTS.map(chart => {
      const svg = page.document.createElementNS(SVG, 'svg')
      svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
      svg.setAttribute('preserveAspectRatio', 'none')
      svg.setAttribute('role', 'img')
      const line = page.document.createElementNS(SVG, 'polyline')
      svg.append(line)
      const now = element('figcaption')
      into.append(element('figure', {children: [now, svg]}))
      return {chart, svg, line, now}
    })
  }

  begin(samples: readonly Sample[], keptMs: number): void {
    this.#samples = [...samples]
    this.#keptMs = keptMs
    this.#draw()
  }

  add(sample: Sample): void {
    this.#samples = [...this.#samples, sample].filter(({atMs}) => atMs > sample.atMs - this.#keptMs)
    this.#draw()
  }

  #draw(): void {
    for (const {chart, svg, line, now} of this.#shown) {
      const values = this.#samples.map(sample => ({atMs: sample.atMs, value: chart.valueOf(sample)}))
      const known = values.flatMap(({value}) => (value === null ? [] : [value]))
      const text = `${chart.title}: ${chart.show(values.at(-1)?.value ?? null)}`
      const most = chart.show(known.length === 0 ? null : Math.max(...known))
      line.setAttribute('points', chartPoints(values, this.#keptMs))
      svg.setAttribute('aria-label', `${text}; most in the last hour: ${most}`)
      setText(now, `${text} (most ${most})`)
    }
  }
}
