// Both filters: io.debezium.transforms.Filter with a condition, org.apache.kafka.connect.transforms.Filter with a predicate.

import {parseCondition, type Condition} from './condition.ts'
import type {NamedOptions} from './named-options.ts'
import type {ConditionFilter, PredicateFilter} from './transform.ts'

export const CONDITION_FILTER_OPTIONS: readonly string[] = [
  ...['language', 'condition', 'topic.regex', 'null.handling.mode'],
]
/** In both the operators are the same, as far as they are understood here. */
const LANGUAGES: readonly string[] = ['jsr223.groovy', 'jsr223.graal.js']

export function conditionFilter(options: NamedOptions): Omit<ConditionFilter, 'choice'> | null {
  const language = options.required('language')
  if (language !== null && !LANGUAGES.includes(language)) {
    options.report('language', `${language} is not supported; write the condition as ${LANGUAGES.join(' or ')} has it`)
  }
  const text = options.required('condition')
  const topics = options.pattern('topic.regex')
  const nulls = options.choice('null.handling.mode', ['keep', 'drop', 'evaluate'], 'keep')
  const condition = text === null ? null : parsed(options, text)
  return condition === null ? null : {type: 'condition-filter', name: options.name, condition, topics, nulls}
}

export function predicateFilter(options: NamedOptions): Omit<PredicateFilter, 'choice'> {
  if (!options.has('predicate')) options.report('predicate', 'it is missing; without it every record would be dropped')
  return {type: 'predicate-filter', name: options.name}
}

function parsed(options: NamedOptions, text: string): Condition | null {
  try {
    return parseCondition(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    options.report('condition', error.message)
    return null
  }
}
