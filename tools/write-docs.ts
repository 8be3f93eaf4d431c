// `npm run docs`: writes the parts of the documents that come from tables in the code.

import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {optionTableMarkdown} from '../src/config/option-docs.ts'
import {metricTableMarkdown} from '../src/metrics/metric-docs.ts'
import {withSection} from './document-section.ts'
import {projectRoot} from './servers/server-paths.ts'

const readme = join(projectRoot(), 'README.md')
const before = readFileSync(readme, 'utf8')
const after = withSection(withSection(before, 'options', optionTableMarkdown()), 'metrics', metricTableMarkdown())
if (after !== before) writeFileSync(readme, after)
console.log(after === before ? 'README.md is up to date' : 'README.md written')
