// org.apache.kafka.connect.transforms.RegexRouter.

import type {NamedOptions} from './named-options.ts'
import type {RegexRouter} from './transform.ts'

export const REGEX_ROUTER_OPTIONS: readonly string[] = ['regex', 'replacement']

export function regexRouter(options: NamedOptions): Omit<RegexRouter, 'choice'> | null {
  const topic = options.rewrite(['regex'], ['replacement'])
  return topic === null ? null : {type: 'regex-router', name: options.name, topic}
}
