// What the demo made and has to take away again, whatever happens.

export class UndoStack {
  readonly #steps: (() => Promise<void>)[] = []

  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** The latest first, each once; a step that fails keeps none of the others from running. Gives the failures. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await step().catch((error: unknown) => failures.push(error))
    }
    return failures
  }
}
