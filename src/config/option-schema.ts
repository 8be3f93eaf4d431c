// The option table as a JSON schema, and ajv's findings as sentences about keys.

import {Ajv, type ErrorObject} from 'ajv'
import {closest, distance} from 'fastest-levenshtein'
import {splitCommaList} from './comma-list.ts'
import type {RawConfig} from './config-file.ts'
import {converterNames} from './converters.ts'
import {javaRegex} from './java-regex.ts'
import {familyPattern, type Option, type OptionValue} from './option.ts'
import {findOption, OPTIONS} from './option-table.ts'
import type {ConfigProblems} from './problems.ts'
import {isSecretKey} from './redact.ts'

type Schema = Readonly<Record<string, unknown>>

/** JSON schema of a configuration with flat keys; only of those that `isWanted` wants, as compiling all of it takes a while. */
export function optionSchema(isWanted: (option: Option) => boolean = () => true): Schema {
  const supported = OPTIONS.filter(
    option => option.status === 'supported' && (option.required === true || isWanted(option)),
  )
  const properties: Record<string, Schema> = {}
  const patternProperties: Record<string, Schema> = {}
  for (const option of supported) {
    if (option.key.includes('*')) patternProperties[familyPattern(option.key).source] = {}
    else properties[option.key] = valueSchema(option)
  }
  const required = supported.filter(option => option.required === true).map(option => option.key)
  return {type: 'object', properties, patternProperties, required}
}

function valueSchema(option: Option): Schema {
  if (option.type === 'integer') {
    return {
      type: 'integer',
      ...(option.minimum === undefined ? {} : {minimum: option.minimum}),
      ...(option.maximum === undefined ? {} : {maximum: option.maximum}),
    }
  }
  if (option.type === 'boolean') return {type: 'boolean', ...(option.values === undefined ? {} : {enum: option.values})}
  if (option.type === 'list' && option.values !== undefined) return {type: 'string', tidemarkList: option.key}
  if (option.type === 'patterns') return {type: 'string', tidemarkPatterns: true}
  if (option.values !== undefined) return {type: 'string', tidemarkChoice: option.key}
  return {type: 'string', ...(option.required === true ? {minLength: 1} : {})}
}

export interface CheckedConfig {
  /** Supported keys with values of the option's type; defaults are not filled in. */
  readonly values: ReadonlyMap<string, OptionValue>
  /** Keys whose values were reported; they are not among `values`. */
  readonly broken: ReadonlySet<string>
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
}

/** Checks every key against the option table. What is wrong goes to `problems`. */
export function checkConfig(raw: RawConfig, problems: ConfigProblems): CheckedConfig {
  const warnings: string[] = []
  const notes: string[] = []
  const data: Record<string, OptionValue> = {}
  const converters = converterNames(String(raw.get('converters') ?? ''))
  for (const [key, value] of raw) {
    const option = findOption(key)
    if (option === null && converters.some(name => key.startsWith(`${name}.`))) data[key] = value
    else if (option === null) warnings.push(unknownKey(key))
    else if (option.status === 'ignored') notes.push(`${key} has no meaning here and is ignored: ${option.description}`)
    else if (option.status === 'refused') {
      if (value !== '') problems.add(key, `it is not supported yet; ${option.instead ?? 'leave it out'}`)
    } else data[key] = normalized(option, value)
  }
  const validate = createValidator(data, problems)
  if (!validate(data)) {
    for (const error of validate.errors ?? []) reportError(error, data, problems)
  }
  const broken = new Set((validate.errors ?? []).map(errorKey))
  const values = new Map(Object.entries(data).filter(([key]) => !broken.has(key)))
  return {values, broken, warnings, notes}
}

function createValidator(
  data: Readonly<Record<string, OptionValue>>,
  problems: ConfigProblems,
): ReturnType<Ajv['compile']> {
  // It runs once: code that is not made shorter first is there sooner, and sooner still where the schema is not checked by
  // ajv's own, which a test has done.
  const fast = {code: {optimize: false}, meta: false, validateSchema: false}
  const ajv = new Ajv({allErrors: true, coerceTypes: true, strict: true, strictTypes: false, ...fast})
  ajv.addKeyword({
    keyword: 'tidemarkChoice',
    validate: (key: string, value: unknown) => checkChoice(findOption(key)!, String(value), problems),
    errors: false,
  })
  ajv.addKeyword({
    keyword: 'tidemarkList',
    // Every element is looked at, also behind a wrong one.
    validate: (key: string, value: unknown) =>
      splitCommaList(String(value)).filter(element => !checkChoice(findOption(key)!, element, problems)).length === 0,
    errors: false,
  })
  ajv.addKeyword({
    keyword: 'tidemarkPatterns',
    validate: (_: unknown, value: unknown) => arePatterns(String(value)),
    errors: false,
  })
  return ajv.compile(optionSchema(option => option.key.includes('*') || Object.hasOwn(data, option.key)))
}

/** Text as the option's type wants it: Java reads booleans in any case, and an empty text as no value. */
function normalized(option: Option, value: OptionValue): OptionValue {
  if (typeof value !== 'string') return value
  if (option.type === 'boolean') return value.toLowerCase()
  return value
}

function checkChoice(option: Option, found: string, problems: ConfigProblems): boolean {
  const same = (value: OptionValue): boolean => String(value).toLowerCase() === found.toLowerCase()
  if (option.values!.some(same)) return true
  const allowed = option.values!.join(', ')
  const instead = option.instead ?? `use ${allowed}`
  if (option.notYet?.some(same) === true) problems.add(option.key, `${found} is not supported yet; ${instead}`)
  else problems.add(option.key, `found "${found}", wanted ${oneOf(option)}`)
  return false
}

function oneOf(option: Option): string {
  const allowed = option.values!.join(', ')
  if (option.values!.length === 1) return `${allowed} (nothing else is supported)`
  return `${option.type === 'list' ? 'a list of' : 'one of'} ${allowed}`
}

function arePatterns(text: string): boolean {
  return splitCommaList(text).every(pattern => patternProblem(pattern) === null)
}

/** What is wrong with a Java regular expression, or null. */
function patternProblem(pattern: string): string | null {
  try {
    javaRegex(pattern)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

function reportError(error: ErrorObject, data: Readonly<Record<string, OptionValue>>, problems: ConfigProblems): void {
  if (error.keyword === 'required') {
    const key = String((error.params as {missingProperty: string}).missingProperty)
    problems.add(key, `it is missing: ${findOption(key)!.description}`)
    return
  }
  const key = errorKey(error)
  const option = findOption(key)!
  const value = data[key]
  // The validators of choices have reported what they found.
  if (error.keyword === 'tidemarkChoice' || error.keyword === 'tidemarkList') return
  if (error.keyword === 'tidemarkPatterns') {
    for (const pattern of splitCommaList(String(value))) {
      const wrong = patternProblem(pattern)
      if (wrong !== null) problems.add(key, `"${pattern}" cannot be used as a regular expression: ${wrong}`)
    }
    return
  }
  if (error.keyword === 'enum' && option.notYet?.includes(value!) === true) {
    problems.add(key, `${String(value)} is not supported yet; ${option.instead ?? 'leave it out'}`)
    return
  }
  const hidden = option.type === 'secret' || isSecretKey(key)
  problems.add(key, `found ${hidden ? 'a hidden value' : `"${String(value)}"`}, wanted ${wantedText(option)}`)
}

/** The key that an error is about, out of its JSON pointer; of a missing key, ''. */
function errorKey(error: ErrorObject): string {
  return error.instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
}

function wantedText(option: Option): string {
  if (option.type === 'boolean') return 'true or false'
  if (option.type !== 'integer') return 'a text that is not empty'
  if (option.maximum !== undefined) return `a whole number from ${option.minimum} to ${option.maximum}`
  return `a whole number of at least ${option.minimum}`
}

function unknownKey(key: string): string {
  const known = OPTIONS.filter(option => !option.key.includes('*')).map(option => option.key)
  const nearest = closest(key, known)
  const isNear = distance(key, nearest) <= Math.max(2, Math.floor(key.length / 4))
  return `${key} is not a known key and is ignored${isNear ? `; did you mean ${nearest}?` : ''}`
}
