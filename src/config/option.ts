// What the option table says about one configuration key.

/**
 * - `supported`: it does what it says;
 * - `ignored`: known from Debezium or Kafka Connect, without meaning here; accepted and logged once;
 * - `refused`: it changes what is emitted (or how safely) and is not supported yet.
 */
export type OptionStatus = 'supported' | 'ignored' | 'refused'
export type OptionValue = string | number | boolean

export interface Option {
  /** The key; `*` stands for any text, so that one row describes a family. */
  readonly key: string
  readonly status: OptionStatus
  readonly type: 'string' | 'integer' | 'boolean' | 'list' | 'patterns' | 'secret'
  /** Null: none. */
  readonly default: OptionValue | null
  /** What to show where the default depends on something else. */
  readonly defaultText?: string
  readonly required?: true
  /** The only values allowed; of a list, the only elements. Texts compare without case. */
  readonly values?: readonly OptionValue[]
  /** Values of Debezium's that are known and not supported yet. */
  readonly notYet?: readonly OptionValue[]
  readonly minimum?: number
  readonly maximum?: number
  /** What to do instead, where the key or a value of `notYet` is refused. */
  readonly instead?: string
  readonly description: string
}

/** The parts of an option that most rows leave out. */
export type OptionDetails = Partial<
  Pick<Option, 'defaultText' | 'required' | 'values' | 'notYet' | 'minimum' | 'maximum' | 'instead'>
>

export function text(key: string, byDefault: string | null, description: string, details: OptionDetails = {}): Option {
  return {key, status: 'supported', type: 'string', default: byDefault, description, ...details}
}

export function integer(
  key: string,
  byDefault: number | null,
  description: string,
  details: OptionDetails = {},
): Option {
  return {key, status: 'supported', type: 'integer', default: byDefault, minimum: 0, description, ...details}
}

export function flag(key: string, byDefault: boolean, description: string, details: OptionDetails = {}): Option {
  return {key, status: 'supported', type: 'boolean', default: byDefault, description, ...details}
}

/** A comma-separated list of words. */
export function list(key: string, byDefault: string | null, description: string, details: OptionDetails = {}): Option {
  return {key, status: 'supported', type: 'list', default: byDefault, description, ...details}
}

/** A comma-separated list of Java regular expressions, matched against the whole name without case. */
export function patterns(key: string, description: string): Option {
  return {key, status: 'supported', type: 'patterns', default: null, description}
}

/** A value that is never shown. */
export function secret(key: string, description: string, details: OptionDetails = {}): Option {
  return {key, status: 'supported', type: 'secret', default: null, description, ...details}
}

export function ignored(key: string, description: string): Option {
  return {key, status: 'ignored', type: 'string', default: null, description}
}

export function refused(key: string, description: string, instead: string): Option {
  return {key, status: 'refused', type: 'string', default: null, description, instead}
}

/** Whether `name` is this option's key or belongs to its family. */
export function isOptionKey(option: Option, name: string): boolean {
  if (!option.key.includes('*')) return option.key === name
  return familyPattern(option.key).test(name)
}

/** The regular expression of a family, e.g. `^producer\..*$` of `producer.*`. */
export function familyPattern(key: string): RegExp {
  const parts = key.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
