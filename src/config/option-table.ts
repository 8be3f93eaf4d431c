// The one table of configuration keys. Validation, `--help` and docs/options.md come from it.

import {EVENT_OPTIONS} from './event-options.ts'
import {IGNORED_OPTIONS} from './ignored-options.ts'
import {isOptionKey, type Option} from './option.ts'
import {DATABASE_OPTIONS, FILTER_OPTIONS, SIGNAL_OPTIONS, SNAPSHOT_OPTIONS} from './source-options.ts'
import {SINK_OPTIONS, TASK_OPTIONS} from './task-options.ts'

export interface OptionGroup {
  readonly title: string
  readonly options: readonly Option[]
}

export const OPTION_GROUPS: readonly OptionGroup[] = [
  {title: 'Database', options: DATABASE_OPTIONS},
  {title: 'Filters', options: FILTER_OPTIONS},
  {title: 'Signals', options: SIGNAL_OPTIONS},
  {title: 'Snapshots', options: SNAPSHOT_OPTIONS},
  {title: 'Events', options: EVENT_OPTIONS},
  {title: 'Sink', options: SINK_OPTIONS},
  {title: 'State and process', options: TASK_OPTIONS},
  {title: 'Accepted without meaning', options: IGNORED_OPTIONS},
]

export const OPTIONS: readonly Option[] = OPTION_GROUPS.flatMap(group => group.options)

const BY_KEY: ReadonlyMap<string, Option> = new Map(OPTIONS.map(option => [option.key, option]))
// The longest pattern is the closest description: producer.override.* before producer.*.
const FAMILIES: readonly Option[] = OPTIONS.filter(option => option.key.includes('*')).sort(
  (a, b) => b.key.length - a.key.length,
)

/** The option that describes `key`, or null for an unknown key. */
export function findOption(key: string): Option | null {
  return BY_KEY.get(key) ?? FAMILIES.find(option => isOptionKey(option, key)) ?? null
}
