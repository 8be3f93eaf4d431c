// Which parts of which documents come from tables in the code. `npm run docs` writes them, test/unit/docs.test.ts compares.

import {debeziumOptionsMarkdown} from '../src/config/debezium-docs.ts'
import {optionTableMarkdown} from '../src/config/option-docs.ts'
import {errorTableMarkdown} from '../src/core/error-codes/error-codes.ts'
import {metricTableMarkdown} from '../src/metrics/metric-docs.ts'

export interface GeneratedSection {
  readonly path: string
  /** Of the marks `<!-- NAME: begin … -->` and `<!-- NAME: end -->`. */
  readonly name: string
  readonly markdown: () => string
}

export const GENERATED_SECTIONS: readonly GeneratedSection[] = [
  {path: 'docs/options.md', name: 'options', markdown: optionTableMarkdown},
  {path: 'docs/metrics.md', name: 'metrics', markdown: metricTableMarkdown},
  {path: 'docs/from-debezium.md', name: 'debezium', markdown: debeziumOptionsMarkdown},
  {path: 'docs/troubleshooting.md', name: 'errors', markdown: errorTableMarkdown},
]
