// Kafka Connect's transforms.*: the single message transforms, in the order in which `transforms` names them. What is
// not here is refused by name.

import type {OptionValues} from '../option-values.ts'
import type {ConfigProblems} from '../problems.ts'
import {conditionPaths, type Condition} from './condition.ts'
import {EVENT_ROUTER_OPTIONS, eventRouter} from './event-router.ts'
import {CONDITION_FILTER_OPTIONS, conditionFilter, predicateFilter} from './filters.ts'
import {LOGICAL_ROUTER_OPTIONS, logicalTableRouter} from './logical-table-router.ts'
import {listedNames, NamedOptions} from './named-options.ts'
import {predicates} from './predicates.ts'
import {REGEX_ROUTER_OPTIONS, regexRouter} from './regex-router.ts'
import type {Choice, Predicate, Transform} from './transform.ts'
import {UNWRAP_OPTIONS, unwrap} from './unwrap.ts'

export const TRANSFORMS_KEY = 'transforms'

type Unchosen = Transform extends infer Each ? (Each extends Transform ? Omit<Each, 'choice'> : never) : never

interface TransformKind {
  /** Its class, and the alias that Connect takes for it. */
  readonly className: string
  readonly alias: string | null
  readonly options: readonly string[]
  readonly create: (options: NamedOptions) => Unchosen | null
}

const KINDS: readonly TransformKind[] = [
  {
    className: 'org.apache.kafka.connect.transforms.RegexRouter',
    alias: 'RegexRouter',
    options: REGEX_ROUTER_OPTIONS,
    create: regexRouter,
  },
  {
    className: 'io.debezium.transforms.ByLogicalTableRouter',
    alias: 'ByLogicalTableRouter',
    options: LOGICAL_ROUTER_OPTIONS,
    create: logicalTableRouter,
  },
  {
    className: 'io.debezium.transforms.ExtractNewRecordState',
    alias: 'ExtractNewRecordState',
    options: UNWRAP_OPTIONS,
    create: unwrap,
  },
  {
    className: 'io.debezium.transforms.outbox.EventRouter',
    alias: 'EventRouter',
    options: EVENT_ROUTER_OPTIONS,
    create: eventRouter,
  },
  {
    className: 'io.debezium.transforms.Filter',
    // Connect does not take it, since Kafka has a Filter as well.
    alias: null,
    options: CONDITION_FILTER_OPTIONS,
    create: conditionFilter,
  },
  {
    className: 'org.apache.kafka.connect.transforms.Filter',
    alias: null,
    options: [],
    create: predicateFilter,
  },
]
/** Of every transform in Connect: the records that it takes. */
const CHOOSING: readonly string[] = ['predicate', 'negate']

/** What is wrong goes to `problems`, and the transforms that are right are returned all the same. */
export function transformSettings(values: OptionValues, problems: ConfigProblems): Transform[] {
  const source = {list: TRANSFORMS_KEY, names: values.list(TRANSFORMS_KEY), values, problems}
  const known = predicates({values, problems})
  const transforms = listedNames(source).flatMap(name => {
    const options = new NamedOptions(name, source)
    const transform = createTransform(options)
    const choice = choiceOf(options, known)
    return transform === null ? [] : [{...transform, choice}]
  })
  assertOrder(transforms, problems)
  return transforms
}

function createTransform(options: NamedOptions): Unchosen | null {
  const type = options.required('type')
  if (type === null) return null
  const kind = KINDS.find(({className, alias}) => type === className || type === alias)
  if (kind === undefined) {
    const classes = KINDS.map(({className}) => className).join(', ')
    options.report('type', `${type} is not supported; use one of ${classes}, or transform the events downstream`)
    return null
  }
  for (const option of options.found()) {
    if (option === 'type' || CHOOSING.includes(option) || kind.options.includes(option)) continue
    const {alias, className, options: own} = kind
    const wanted = own.length === 0 ? 'wanted none but predicate and negate' : `wanted one of ${own.join(', ')}`
    options.report(option, `${alias ?? className} has no such option; ${wanted}`)
  }
  return kind.create(options)
}

function choiceOf(options: NamedOptions, known: ReadonlyMap<string, Predicate | null>): Choice | null {
  const negated = options.flag('negate', false)
  const name = options.optional('predicate')
  if (name === null) {
    if (options.has('negate')) options.report('negate', 'there is no predicate that it could negate; add it')
    return null
  }
  const predicate = known.get(name)
  if (predicate === undefined) options.report('predicate', `there is no predicate ${name}; add its name to predicates`)
  return predicate === undefined || predicate === null ? null : {predicate, negated}
}

/** What of one transform has to be known of those before it. */
function assertOrder(transforms: readonly Transform[], problems: ConfigProblems): void {
  for (const [at, transform] of transforms.entries()) {
    const before = transforms.slice(0, at)
    const key = (option: string): string => `${TRANSFORMS_KEY}.${transform.name}.${option}`
    if (transform.type === 'condition-filter') {
      const problem = unknownPath(
        transform.condition,
        before.some(({type}) => type === 'unwrap'),
      )
      if (problem !== null) problems.add(key('condition'), problem)
    }
    if (transform.type !== 'logical-table-router') continue
    // Keys are encoded before anything is known of a row, and alike for all records of a table.
    const router = before.find(
      each => each.type === 'event-router' || (each.type === 'unwrap' && each.routeByField !== null),
    )
    if (router !== undefined) {
      problems.add(
        key('type'),
        `a ByLogicalTableRouter behind ${router.name}, which routes by rows, is not supported; name it first`,
      )
    }
    if (transform.choice?.predicate.type === 'record-is-tombstone') {
      problems.add(key('predicate'), 'a delete and its tombstone would have different keys; choose by TopicNameMatches')
    }
  }
}

const SOURCE_PATHS: readonly string[] = ['db', 'table', 'name', 'connector']

/** Null where all is well. Behind an unwrap the fields of `value` are columns. */
function unknownPath(condition: Condition, isUnwrapped: boolean): string | null {
  for (const {path, at} of conditionPaths(condition)) {
    const [root, field, inner, ...more] = path
    if (root === 'topic' || field === undefined) continue
    const isKnown =
      (field === 'op' && inner === undefined) ||
      (field === 'source' && (inner === undefined || SOURCE_PATHS.includes(inner))) ||
      field === 'before' ||
      field === 'after' ||
      (isUnwrapped && inner === undefined)
    if (isKnown && more.length === 0) continue
    const known =
      'value.op, value.before, value.after and their columns, and of value.source ' + SOURCE_PATHS.join(', ')
    return `"${path.join('.')}" at character ${at} is not supported; use ${known}`
  }
  return null
}
