// The documents against what they tell of: generated parts, links, commands, codes, folders, versions.

import assert from 'node:assert/strict'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join, normalize} from 'node:path'
import {test} from 'node:test'
import {main} from '../../src/cli/main.ts'
import {optionTableMarkdown} from '../../src/config/option-docs.ts'
import {metricTableMarkdown} from '../../src/metrics/metric-docs.ts'
import {sectionOf, withSection} from '../../tools/document-section.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {readSources} from '../architecture/source-file.ts'

const root = projectRoot()
const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'examples/quickstart/README.md']
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test('the option table of the README is the one of the code: npm run docs writes it', () => {
  assert.equal(sectionOf(read('README.md'), 'options'), optionTableMarkdown().trim())
})

test('the table of metrics in the README is the one of the code: npm run docs writes it', () => {
  assert.equal(sectionOf(read('README.md'), 'metrics'), metricTableMarkdown().trim())
})

test('a section is replaced between its marks and nowhere else', () => {
  const text = 'a\n<!-- x: begin (by hand) -->\nold\n<!-- x: end -->\nb\n'
  assert.equal(withSection(text, 'x', 'new\n'), 'a\n<!-- x: begin (by hand) -->\n\nnew\n\n<!-- x: end -->\nb\n')
  assert.equal(sectionOf(withSection(text, 'x', 'new\n'), 'x'), 'new')
  assert.throws(() => sectionOf(text, 'y'), /no section "y"/)
})

for (const path of documents) {
  test(`links of ${path} lead to files of the project, or to the web`, () => {
    for (const [, target] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https:\/\/|^#/.test(target!)) continue
      const file = normalize(join(dirname(path), target!.replace(/#.*$/, '')))
      assert.equal(file.startsWith('..'), false, `${target!} points outside the project`)
      assert.equal(existsSync(join(root, file)), true, `${target!} does not exist`)
    }
  })

  test(`scripts that ${path} names exist`, () => {
    const {scripts} = JSON.parse(read('package.json')) as {scripts: Record<string, string>}
    const named = [...read(path).matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(match => match[1] ?? match[2]!)
    const missing = named.filter(name => !(name in scripts))
    assert.deepEqual(missing, [])
  })
}

test('the README has every command of the program, and no other', async () => {
  const inReadme = new Set([...read('README.md').matchAll(/^\| `tidemark (\w+) CONFIG` \|/gm)].map(match => match[1]!))
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
  const commands = [...help.matchAll(/^ {2}(\w+) .*<config>/gm)].map(match => match[1]!)
  assert.deepEqual([...inReadme].sort(), commands.sort())
})

test('error codes that the README explains are codes of the program', () => {
  const sources = sourceTexts().join('\n')
  const codes = new Set(read('README.md').match(/TIDEMARK_[A-Z]+_[A-Z_]+/g))
  const unknown = [...codes].filter(code => !sources.includes(code) && !code.startsWith('TIDEMARK_TEST_'))
  assert.deepEqual(unknown, [])
})

test('log lines that the README tells to watch for are written somewhere', () => {
  const sources = sourceTexts().join('\n')
  const [, list] = /The lines to watch for: ([\s\S]*?)\.\n/.exec(read('README.md'))!
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

test('no document names a place outside the project', () => {
  for (const path of documents) assert.doesNotMatch(read(path), /\.\.\/shared|\/work\/|\/tmp\//, path)
})

function sourceTexts(): string[] {
  const names = readdirSync(join(root, 'src'), {recursive: true, encoding: 'utf8'})
  return names.filter(name => name.endsWith('.ts')).map(name => read(join('src', name)))
}
