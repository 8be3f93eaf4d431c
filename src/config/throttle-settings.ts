// Settings of how fast snapshots may read.

import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {Settings} from './settings.ts'

export function throttleSettings(values: OptionValues, problems: ConfigProblems): Settings['snapshot']['throttle'] {
  const query = values.optionalText('snapshot.throttle.query')
  if (query !== null && !isSelect(query)) {
    problems.add('snapshot.throttle.query', `found "${query}", wanted a SELECT that returns 1 to wait and 0 to go on`)
  }
  return {maxRowsPerSecond: values.integer('snapshot.max.rows.per.second') || null, query}
}

/** As far as the first word says. What MySQL refuses later has snapshots wait, with the reason in the status. */
export function isSelect(sql: string): boolean {
  return /^[\s(]*select\b/i.test(sql)
}
