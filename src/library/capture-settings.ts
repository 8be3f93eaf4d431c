// The settings of a task whose events go to the program: those of the configuration, less what says where they would go
// otherwise.

import {editConfigText, parseConfigText, readConfigText} from '../config/config-file.ts'
import type {ConfigText, RawConfig} from '../config/config-file.ts'
import type {Environment} from '../config/config-providers.ts'
import {loadSettingsText} from '../config/load-settings.ts'
import type {LoadedSettings} from '../config/load-settings.ts'
import type {OptionValue} from '../config/option.ts'
import {ConfigProblems} from '../config/problems.ts'

/** Keys as in a configuration file. */
export type CaptureConfig = Readonly<Record<string, OptionValue | null>>

export interface CaptureSettings extends LoadedSettings {
  /** Whether the configuration says how much is logged. */
  readonly hasLogLevel: boolean
}

const GIVEN = 'given to capture()'
const STATE = 'set offset.storage.file.filename, or give capture() a store'

/** Of a file, or of keys as they stand in one. Throws one TidemarkError of the kind `configuration` with all problems. */
export function captureSettings(
  config: string | CaptureConfig,
  {env, hasStore}: {readonly env: Environment; readonly hasStore: boolean},
): CaptureSettings {
  const given: ConfigText =
    typeof config === 'string' ? readConfigText(config) : {path: GIVEN, text: JSON.stringify(config)}
  const written = parseConfigText(given, new ConfigProblems())
  refuseOtherSinks(written, given.path, hasStore)
  const changes = new Map<string, OptionValue | null>([
    ['sink.type', 'stdout'],
    ['offset.storage.topic', null],
  ])
  // A library opens no port that nobody asked for.
  if (!written.has('http.listen')) changes.set('http.listen', 'off')
  const loaded = loadSettingsText(editConfigText(given, changes), {env})
  const notes = written.has('sink.type')
    ? [`sink.type has no effect: the events go to the program that called capture()`]
    : []
  return {...loaded, notes: [...loaded.notes, ...notes], hasLogLevel: written.has('log.level')}
}

/** What can only be kept with events and state in Kafka is not quietly left out. */
function refuseOtherSinks(written: RawConfig, path: string, hasStore: boolean): void {
  const problems = new ConfigProblems()
  if (String(written.get('exactly.once.support') ?? '').toLowerCase() === 'required') {
    problems.add(
      'exactly.once.support',
      'found required, and events that go to a program come at least once; remove it, and have the program do by row ' +
        'key, or by source.file, pos and row, what must not be done twice',
    )
  }
  if (written.has('offset.storage.topic') && !hasStore) {
    problems.add(
      'offset.storage.topic',
      `found it, and a state in a topic is written by the sink that writes the events; remove it and ${STATE}`,
    )
  }
  problems.throwIfAny(path)
}
