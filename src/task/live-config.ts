// The configuration of a running task, shown and changed over HTTP (GET, PUT and PATCH /config) and by SIGHUP. A change is
// checked as at a start, written back to its file, and then the task begins again with it. What is refused changes nothing.

import {changesBetween} from '../config/config-changes.ts'
import type {ConfigChanges} from '../config/config-changes.ts'
import {editConfigText, parseConfigText, readConfigText, resolveConfig} from '../config/config-file.ts'
import type {ConfigText, RawConfig} from '../config/config-file.ts'
import type {Environment} from '../config/config-providers.ts'
import {checkFixedKeys} from '../config/fixed-keys.ts'
import {loadSettingsText} from '../config/load-settings.ts'
import type {LoadedSettings} from '../config/load-settings.ts'
import {findOption} from '../config/option-table.ts'
import type {OptionValue} from '../config/option.ts'
import {ConfigProblems} from '../config/problems.ts'
import {isSecretKey, redact} from '../config/redact.ts'
import {writeConfig} from '../config/write-config.ts'
import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {HttpAnswer} from '../http/route.ts'
import {jsonProblem} from '../signals/signal.ts'
import type {TableChanges} from './captured-tables.ts'

/** Where a configuration came from, so that it can be changed. */
export interface ConfigOrigin {
  readonly path: string
  readonly env: Environment
  readonly loaded: LoadedSettings
  /** Calls `listener` at each SIGHUP. */
  onReload(listener: () => void): void
  /** Texts that nothing may show from now on. */
  hide(secrets: readonly string[]): void
}

export interface LiveConfigOptions {
  readonly origin: ConfigOrigin
  readonly log: Log
  /** Throws what the server has against it. */
  readonly check: (settings: Settings) => Promise<void>
  /**
   * Has the task begin again with other settings; resolves with what became of the tables once it has. Rejects where it
   * cannot: then the task goes on with the settings of before.
   */
  readonly apply: (settings: Settings) => Promise<TableChanges>
  /** How long somebody who asked waits until the task has begun again. */
  readonly patienceMs?: number
}

export const NO_FILE: HttpAnswer = {
  status: 404,
  body: {error: 'the configuration of this task comes from no file'},
}

const PATIENCE_MS = 60_000
const HIDDEN = '***'
const EXAMPLE = '{"table.include.list": "shop.orders,shop.invoices"}'

export class LiveConfig {
  readonly #options: LiveConfigOptions
  #running: LoadedSettings
  /** One change at a time. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: LiveConfigOptions) {
    this.#options = options
    this.#running = options.origin.loaded
  }

  /** What the task runs with, as it is written in the file; secrets are hidden. */
  shown(): HttpAnswer {
    return {status: 200, body: shownConfig(this.#running.written)}
  }

  /** PUT: all keys. PATCH: only some; null takes one away. */
  async change(method: 'PUT' | 'PATCH', body: string): Promise<HttpAnswer> {
    const answered = this.#inTurn(async () => {
      try {
        const file = readConfigText(this.#options.origin.path)
        const written = parseConfigText(file, new ConfigProblems())
        const wanted = wantedChanges(method, body, written)
        if (typeof wanted === 'string') return {status: 400, body: {error: wanted}}
        return await this.#changeTo(file, editConfigText(file, wanted))
      } catch (error) {
        return refusal(error)
      }
    })
    return await this.#soon(answered)
  }

  /** What is wrong with a configuration that is to be the task's, a JSON text of all keys: `key: what` each. Changes nothing. */
  problems(body: string): string[] {
    const file = readConfigText(this.#options.origin.path)
    const wanted = wantedChanges('PUT', body, parseConfigText(file, new ConfigProblems()))
    if (typeof wanted === 'string') return [wanted]
    try {
      this.#load(editConfigText(file, wanted))
      return []
    } catch (error) {
      const [first = '', ...problems] = describeError(error).message.split('\n  ')
      return problems.length === 0 ? [first] : problems
    }
  }

  /** The answer, or after a while that there is none yet: the server or the broker may be away. */
  async #soon(answered: Promise<HttpAnswer>): Promise<HttpAnswer> {
    let timer: NodeJS.Timeout | null = null
    const later = new Promise<HttpAnswer>(resolve => {
      const body = {
        pending: 'the task is still beginning again with the change; its log and GET /status say how it goes',
      }
      timer = setTimeout(() => resolve({status: 202, body}), this.#options.patienceMs ?? PATIENCE_MS)
    })
    return await Promise.race([answered, later]).finally(() => clearTimeout(timer!))
  }

  /** The file has changed. What is wrong with it stands in the log, and the task goes on as before. */
  async reload(): Promise<void> {
    const {log, origin} = this.#options
    await this.#inTurn(async () => {
      try {
        const file = readConfigText(origin.path)
        const {body} = await this.#changeTo(file, file)
        const {changed} = body as {changed: readonly string[]}
        if (changed.length === 0) log.info({path: origin.path}, 'configuration read again, nothing has changed')
      } catch (error) {
        const {code, message} = describeError(error)
        log.error({code, reason: message}, 'the changed configuration is refused, going on with the one of before')
      }
    })
  }

  async #changeTo(before: ConfigText, after: ConfigText): Promise<HttpAnswer> {
    const {origin, log, check, apply} = this.#options
    const loaded = this.#load(after)
    const changed = [...changesBetween(this.#running.config, loaded.config).keys()].sort()
    const isWritten = before.text !== after.text
    if (changed.length > 0) await check(loaded.settings)
    if (isWritten) await writeConfig(after)
    if (changed.length === 0) {
      this.#running = loaded
      return {status: 200, body: {changed, warnings: loaded.warnings}}
    }
    log.info({changed, path: origin.path}, 'configuration changed, beginning again with it')
    for (const warning of loaded.warnings) log.warn({}, warning)
    let tables: TableChanges
    try {
      tables = await apply(loaded.settings)
    } catch (error) {
      if (isWritten) await writeConfig(before)
      throw error
    }
    this.#running = loaded
    return {status: 200, body: {changed, warnings: loaded.warnings, tables}}
  }

  /** Throws what is wrong with it, all at once. */
  #load(text: ConfigText): LoadedSettings {
    const {origin} = this.#options
    const unchecked = new ConfigProblems()
    const raw = parseConfigText(text, unchecked)
    try {
      const loaded = loadSettingsText(text, {env: origin.env})
      origin.hide(loaded.settings.secrets)
      const problems = new ConfigProblems()
      checkFixedKeys(this.#running.config, loaded.config, problems)
      problems.throwIfAny(text.path)
      return loaded
    } catch (error) {
      // Whoever may change the configuration is not told of values that are kept elsewhere.
      const {code, message} = describeError(error)
      throw new TidemarkError(code, redact(message, hiddenValues(raw, origin.env)), {
        kind: 'configuration',
        cause: error,
      })
    }
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => undefined)
    return await turn
  }
}

function refusal(error: unknown): HttpAnswer {
  const {code, message} = describeError(error)
  const isConflict = code === 'TIDEMARK_CONFIG_UNWRITABLE'
  if (!isConflict && !(error instanceof TidemarkError)) throw error
  return {status: isConflict ? 409 : 400, body: {error: message, code}}
}

function shownConfig(written: RawConfig): Record<string, OptionValue> {
  return Object.fromEntries([...written].map(([key, value]) => [key, isHidden(key, value) ? HIDDEN : value]))
}

/** A reference shows nothing of what it stands for. */
function isHidden(key: string, value: OptionValue): boolean {
  if (value === '' || /^\$\{[^}]*:[^}]*\}$/.test(String(value))) return false
  const plain = key.replace(/^(?:producer\.(?:override\.)?|signal\.consumer\.)/, '')
  return findOption(plain)?.type === 'secret' || isSecretKey(key)
}

/** Secrets that stand in the file, and whatever does not. */
function hiddenValues(raw: RawConfig, env: Environment): string[] {
  const resolved = resolveConfig(raw, env, new ConfigProblems())
  return [...resolved].flatMap(([key, value]) =>
    isHidden(key, value) || raw.get(key) !== value ? [String(value)] : [],
  )
}

/** As it was shown; or as a client hides secrets itself, kafka-ui with six stars. */
function isMask(key: string, value: OptionValue): boolean {
  return value === HIDDEN || (/^\*{4,}$/.test(String(value)) && isHidden(key, value))
}

/** A text is what is wrong. */
function wantedChanges(method: 'PUT' | 'PATCH', body: string, written: RawConfig): ConfigChanges | string {
  let given: unknown
  try {
    given = JSON.parse(body)
  } catch {
    return `the body is not JSON: ${jsonProblem(body)}`
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return `the body must be a JSON object with a member for each key, like ${EXAMPLE}`
  }
  const wanted = new Map<string, OptionValue>(method === 'PUT' ? [] : written)
  // Connect's body has no name in it where the path has.
  if (method === 'PUT' && written.has('name')) wanted.set('name', written.get('name')!)
  for (const [key, value] of Object.entries(given)) {
    if (value === null) wanted.delete(key)
    else if (typeof value === 'object') {
      return `${key}: found ${Array.isArray(value) ? 'an array' : 'an object'}, wanted a text, a number, true, false, or null`
    } else if (isMask(key, value as OptionValue) && !written.has(key)) {
      return `${key}: found ${String(value)}, which stands for a secret that is known here; wanted the value itself`
    } else wanted.set(key, isMask(key, value as OptionValue) ? written.get(key)! : (value as OptionValue))
  }
  return changesBetween(written, wanted)
}
