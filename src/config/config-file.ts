// The configuration file as flat keys: JSON, the shape that one POSTs to Kafka Connect, or .properties; values kept
// elsewhere are put in.

import {readFileSync} from 'node:fs'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {ConfigChanges} from './config-changes.ts'
import {resolveReferences, type Environment} from './config-providers.ts'
import {editJson} from './json-edit.ts'
import {jsonErrorPlace} from './json-place.ts'
import type {OptionValue} from './option.ts'
import type {ConfigProblems} from './problems.ts'
import {editProperties, parseProperties} from './properties-text.ts'

export type RawConfig = ReadonlyMap<string, OptionValue>

export interface ConfigText {
  readonly path: string
  readonly text: string
}

/** Throws where the file cannot be read. */
export function readConfigText(path: string): ConfigText {
  return {path, text: readText(path)}
}

/** The keys as the text has them, references to values kept elsewhere too. Throws where it is no JSON; the rest goes to `problems`. */
export function parseConfigText({path, text}: ConfigText, problems: ConfigProblems): RawConfig {
  return isJson(path, text) ? fromJson(path, text, problems) : fromProperties(text, problems)
}

/** With the values that are kept elsewhere. */
export function resolveConfig(raw: RawConfig, env: Environment, problems: ConfigProblems): RawConfig {
  const resolved = new Map<string, OptionValue>()
  for (const [key, value] of raw) {
    resolved.set(key, typeof value === 'string' ? resolveReferences({key, value, env, problems}) : value)
  }
  return resolved
}

/** Other values for some keys; everything else stays as it was written. The text is one that `parseConfigText` takes. */
export function editConfigText({path, text}: ConfigText, changes: ConfigChanges): ConfigText {
  return {path, text: isJson(path, text) ? editJson(text, changes) : editProperties(text, changes)}
}

function isJson(path: string, text: string): boolean {
  return /\.json$/i.test(path) || /^\s*\{/.test(text)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new TidemarkError(
      'TIDEMARK_CONFIG_UNREADABLE',
      `cannot read the configuration ${path}: ${code}; name a readable JSON or .properties file`,
      {kind: 'configuration', cause: error},
    )
  }
}

function fromProperties(text: string, problems: ConfigProblems): Map<string, OptionValue> {
  const raw = new Map<string, OptionValue>()
  for (const {key, value} of parseProperties(text)) {
    if (raw.has(key)) problems.add(key, 'it is set twice; keep one of the lines')
    raw.set(key, value.trim())
  }
  return raw
}

function fromJson(path: string, text: string, problems: ConfigProblems): Map<string, OptionValue> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // The cause is left out: its message quotes the text, which may hold a password.
    const {line, column} = jsonErrorPlace(text)
    throw new TidemarkError(
      'TIDEMARK_CONFIG_NOT_JSON',
      `the configuration ${path} is not JSON: unexpected text in line ${line}, column ${column}; mend it there`,
      {kind: 'configuration'},
    )
  }
  if (!isObject(parsed)) {
    problems.add(path, 'found no JSON object; wanted one, with a key for each option')
    return new Map()
  }
  const inner = parsed['config']
  if (!isObject(inner)) return flat(parsed, problems)
  const raw = flat(inner, problems)
  if (!raw.has('name') && typeof parsed['name'] === 'string') raw.set('name', parsed['name'])
  for (const key of Object.keys(parsed)) {
    if (key !== 'config' && key !== 'name') {
      problems.add(key, 'it stands beside "name" and "config"; move it into "config"')
    }
  }
  return raw
}

function flat(object: Readonly<Record<string, unknown>>, problems: ConfigProblems): Map<string, OptionValue> {
  const raw = new Map<string, OptionValue>()
  for (const [key, value] of Object.entries(object)) {
    if (value === null) continue
    if (typeof value === 'string') raw.set(key, value.trim())
    else if (typeof value === 'number' || typeof value === 'boolean') raw.set(key, value)
    else problems.add(key, `found ${Array.isArray(value) ? 'an array' : 'an object'}; wanted a text, number or boolean`)
  }
  return raw
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
