// Server-sent events over fetch, since an EventSource cannot send a token. Connects again after a while, longer each time.

export interface StreamedEvent {
  readonly event: string
  readonly data: string
}

/** Takes the stream's text in pieces of any size; gives each event once it is whole. */
export class EventParser {
  #rest = ''

  push(piece: string): StreamedEvent[] {
    const blocks = (this.#rest + piece).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.map(block => {
      const lines = block.split('\n')
      const valueOf = (name: string): string[] =>
        lines.filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2))
      return {event: valueOf('event')[0] ?? 'message', data: valueOf('data').join('\n')}
    })
  }
}

export interface EventStreamOptions {
  readonly token: () => string | null
  readonly onEvent: (event: string, data: unknown) => void
  readonly onOpen: () => void
  /** Not connected: why, and when it is tried again. */
  readonly onAway: (why: string, retryInMs: number) => void
  /** The task wants a token, or another one: nothing is tried until `connect` is called again. */
  readonly onTokenWanted: () => void
}

/** The task says something each second; one that is silent for so long is not there. */
const SILENCE_MS = 15_000
const MOST_DELAY_MS = 15_000

export class EventStream {
  readonly #options: EventStreamOptions
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #current: AbortController | null = null

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  /** Connects now, whatever was waited for; ends the connection of before. */
  connect(): void {
    clearTimeout(this.#retry)
    this.#current?.abort()
    const current = (this.#current = new AbortController())
    this.#read(current).then(
      () => this.#away(current, 'the connection ended'),
      (error: unknown) => this.#away(current, error instanceof Refused ? error.message : 'the task does not answer'),
    )
  }

  async #read(current: AbortController): Promise<void> {
    let silence = setTimeout(() => current.abort(), SILENCE_MS)
    const heard = (): void => {
      clearTimeout(silence)
      silence = setTimeout(() => current.abort(), SILENCE_MS)
    }
    try {
      const token = this.#options.token()
      const headers = token === null ? {} : {authorization: `Bearer ${token}`}
      const response = await fetch('/events', {headers, signal: current.signal})
      if (response.status === 401) {
        if (this.#current !== current) return
        this.#current = null
        this.#options.onTokenWanted()
        return
      }
      if (!response.ok || response.body === null) throw new Refused(`the task answers ${response.status}`)
      this.#attempt = 0
      this.#options.onOpen()
      const parser = new EventParser()
      const decoder = new TextDecoder()
      const reader = response.body.getReader()
      for (;;) {
        const {done, value} = (await reader.read()) as {done: boolean; value: Uint8Array}
        if (done) return
        heard()
        for (const {event, data} of parser.push(decoder.decode(value, {stream: true}))) {
          this.#options.onEvent(event, JSON.parse(data))
        }
      }
    } finally {
      clearTimeout(silence)
    }
  }

  #away(current: AbortController, why: string): void {
    if (this.#current !== current) return
    const delayMs = Math.min(MOST_DELAY_MS, 1000 * 2 ** this.#attempt++)
    this.#options.onAway(why, delayMs)
    this.#retry = setTimeout(() => this.connect(), delayMs)
  }
}

class Refused extends Error {}
