// Every completion of a fake waits here for its turn; the seed decides whose turn is next. A turn that is never given is
// what a crash leaves of it.

import {createHash} from 'node:crypto'
import type {SeededRandom} from '../support/seeded-random.ts'

export interface TurnOptions {
  /** Turns of one queue come in the order in which they were asked for. */
  readonly queue?: string
  /** The turn can only be given while this holds. */
  readonly ready?: () => boolean
  /** The connection that it hangs on: `breakConnections` has it reject. */
  readonly connection?: string
  readonly signal?: AbortSignal
}

interface Turn extends TurnOptions {
  readonly name: string
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly given: () => void
  error: Error | null
}

const KEPT_LINES = 400

export class Scheduler {
  readonly random: SeededRandom
  step = 0
  /** The turn that was given last. */
  last = ''
  /** How often each kind of turn is given in relation to the others; the kind is the name's first word. */
  readonly weights = new Map<string, number>()
  /** Told of every line of the trace. */
  onLine: ((line: string) => void) | null = null
  readonly lines: string[] = []
  #turns: Turn[] = []
  /** Connections that live on while nothing waits on them, and what became of them. */
  readonly #open = new Map<string, Error | null>()
  /** What the server does when one of them is gone. */
  readonly #onLost = new Map<string, () => void>()
  readonly #hash = createHash('sha256')

  constructor(random: SeededRandom) {
    this.random = random
  }

  /** Resolves when the scheduler gives the turn, or the signal aborts; rejects where its connection was broken before. */
  turn(name: string, options: TurnOptions = {}): Promise<void> {
    if (options.signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const error = this.#open.get(options.connection ?? '') ?? null
      const {signal} = options
      const abort = (): void => {
        this.#turns.splice(this.#turns.indexOf(turn), 1)
        resolve()
      }
      const given = (): void => signal?.removeEventListener('abort', abort)
      const turn: Turn = {...options, name, resolve, reject, error, given}
      this.#turns.push(turn)
      signal?.addEventListener('abort', abort, {once: true})
    })
  }

  /** Turns that may be given now: of each queue the first. */
  get open(): readonly Turn[] {
    const queues = new Set<string>()
    return this.#turns.filter(turn => {
      if (turn.queue !== undefined) {
        if (queues.has(turn.queue)) return false
        queues.add(turn.queue)
      }
      return turn.error !== null || turn.ready === undefined || turn.ready()
    })
  }

  /** Names of what waits, for a report of a simulation that hangs. */
  get waiting(): readonly string[] {
    return this.#turns.map(({name}) => name)
  }

  /** Connections that can break. */
  get connections(): readonly string[] {
    const open = [...this.#open].filter(([, lost]) => lost === null).map(([name]) => name)
    return [...new Set([...this.#turns.flatMap(({connection}) => connection ?? []), ...open])]
  }

  give(turn: Turn): void {
    this.#turns.splice(this.#turns.indexOf(turn), 1)
    turn.given()
    this.last = turn.name
    this.note(turn.error === null ? turn.name : `${turn.name}: ${turn.error.message}`)
    if (turn.error === null) turn.resolve()
    else turn.reject(turn.error)
  }

  /** From now on the connection can break also while nothing waits on it; the next turn on it fails then. */
  openConnection(name: string, onLost: () => void = () => undefined): void {
    this.#open.set(name, null)
    this.#onLost.set(name, onLost)
  }

  /** What hangs on a connection fails, each when its turn comes. */
  breakConnections(matches: (connection: string) => boolean, error: () => Error): void {
    for (const turn of this.#turns) {
      if (turn.connection !== undefined && matches(turn.connection)) turn.error ??= error()
    }
    for (const [name, lost] of this.#open) {
      if (lost !== null || !matches(name)) continue
      this.#open.set(name, error())
      this.#onLost.get(name)?.()
    }
  }

  /** Nothing that waits will ever come: the process is gone. */
  dropAll(): void {
    for (const turn of this.#turns) turn.given()
    this.#turns = []
    for (const [name, lost] of this.#open) if (lost === null) this.#onLost.get(name)?.()
    this.#open.clear()
    this.#onLost.clear()
  }

  weightOf(turn: {readonly name: string}): number {
    return this.weights.get(turn.name.slice(0, turn.name.indexOf(' '))) ?? 1
  }

  /** One of `choices`, by weight. */
  pick<T>(choices: readonly T[], weight: (choice: T) => number): T {
    let left = this.random.next() * choices.reduce((sum, choice) => sum + weight(choice), 0)
    for (const choice of choices) {
      left -= weight(choice)
      if (left < 0) return choice
    }
    return choices.at(-1)!
  }

  note(what: string): void {
    const line = `${this.step} ${what}`
    this.#hash.update(line)
    this.lines.push(line)
    if (this.lines.length > KEPT_LINES * 2) this.lines.splice(0, KEPT_LINES)
    this.onLine?.(line)
  }

  /** Equal for two runs exactly when they went the same way. Ends the trace. */
  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
