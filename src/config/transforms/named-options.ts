// The options of one transform or predicate, by their names behind `transforms.<name>.` or `predicates.<name>.`.

import {nameRewrite, type NameRewrite} from '../java-replacement.ts'
import {javaRegex} from '../java-regex.ts'
import type {OptionValues} from '../option-values.ts'
import type {ConfigProblems} from '../problems.ts'

export interface OptionSource {
  /** `transforms` or `predicates`. */
  readonly list: string
  /** Of all in the list. */
  readonly names: readonly string[]
  readonly values: OptionValues
  readonly problems: ConfigProblems
}

export class NamedOptions {
  readonly name: string
  readonly #source: OptionSource
  readonly #prefix: string

  constructor(name: string, source: OptionSource) {
    this.name = name
    this.#source = source
    this.#prefix = `${source.list}.${name}.`
  }

  /** Those that are set. */
  found(): string[] {
    const {names, values, list} = this.#source
    return values
      .keys()
      .filter(key => values.has(key) && ownerOf(key, list, names) === this.name)
      .map(key => key.slice(this.#prefix.length))
  }

  report(option: string, problem: string): void {
    this.#source.problems.add(this.#prefix + option, problem)
  }

  has(option: string): boolean {
    return this.#source.values.has(this.#prefix + option)
  }

  optional(option: string): string | null {
    return this.#source.values.optionalText(this.#prefix + option)
  }

  text(option: string, byDefault: string): string {
    return this.optional(option) ?? byDefault
  }

  required(option: string): string | null {
    const found = this.optional(option)
    if (found === null) this.report(option, `it is missing; the ${this.#what} ${this.name} needs it`)
    return found
  }

  flag(option: string, byDefault: boolean): boolean {
    const found = this.optional(option)?.toLowerCase() ?? String(byDefault)
    if (found !== 'true' && found !== 'false') this.report(option, `found "${found}", wanted true or false`)
    return found === 'true'
  }

  /** In lower case; the default where the value is none of those. */
  choice<T extends string>(option: string, values: readonly T[], byDefault: T): T {
    const found = this.optional(option)?.trim().toLowerCase() ?? byDefault
    const value = values.find(each => each === found)
    if (value !== undefined) return value
    this.report(option, `found "${found}", wanted one of ${values.join(', ')}`)
    return byDefault
  }

  /** Null where something is wrong with it. */
  rewrite(
    [regexOption, regexDefault]: readonly [string, string?],
    [replacementOption, replacementDefault]: readonly [string, string?],
  ): NameRewrite | null {
    const regex = this.optional(regexOption) ?? regexDefault ?? this.required(regexOption)
    const replacement = this.optional(replacementOption) ?? replacementDefault ?? this.required(replacementOption)
    if (regex === null) return null
    if (!this.#isRight(regexOption, () => nameRewrite(regex, ''), 'regular expression')) return null
    if (replacement === null) return null
    if (!this.#isRight(replacementOption, () => nameRewrite(regex, replacement), 'replacement')) return null
    return nameRewrite(regex, replacement)
  }

  /** As Java's `matches`, with case. Null where it is not set or something is wrong with it. */
  pattern(option: string): RegExp | null {
    const regex = this.optional(option)
    if (regex === null) return null
    const compile = (): RegExp => javaRegex(regex, {caseSensitive: true})
    return this.#isRight(option, compile, 'regular expression') ? compile() : null
  }

  #isRight(option: string, compile: () => unknown, what: string): boolean {
    try {
      compile()
      return true
    } catch (error) {
      const found = this.optional(option)
      this.report(option, `"${found}" cannot be used as a ${what}: ${(error as Error).message}`)
      return false
    }
  }

  get #what(): string {
    return this.#source.list.slice(0, -1)
  }
}

/** The names of a list, each once; what is wrong with them and with keys of no name goes to the problems. */
export function listedNames({list, names, values, problems}: OptionSource): string[] {
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) problems.add(list, `${name} stands there twice; name each ${list.slice(0, -1)} once`)
  }
  for (const key of values.keys()) {
    if (!key.startsWith(`${list}.`) || !values.has(key) || ownerOf(key, list, names) !== null) continue
    problems.add(key, `there is no such ${list.slice(0, -1)}; add its name to ${list}, or leave the key out`)
  }
  return [...new Set(names)]
}

/** The one whose option a key is, null where there is none; a name may have dots and begin as another one does. */
function ownerOf(key: string, list: string, names: readonly string[]): string | null {
  const owners = names.filter(name => key.startsWith(`${list}.${name}.`))
  return owners.sort((a, b) => b.length - a.length)[0] ?? null
}
