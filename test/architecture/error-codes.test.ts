// The table of explanations against the codes in the sources.

import assert from 'node:assert/strict'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import ts from 'typescript'
import {ERROR_AREAS, explainCode, explainedCodes} from '../../src/core/error-codes/error-codes.ts'
import {fatalKafkaErrorNames} from '../../src/kafka/kafka-error.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {lineOf, nodesOf, readSources} from './source-file.ts'

/** Names of environment variables look like codes. */
const NO_CODES: ReadonlySet<string> = new Set(['TIDEMARK_ADMIN_PASSWORD'])

const root = projectRoot()
const inSources = new Map<string, string>()
for (const {path, tree} of readSources(root, ['src'])) {
  if (path.startsWith('src/core/error-codes/')) continue
  for (const node of nodesOf(tree)) {
    if (!ts.isStringLiteralLike(node) || !/^TIDEMARK_[A-Z0-9_]*[A-Z0-9]$/.test(node.text)) continue
    if (!NO_CODES.has(node.text)) inSources.set(node.text, `${path}:${lineOf(tree, node)}`)
  }
}
for (const name of fatalKafkaErrorNames()) inSources.set(`TIDEMARK_KAFKA_${name}`, 'src/kafka/kafka-error.ts')

test('every error code in src has a cause and a cure in src/core/error-codes', () => {
  const missing = [...inSources].filter(([code]) => explainCode(code) === null)
  assert.deepEqual(
    missing.map(([code, place]) => `${code} (${place}) has no entry`),
    [],
  )
})

test('every entry of src/core/error-codes is for a code that src has', () => {
  assert(inSources.size > 100, 'the sources were searched')
  const known = [...inSources.keys()]
  assert.deepEqual(
    explainedCodes().filter(code => (code.endsWith('_') ? !known.some(k => k.startsWith(code)) : !inSources.has(code))),
    [],
  )
})

test('no two entries explain one code, and none says nothing', () => {
  const codes = explainedCodes()
  assert.deepEqual(codes.length, new Set(codes).size)
  const texts = ERROR_AREAS.flatMap(({codes: entries}) => Object.entries(entries))
  const poor = texts.filter(([, {cause, cure}]) => !/.{25,}[.)]$/su.test(cause) || !/.{7,}[.)]$/su.test(cure))
  assert.deepEqual(
    poor.map(([code]) => code),
    [],
  )
})

test('documents that an entry names exist', () => {
  const named = ERROR_AREAS.flatMap(({codes}) => Object.values(codes)).flatMap(
    ({cause, cure}) => `${cause} ${cure}`.match(/docs\/[\w-]+\.md/g) ?? [],
  )
  assert.deepEqual(
    named.filter(path => !existsSync(join(root, path))),
    [],
  )
})
