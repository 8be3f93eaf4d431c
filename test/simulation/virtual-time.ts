// Time in the hands of the simulation: timers, Date and performance.now stand still until `fireNext` lets the next timer
// fire. setImmediate stays real, so that promises settle between two steps.

import {syncBuiltinESMExports} from 'node:module'
import timersPromises from 'node:timers/promises'

const EPOCH_MS = 1_700_000_000_000

interface Timer {
  readonly id: number
  at: number
  readonly every: number | null
  readonly run: () => void
}

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
}
const realTimeout = AbortSignal.timeout.bind(AbortSignal)
const realDelay = timersPromises.setTimeout

export class VirtualTime {
  #now = 0
  #nextId = 1
  readonly #timers = new Map<number, Timer>()

  get nowMs(): number {
    return this.#now
  }

  install(): void {
    const clear = (handle: unknown): void => {
      if (handle instanceof Handle) this.#timers.delete(handle.id)
    }
    const now = (): number => EPOCH_MS + Math.floor(this.#now)
    class VirtualDate extends real.Date {
      constructor(...parts: []) {
        if (parts.length === 0) super(now())
        else super(...parts)
      }
      static override now(): number {
        return now()
      }
    }
    Object.assign(globalThis, {
      Date: VirtualDate,
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.#add(() => run(...args), ms, null),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.#add(() => run(...args), ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
    })
    AbortSignal.timeout = ms => {
      const controller = new AbortController()
      this.#add(() => controller.abort(new DOMException('timed out', 'TimeoutError')), ms, null)
      return controller.signal
    }
    this.#installDelay((ms, value, {signal} = {}) => this.#delay(ms, value, signal))
    Object.defineProperty(performance, 'now', {configurable: true, value: () => this.#now})
    Object.defineProperty(performance, 'timeOrigin', {configurable: true, value: EPOCH_MS})
  }

  uninstall(): void {
    Object.assign(globalThis, real)
    AbortSignal.timeout = realTimeout
    this.#installDelay(realDelay)
    Reflect.deleteProperty(performance, 'now')
    Reflect.deleteProperty(performance, 'timeOrigin')
  }

  get hasTimers(): boolean {
    return this.#timers.size > 0
  }

  /** Lets time go on to the next timer, which fires, `lateMs` late: the others are due then, perhaps, and fire next. */
  fireNext(lateMs: number): void {
    let next: Timer | null = null
    for (const timer of this.#timers.values()) {
      if (next === null || timer.at < next.at || (timer.at === next.at && timer.id < next.id)) next = timer
    }
    if (next === null) return
    this.#now = Math.max(this.#now, next.at) + lateMs
    if (next.every === null) this.#timers.delete(next.id)
    else next.at = this.#now + Math.max(1, next.every)
    next.run()
  }

  /** A process that is gone has no timers. */
  clearAll(): void {
    this.#timers.clear()
  }

  /** Of node:timers/promises, for those who imported it by name. */
  #installDelay(delay: typeof realDelay): void {
    timersPromises.setTimeout = delay
    syncBuiltinESMExports()
  }

  #delay<T>(ms = 0, value?: T, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#timers.delete(handle.id)
        reject(new DOMException('the delay was aborted', 'AbortError'))
      }
      const handle = this.#add(
        () => {
          signal?.removeEventListener('abort', abort)
          resolve(value as T)
        },
        ms,
        null,
      )
      if (signal?.aborted === true) abort()
      signal?.addEventListener('abort', abort, {once: true})
    })
  }

  #add(run: () => void, ms: number, every: number | null): Handle {
    const id = this.#nextId++
    this.#timers.set(id, {id, at: this.#now + Math.max(1, ms), every, run})
    return new Handle(id)
  }
}

/** What setTimeout gives back. */
class Handle {
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return false
  }
}
