// `npm run docs`: writes the parts of the documents that come from tables in the code.

import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {withSection} from './document-section.ts'
import {GENERATED_SECTIONS} from './generated-sections.ts'
import {projectRoot} from './servers/server-paths.ts'

for (const path of new Set(GENERATED_SECTIONS.map(section => section.path))) {
  const file = join(projectRoot(), path)
  const before = readFileSync(file, 'utf8')
  let after = before
  for (const {name, markdown} of GENERATED_SECTIONS.filter(section => section.path === path)) {
    after = withSection(after, name, markdown())
  }
  if (after !== before) writeFileSync(file, after)
  console.log(after === before ? `${path} is up to date` : `${path} written`)
}
