// Which parts of which documents come from tables in the code. `npm run docs` writes them, test/unit/docs.test.ts compares.

import {optionTableMarkdown} from '../src/config/option-docs.ts'
import {metricTableMarkdown} from '../src/metrics/metric-docs.ts'

export interface GeneratedSection {
  readonly path: string
  /** Of the marks `<!-- NAME: begin … -->` and `<!-- NAME: end -->`. */
  readonly name: string
  markdown(): string
}

export const GENERATED_SECTIONS: readonly GeneratedSection[] = [
  {path: 'docs/options.md', name: 'options', markdown: optionTableMarkdown},
  {path: 'docs/metrics.md', name: 'metrics', markdown: metricTableMarkdown},
]
