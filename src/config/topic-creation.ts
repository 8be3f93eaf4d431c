// Connect's topic.creation.*: groups of topics, matched by name in order, `default` for all others.

import {splitCommaList} from './comma-list.ts'
import {javaRegex} from './java-regex.ts'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {TopicCreation, TopicCreationGroup} from './settings.ts'

const PREFIX = 'topic.creation.'
const DEFAULT_GROUP = 'default'
const BROKER_DEFAULT = -1
const OWN_SETTINGS: ReadonlySet<string> = new Set(['include', 'exclude', 'replication.factor', 'partitions'])

export function topicCreation(values: OptionValues, problems: ConfigProblems): TopicCreation {
  const names = values.list(`${PREFIX}groups`)
  for (const name of names) {
    if (!values.has(`${PREFIX}${name}.include`) && name !== DEFAULT_GROUP) {
      problems.add(`${PREFIX}${name}.include`, `it is missing; wanted patterns of the topics in the group ${name}`)
    }
  }
  reportUnknownGroups(values, names, problems)
  const byDefault = group(values, DEFAULT_GROUP, null, problems)
  const groups = names.filter(name => name !== DEFAULT_GROUP).map(name => group(values, name, byDefault, problems))
  return {
    enabled: values.flag(`${PREFIX}enable`),
    groups: [...groups, {...byDefault, include: [/^/], exclude: []}],
  }
}

/** Keys of a group that `topic.creation.groups` does not name would do nothing without a word. */
function reportUnknownGroups(values: OptionValues, names: readonly string[], problems: ConfigProblems): void {
  const known = [...names, DEFAULT_GROUP]
  for (const key of values.keys()) {
    if (!key.startsWith(PREFIX) || key === `${PREFIX}enable` || key === `${PREFIX}groups`) continue
    const setting = key.slice(PREFIX.length)
    if (!known.some(name => setting.startsWith(`${name}.`))) {
      problems.add(key, `there is no such group; add its name to ${PREFIX}groups`)
    }
  }
}

function group(
  values: OptionValues,
  name: string,
  byDefault: TopicCreationGroup | null,
  problems: ConfigProblems,
): TopicCreationGroup {
  const prefix = `${PREFIX}${name}.`
  const count = (setting: string, fallback: number): number => {
    const text = values.optionalText(prefix + setting)
    if (text === null) return fallback
    const found = Number(text)
    if (Number.isInteger(found) && (found >= 1 || found === BROKER_DEFAULT)) return found
    problems.add(
      prefix + setting,
      `found "${text}", wanted a whole number of at least 1, or -1 for the broker's default`,
    )
    return fallback
  }
  const configEntries: Record<string, string> = {}
  for (const key of values.keys()) {
    const setting = key.slice(prefix.length)
    if (key.startsWith(prefix) && !OWN_SETTINGS.has(setting)) configEntries[setting] = values.text(key)
  }
  return {
    name,
    include: topicPatterns(values, `${prefix}include`, problems),
    exclude: topicPatterns(values, `${prefix}exclude`, problems),
    replicationFactor: count('replication.factor', byDefault?.replicationFactor ?? BROKER_DEFAULT),
    partitions: count('partitions', byDefault?.partitions ?? BROKER_DEFAULT),
    configEntries,
  }
}

/** Topic names have their case, so these patterns do, too. */
function topicPatterns(values: OptionValues, key: string, problems: ConfigProblems): RegExp[] {
  const found: RegExp[] = []
  for (const pattern of splitCommaList(values.text(key))) {
    try {
      found.push(javaRegex(pattern, {caseSensitive: true}))
    } catch (error) {
      problems.add(key, `"${pattern}" cannot be used as a regular expression: ${(error as Error).message}`)
    }
  }
  return found
}
