// Everything that is wrong with a configuration, said at once.

import {TidemarkError} from '../core/tidemark-error.ts'

export class ConfigProblems {
  readonly #lines: string[] = []
  readonly #typedKeys = new Map<string, string>()

  /** Problems of `key` are told of `typed`, the key as the user wrote it. */
  tellAs(key: string, typed: string): void {
    this.#typedKeys.set(key, typed)
  }

  /** `problem` says what is wrong and what would be right. */
  add(key: string, problem: string): void {
    const line = `${this.#typedKeys.get(key) ?? key}: ${problem}`
    if (!this.#lines.includes(line)) this.#lines.push(line)
  }

  get count(): number {
    return this.#lines.length
  }

  /** Throws one error that lists them all; does nothing where there are none. */
  throwIfAny(path: string): void {
    if (this.#lines.length === 0) return
    const count = this.#lines.length === 1 ? 'a problem' : `${this.#lines.length} problems`
    throw new TidemarkError(
      'TIDEMARK_CONFIG_INVALID',
      [`the configuration ${path} has ${count}; mend it and start again:`, ...this.#lines].join('\n  '),
      {kind: 'configuration'},
    )
  }
}
