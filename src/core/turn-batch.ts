// What is asked for at the same time is answered together: a query for a hundred tables costs little more than one for a table.

interface Asked<Q, A> {
  readonly question: Q
  readonly resolve: (answer: A) => void
  readonly reject: (error: unknown) => void
}

/** Gathers the questions of one turn of the event loop. */
export class TurnBatch<Q, A> {
  readonly #answer: (questions: readonly Q[]) => Promise<readonly (A | Error)[]>
  readonly #most: number
  #asked: Asked<Q, A>[] = []

  /** `answer` gives an answer for each question, or the reason why there is none; where it rejects, so do all. `most` bounds one call. */
  constructor(answer: (questions: readonly Q[]) => Promise<readonly (A | Error)[]>, most: number) {
    this.#answer = answer
    this.#most = most
  }

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#asked.push({question, resolve, reject})
      if (this.#asked.length === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const asked = this.#asked
    this.#asked = []
    for (let from = 0; from < asked.length; from += this.#most) void this.#settle(asked.slice(from, from + this.#most))
  }

  async #settle(asked: readonly Asked<Q, A>[]): Promise<void> {
    try {
      const answers = await this.#answer(asked.map(({question}) => question))
      asked.forEach(({resolve, reject}, i) => {
        const answer = answers[i]!
        if (answer instanceof Error) reject(answer)
        else resolve(answer)
      })
    } catch (error) {
      for (const {reject} of asked) reject(error)
    }
  }
}
