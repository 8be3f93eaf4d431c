// The documents against what they tell of: generated parts, links, commands, codes, folders, versions.

import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {main} from '../../src/cli/main.ts'
import {sectionOf, withSection} from '../../tools/document-section.ts'
import {GENERATED_SECTIONS} from '../../tools/generated-sections.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {readSources} from '../architecture/source-file.ts'
import {brokenLinks, headingAnchors} from '../support/document-links.ts'

const root = projectRoot()
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...markdownUnder('docs'),
  ...markdownUnder('examples'),
]
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
/** Empty for a folder, null for what is not there. */
const readOrNull = (path: string): string | null =>
  existsSync(join(root, path)) ? (path.endsWith('.md') ? read(path) : '') : null

for (const {path, name, markdown} of GENERATED_SECTIONS) {
  test(`the section "${name}" of ${path} is what the code says: npm run docs writes it`, () => {
    assert.equal(sectionOf(read(path), name), markdown().trim())
  })
}

test('a section is replaced between its marks and nowhere else', () => {
  const text = 'a\n<!-- x: begin (by hand) -->\nold\n<!-- x: end -->\nb\n'
  assert.equal(withSection(text, 'x', 'new\n'), 'a\n<!-- x: begin (by hand) -->\n\nnew\n\n<!-- x: end -->\nb\n')
  assert.equal(sectionOf(withSection(text, 'x', 'new\n'), 'x'), 'new')
  assert.throws(() => sectionOf(text, 'y'), /no section "y"/)
})

test('a link to a missing file, to a missing heading or out of the project is found', () => {
  const files: Record<string, string> = {
    'docs/a.md': '# A\n[b](b.md#two-words) [c](c.md) [d](#a) [e](../../x.md) [f](b.md#one)',
    'docs/b.md': '# B\n## Two `words`\n',
  }
  assert.deepEqual(
    brokenLinks('docs/a.md', path => files[path] ?? null),
    ['c.md: there is no docs/c.md', '../../x.md points outside the project', 'b.md#one: docs/b.md has no such heading'],
  )
})

test('the anchors of a page are those that GitHub gives its headings', () => {
  const text = '# A & B: `c.d` [x](y.md)\n## Same\n```sh\n# none\n```\n## Same\n'
  assert.deepEqual([...headingAnchors(text)], ['a--b-cd-x', 'same', 'same-1'])
})

for (const path of documents) {
  test(`links of ${path} lead to files and headings of the project, or to the web`, () => {
    assert.deepEqual(brokenLinks(path, readOrNull), [])
  })

  test(`scripts that ${path} names exist`, () => {
    const {scripts} = JSON.parse(read('package.json')) as {scripts: Record<string, string>}
    const named = [...read(path).matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(match => match[1] ?? match[2]!)
    const missing = named.filter(name => !(name in scripts))
    assert.deepEqual(missing, [])
  })
}

test('the README has every command of the program, and no other', async () => {
  const inReadme = new Set([...read('README.md').matchAll(/^\| `tidemark (\w+) /gm)].map(match => match[1]!))
  let help = ''
  const exit = (): never => assert.fail('--help ended the process')
  const output = {writeOut: (text: string) => void (help += text), writeError: (text: string) => void (help += text)}
  await main({
    argv: ['--help'],
    env: {},
    onStopSignal: () => undefined,
    onReloadSignal: () => undefined,
    exit,
    ...output,
  })
  const listed = help.slice(help.indexOf('Commands:'))
  const commands = [...listed.matchAll(/^ {2}(\w+) /gm)].map(match => match[1]!).filter(name => name !== 'help')
  assert.deepEqual([...inReadme].sort(), commands.sort())
})

test('error codes in the documents are codes of the program', () => {
  const sources = sourceTexts().join('\n')
  const codes = new Set(documents.flatMap(path => read(path).match(/TIDEMARK_[A-Z]+_[A-Z_]+/g) ?? []))
  // Beside variables of the environment.
  const variables = /^TIDEMARK_(?:TEST_|HTTP_TOKEN$)/
  const unknown = [...codes].filter(code => !sources.includes(code) && !variables.test(code))
  assert.deepEqual(unknown, [])
})

test('log lines that docs/operation.md tells to watch for are written somewhere', () => {
  const sources = sourceTexts().join('\n')
  const [, list] = /The lines to watch for: ([\s\S]*?)\.\n/.exec(read('docs/operation.md'))!
  const lines = [...list!.matchAll(/`([^`]+)`/g)].map(match => match[1]!.replace(/\s+/g, ' ').replace(/ …$/, ''))
  assert(lines.length > 5)
  // `signal accepted` and `signal rejected` are put together from the result.
  const missing = lines.filter(line => !sources.includes(line) && !/^signal (accepted|rejected)$/.test(line))
  assert.deepEqual(missing, [])
})

test('ARCHITECTURE.md has every folder of src, and the tests that it names', () => {
  const text = read('ARCHITECTURE.md')
  const folders = readdirSync(join(root, 'src'), {withFileTypes: true}).filter(entry => entry.isDirectory())
  const named = [...text.matchAll(/^\| `src\/(\w+)` \|/gm)].map(match => match[1]!)
  assert.deepEqual(named.sort(), folders.map(({name}) => name).sort())
  const files = [...text.matchAll(/`((?:test|src)\/[\w/.-]+\.ts)`/g)].map(match => match[1]!)
  const inSource = [...text.matchAll(/`((?:sinks|stream|snapshot|mysql|binlog)\/[\w/.-]+\.ts)`/g)].map(
    match => `src/${match[1]!}`,
  )
  const missing = [...files, ...inSource].filter(file => !existsSync(join(root, file)))
  assert.deepEqual(missing, [])
})

test('folders import only what ARCHITECTURE.md says', () => {
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| `src\/(\w+)` \|[^|]*\| ([^|]+) \|/gm)]
  const said = new Map(rows.map(([, folder, cell]) => [folder!, cell!]))
  const folder = (path: string): string => path.split('/')[1]!
  const unsaid = readSources(root, ['src']).flatMap(({path, imports}) =>
    imports
      .filter(({target}) => target !== null && path.split('/').length > 2 && folder(target) !== folder(path))
      .map(({target}) => folder(target!))
      .filter(
        target => said.get(folder(path)) !== 'all above' && !said.get(folder(path))?.split(/\W+/).includes(target),
      )
      .map(target => `${path} imports ${target}`),
  )
  assert.deepEqual(unsaid, [])
})

test('ARCHITECTURE.md has every library with its version', () => {
  const {dependencies, devDependencies} = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  const wanted = Object.entries({...dependencies, ...devDependencies}).filter(([name]) => !name.startsWith('@types/'))
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| (`[^|]*`) \| ([\d., ]+) \|/gm)]
  const stated = rows.flatMap(([, names, versions]) => {
    const all = versions!.split(', ')
    return names!.split(', ').map((name, index): [string, string] => [name.replaceAll('`', ''), all[index]!.trim()])
  })
  assert.deepEqual(stated.sort(), wanted.sort())
})

test('docs/README.md leads to every page of docs', () => {
  const index = read('docs/README.md')
  const pages = documents.filter(path => path.startsWith('docs/') && path !== 'docs/README.md')
  assert.deepEqual(
    pages.filter(path => !index.includes(`](${path.slice('docs/'.length)})`)),
    [],
  )
})

test('each example with a README is led to by the README or a page of docs', () => {
  const pages = documents.filter(path => path === 'README.md' || path.startsWith('docs/')).map(read)
  const examples = documents.filter(path => /^examples\/[^/]+\/README\.md$/.test(path))
  assert.deepEqual(
    examples.filter(path => !pages.some(page => page.includes(`${path})`))),
    [],
  )
})

test('the README stays what one reads in ten minutes', () => {
  assert(read('README.md').split(/\s+/).length < 2_000, 'move what it has too much into a page of docs')
})

test('no document names a place outside the project', () => {
  for (const path of documents) assert.doesNotMatch(read(path), /\.\.\/shared|\/work\/|\/tmp\//, path)
})

function sourceTexts(): string[] {
  const names = readdirSync(join(root, 'src'), {recursive: true, encoding: 'utf8'})
  return names.filter(name => name.endsWith('.ts')).map(name => read(join('src', name)))
}

function markdownUnder(folder: string): string[] {
  const names = readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
  return names
    .filter(name => name.endsWith('.md') && !name.includes('node_modules'))
    .map(name => `${folder}/${name}`)
    .sort()
}
