// What is to become of which keys of a configuration.

import type {OptionValue} from './option.ts'

/** Keys with their new values; null takes a key away. */
export type ConfigChanges = ReadonlyMap<string, OptionValue | null>

/** What makes `to` of `from`. */
export function changesBetween(
  from: ReadonlyMap<string, OptionValue>,
  to: ReadonlyMap<string, OptionValue>,
): ConfigChanges {
  const changes = new Map<string, OptionValue | null>()
  for (const [key, value] of to) if (String(from.get(key) ?? '') !== String(value)) changes.set(key, value)
  for (const key of from.keys()) if (!to.has(key)) changes.set(key, null)
  return changes
}
