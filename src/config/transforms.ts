// Kafka Connect's transforms.*: the single message transforms, in the order in which `transforms` names them. Those that
// are here decide topics and keys; every other one, and all that would choose its records, is refused by name.

import {nameRewrite, type NameRewrite} from './java-replacement.ts'
import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import {nameAdjustments, type NameAdjustment} from './schema-settings.ts'

/** org.apache.kafka.connect.transforms.RegexRouter: another topic, and nothing else. */
export interface RegexRouter {
  readonly type: 'regex-router'
  readonly name: string
  readonly topic: NameRewrite
}

/** io.debezium.transforms.ByLogicalTableRouter: one topic for many tables, schemas named after it, keys that tell the tables apart. */
export interface LogicalTableRouter {
  readonly type: 'logical-table-router'
  readonly name: string
  readonly topic: NameRewrite
  /** How the schemas' new names are adjusted. */
  readonly schemaNames: NameAdjustment
  /** The field that the key gains; its value is the former topic, or what `value` makes of that. Null: none. */
  readonly keyField: {readonly name: string; readonly value: NameRewrite | null} | null
}

/** Fit for a message between threads. */
export type TopicTransform = RegexRouter | LogicalTableRouter

export const TRANSFORMS_KEY = 'transforms'

interface TransformKind {
  /** Its class, and the alias that Connect takes for it. */
  readonly className: string
  readonly alias: string
  readonly options: readonly string[]
  readonly create: (options: TransformOptions) => TopicTransform | null
}

const KINDS: readonly TransformKind[] = [
  {
    className: 'org.apache.kafka.connect.transforms.RegexRouter',
    alias: 'RegexRouter',
    options: ['regex', 'replacement'],
    create: regexRouter,
  },
  {
    className: 'io.debezium.transforms.ByLogicalTableRouter',
    alias: 'ByLogicalTableRouter',
    options: [
      ...['topic.regex', 'topic.replacement', 'key.field.name', 'key.field.regex', 'key.field.replacement'],
      ...['key.enforce.uniqueness', 'schema.name.adjustment.mode', 'logical.table.cache.size'],
    ],
    create: logicalTableRouter,
  },
]
/** Of every transform in Connect: the records that it takes. */
const CHOOSING: readonly string[] = ['predicate', 'negate']
const KEY_FIELD_NAME = '__dbz__physicalTableIdentifier'

/** What is wrong goes to `problems`, and the transforms that are right are returned all the same. */
export function topicTransforms(values: OptionValues, problems: ConfigProblems): TopicTransform[] {
  const names = values.list(TRANSFORMS_KEY)
  const transforms: TopicTransform[] = []
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) {
      problems.add(TRANSFORMS_KEY, `${name} stands there twice; name each transform once`)
      continue
    }
    const transform = createTransform(new TransformOptions(name, {names, values, problems}))
    if (transform !== null) transforms.push(transform)
  }
  for (const key of values.keys()) {
    if (!key.startsWith(`${TRANSFORMS_KEY}.`) || !values.has(key) || ownerOf(key, names) !== null) continue
    problems.add(key, `there is no such transform; add its name to ${TRANSFORMS_KEY}, or leave the key out`)
  }
  return transforms
}

function createTransform(options: TransformOptions): TopicTransform | null {
  const type = options.required('type')
  if (type === null) return null
  const kind = KINDS.find(({className, alias}) => type === className || type === alias)
  if (kind === undefined) {
    const known = KINDS.map(({className}) => className).join(' or ')
    options.report('type', `${type} is not supported yet; use ${known}, or transform the events downstream`)
    return null
  }
  for (const option of options.found()) {
    if (option === 'type' || kind.options.includes(option)) continue
    if (CHOOSING.includes(option)) {
      options.report(option, 'it is not supported yet; a transform is applied to every record, so leave it out')
    } else {
      options.report(option, `${kind.alias} has no such option; wanted one of ${kind.options.join(', ')}`)
    }
  }
  return kind.create(options)
}

function regexRouter(options: TransformOptions): TopicTransform | null {
  const topic = options.rewrite('regex', 'replacement')
  return topic === null ? null : {type: 'regex-router', name: options.name, topic}
}

function logicalTableRouter(options: TransformOptions): TopicTransform | null {
  const topic = options.rewrite('topic.regex', 'topic.replacement')
  const found = options.optional('schema.name.adjustment.mode') ?? 'none'
  const schemaNames = nameAdjustments.find(mode => mode === found.toLowerCase())
  if (schemaNames === undefined) {
    options.report('schema.name.adjustment.mode', `found "${found}", wanted one of ${nameAdjustments.join(', ')}`)
  }
  const isUnique = options.flag('key.enforce.uniqueness', true)
  const name = options.optional('key.field.name') ?? KEY_FIELD_NAME
  const value = options.has('key.field.regex') ? options.rewrite('key.field.regex', 'key.field.replacement') : null
  if (topic === null) return null
  return {
    ...{type: 'logical-table-router', name: options.name, topic, schemaNames: schemaNames ?? 'none'},
    keyField: isUnique ? {name, value} : null,
  }
}

interface OptionSource {
  /** Of all transforms. */
  readonly names: readonly string[]
  readonly values: OptionValues
  readonly problems: ConfigProblems
}

/** The options of one transform, by their names behind `transforms.<name>.`. */
class TransformOptions {
  readonly name: string
  readonly #source: OptionSource
  readonly #prefix: string

  constructor(name: string, source: OptionSource) {
    this.name = name
    this.#source = source
    this.#prefix = `${TRANSFORMS_KEY}.${name}.`
  }

  /** Those that are set. */
  found(): string[] {
    const {names, values} = this.#source
    return values
      .keys()
      .filter(key => values.has(key) && ownerOf(key, names) === this.name)
      .map(key => key.slice(this.#prefix.length))
  }

  report(option: string, problem: string): void {
    this.#source.problems.add(this.#prefix + option, problem)
  }

  has(option: string): boolean {
    return this.#source.values.has(this.#prefix + option)
  }

  optional(option: string): string | null {
    return this.#source.values.optionalText(this.#prefix + option)
  }

  required(option: string): string | null {
    const found = this.optional(option)
    if (found === null) this.report(option, `it is missing; the transform ${this.name} needs it`)
    return found
  }

  flag(option: string, byDefault: boolean): boolean {
    const found = this.optional(option)?.toLowerCase() ?? String(byDefault)
    if (found !== 'true' && found !== 'false') this.report(option, `found "${found}", wanted true or false`)
    return found === 'true'
  }

  /** Null where something is wrong with it. */
  rewrite(regexOption: string, replacementOption: string): NameRewrite | null {
    const regex = this.required(regexOption)
    const replacement = this.required(replacementOption)
    if (regex === null) return null
    if (!this.#isRight(regexOption, () => nameRewrite(regex, ''), 'regular expression')) return null
    if (replacement === null) return null
    if (!this.#isRight(replacementOption, () => nameRewrite(regex, replacement), 'replacement')) return null
    return nameRewrite(regex, replacement)
  }

  #isRight(option: string, compile: () => NameRewrite, what: string): boolean {
    try {
      compile()
      return true
    } catch (error) {
      const found = this.optional(option)
      this.report(option, `"${found}" cannot be used as a ${what}: ${(error as Error).message}`)
      return false
    }
  }
}

/** The transform whose option a key is, null where there is none; a name may have dots and begin as another one does. */
function ownerOf(key: string, names: readonly string[]): string | null {
  const owners = names.filter(name => key.startsWith(`${TRANSFORMS_KEY}.${name}.`))
  return owners.sort((a, b) => b.length - a.length)[0] ?? null
}
