// Each rule of the architecture catches what it is there for.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import * as rules from './rules.ts'
import {parseSource} from './source-file.ts'

test('an import against the arrows is named with its line', () => {
  const files = [parseSource('src/core/a.ts', "import x from 'node:fs'\nimport type {B} from '../task/b.ts'\n")]
  const violations = rules.forbiddenImports(files, {core: []})
  assert.deepEqual(violations, ['src/core/a.ts:2 imports src/task/b.ts: core may import nothing of ours'])
})

test('a port may be allowed without its folder', () => {
  const files = [parseSource('src/a/a.ts', "import type {P} from '../b/port.ts'\nimport {o} from '../b/other.ts'\n")]
  assert.deepEqual(rules.forbiddenImports(files, {a: ['b/port.ts']}), [
    'src/a/a.ts:2 imports src/b/other.ts: a may import b/port.ts',
  ])
})

test('dynamic imports, import types and re-exports count as imports', () => {
  const text = "const a = import('../b/x.ts')\ntype T = import('../b/y.ts').Y\nexport {z} from '../b/z.ts'\n"
  assert.equal(rules.forbiddenImports([parseSource('src/a/a.ts', text)], {a: []}).length, 3)
})

test('a folder that is missing from the table is a violation', () => {
  assert.match(rules.forbiddenImports([parseSource('src/new/a.ts', '')], {})[0] ?? '', /src\/new is not in the table/)
})

test('permissions in a circle are found', () => {
  assert.deepEqual(rules.circularPermissions({a: ['b'], b: ['c'], c: ['b']}), ['b', 'c'])
})

test('a circle of values is found, a circle through types is none', () => {
  const a = parseSource('src/a.ts', "import {b} from './b.ts'")
  const values = [a, parseSource('src/b.ts', "import {a} from './a.ts'")]
  const types = [a, parseSource('src/b.ts', "import type {a} from './a.ts'")]
  assert.deepEqual(rules.importCycles(values), ['src/a.ts -> src/b.ts -> src/a.ts'])
  assert.deepEqual(rules.importCycles(types), [])
})

test('names without a subject are found in files and folders', () => {
  const paths = ['src/core/index.ts', 'src/utils/a.ts', 'src/task/task-manager.ts', 'src/core/table-id.ts']
  assert.equal(rules.emptyFileNames(paths.map(path => parseSource(path, ''))).length, 3)
})

test('a use of a member is found, a like-named one is not', () => {
  const files = [parseSource('src/a.ts', "process.env['A']\nthis.process.exit()\nprocess.pid\n")]
  assert.deepEqual(rules.uses(files, 'process', ['env', 'exit']), ['src/a.ts:1 uses process.env'])
})

test('tests that are switched off are found in each spelling', () => {
  const text = `
    test.skip('a', () => {})
    test('b', {skip: true}, () => {})
    describe.only('c', () => {})
    test('d', t => { t.todo(); list.skip() })`
  assert.equal(rules.switchedOffTests([parseSource('test/a.test.ts', text)]).length, 4)
})

test('equal names are found across files, but not under different suites', () => {
  const files = [
    parseSource('test/a.test.ts', "test('same', () => {})\ndescribe('x', () => { it('one', () => {}) })"),
    parseSource('test/b.test.ts', "test('same', () => {})\ndescribe('y', () => { it('one', () => {}) })"),
  ]
  assert.deepEqual(rules.duplicateTestNames(files), ['"same": test/a.test.ts:1, test/b.test.ts:1'])
})
