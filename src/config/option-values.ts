// Checked values by key, with the option table's defaults where nothing was set.

import {splitCommaList} from './comma-list.ts'
import {javaRegex} from './java-regex.ts'
import type {OptionValue} from './option.ts'
import {findOption} from './option-table.ts'

/** Only for values that `checkConfig` let through: a wrong pattern throws here. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, OptionValue>
  readonly #broken: ReadonlySet<string>

  constructor(values: ReadonlyMap<string, OptionValue>, broken: ReadonlySet<string> = new Set()) {
    this.#values = values
    this.#broken = broken
  }

  /** Whether its value was reported as wrong, so that nothing more can be said of it. */
  isBroken(key: string): boolean {
    return this.#broken.has(key)
  }

  keys(): readonly string[] {
    return [...this.#values.keys()]
  }

  /** Whether the user set it to something. */
  has(key: string): boolean {
    const value = this.#values.get(key)
    return value !== undefined && value !== ''
  }

  /** The text, or the default, or null; an empty text counts as not set. */
  optionalText(key: string): string | null {
    if (this.has(key)) return String(this.#values.get(key))
    const byDefault = findOption(key)?.default ?? null
    return byDefault === null ? null : String(byDefault)
  }

  text(key: string): string {
    return this.optionalText(key) ?? ''
  }

  /** One of the option's values, which are all in lower case. */
  choice<T extends string>(key: string): T {
    return this.text(key).toLowerCase() as T
  }

  integer(key: string): number {
    return Number(this.text(key))
  }

  flag(key: string): boolean {
    return this.text(key).toLowerCase() === 'true'
  }

  list(key: string): string[] {
    return splitCommaList(this.text(key))
  }

  /** Null where nothing was set. */
  patterns(key: string): readonly RegExp[] | null {
    return this.has(key) ? this.list(key).map(pattern => javaRegex(pattern)) : null
  }
}
