import assert from 'node:assert/strict'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {longest, suiteFiles, suites} from '../../../tools/test-suites.ts'
import {tempFolder} from '../../support/temp-folder.ts'

async function testFolder(t: TestContext, files: readonly string[]): Promise<string> {
  const folder = await tempFolder(t)
  for (const file of files) {
    await mkdir(join(folder, file, '..'), {recursive: true})
    await writeFile(join(folder, file), '')
  }
  return folder
}

test('a suite has the test files of its folders, and no other files', async t => {
  const folder = await testFolder(t, [
    'unit/a/x.test.js',
    'unit/a/support.js',
    'integration/y.test.js',
    'long/z.test.js',
  ])
  assert.deepEqual(await suiteFiles(folder, suites.unit, ''), [join(folder, 'unit/a/x.test.js')])
  assert.deepEqual(await suiteFiles(folder, suites.all, 'y.'), [join(folder, 'integration/y.test.js')])
})

test('the longest files begin first, the others folder by folder', async t => {
  const names = ['unit/a.test.js', 'integration/a.test.js', 'integration/verify.test.js', 'integration/keyless.test.js']
  const folder = await testFolder(t, names)
  const ordered = ['integration/keyless', 'integration/verify', 'unit/a', 'integration/a']
  assert.deepEqual(
    await suiteFiles(folder, suites.all, ''),
    ordered.map(name => join(folder, `${name}.test.js`)),
  )
})

test('every file that is to begin first is there', async () => {
  const found = await suiteFiles(join(import.meta.dirname, '..', '..'), suites.all, '')
  assert.deepEqual(
    longest.filter(name => !found.some(file => file.endsWith(name))),
    [],
  )
})

test('a test file in a folder of no suite stops the run', async t => {
  const folder = await testFolder(t, ['unit/x.test.js', 'intergation/y.test.js'])
  await assert.rejects(suiteFiles(folder, suites.unit, ''), /intergation.*in no suite/)
})
