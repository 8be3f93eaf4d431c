// Kafka Connect's predicates.*: which records a transform takes.

import {listedNames, NamedOptions, type OptionSource} from './named-options.ts'
import type {Predicate} from './transform.ts'

export const PREDICATES_KEY = 'predicates'

const PACKAGE = 'org.apache.kafka.connect.transforms.predicates.'
const KINDS: Readonly<
  Record<string, {options: readonly string[]; create: (options: NamedOptions) => Predicate | null}>
> = {
  TopicNameMatches: {options: ['pattern'], create: topicNameMatches},
  RecordIsTombstone: {options: [], create: () => ({type: 'record-is-tombstone'})},
}

/** By name; what is wrong goes to the problems, and the others are returned all the same. Null: known, but wrong. */
export function predicates(source: Omit<OptionSource, 'list' | 'names'>): ReadonlyMap<string, Predicate | null> {
  const {values} = source
  const all = {...source, list: PREDICATES_KEY, names: values.list(PREDICATES_KEY)}
  return new Map(listedNames(all).map(name => [name, createPredicate(new NamedOptions(name, all))]))
}

function createPredicate(options: NamedOptions): Predicate | null {
  const type = options.required('type')
  if (type === null) return null
  const name = type.startsWith(PACKAGE) ? type.slice(PACKAGE.length) : type
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (kind === undefined) {
    const known = Object.keys(KINDS).map(each => PACKAGE + each)
    options.report('type', `${type} is not supported; use ${known.join(' or ')}`)
    return null
  }
  for (const option of options.found()) {
    if (option === 'type' || kind.options.includes(option)) continue
    options.report(option, `${name} has no such option`)
  }
  return kind.create(options)
}

function topicNameMatches(options: NamedOptions): Predicate | null {
  if (options.required('pattern') === null) return null
  const pattern = options.pattern('pattern')
  return pattern === null ? null : {type: 'topic-name-matches', pattern}
}
