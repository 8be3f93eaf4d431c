// Report of a test run: one line for each file that passed, everything about what failed, node's own summary, and the
// names of the failed tests last.

import {inspect} from 'node:util'
import type {TestEvent} from 'node:test/reporters'

type TestEnd = Extract<TestEvent, {type: 'test:pass' | 'test:fail'}>
type TestFailure = Extract<TestEvent, {type: 'test:fail'}>

/** Of what a file writes, shown where it fails. */
const outputBytes = 16_384

interface FileRecord {
  readonly title: string
  readonly started: Set<string>
  tests: number
  failed: boolean
  milliseconds: number
  output: string
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileRecord>()
  const failures: string[] = []
  const summary: string[] = []
  let current: FileRecord | null = null
  for await (const event of source) {
    const record = fileRecord(files, event)
    if (event.type === 'test:diagnostic' && event.data.nesting === 0) summary.push(`# ${event.data.message}\n`)
    if (record === null) continue
    note(record, event)
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    // Results come file by file, though files run side by side.
    if (current !== null && current !== record) yield fileLine(current)
    current = record
    yield* result(record, event, failures)
  }
  if (current !== null) yield fileLine(current)
  yield '\n' + summary.join('')
  if (failures.length > 0) yield `\nfailed:\n${failures.map(failure => `  ✖ ${failure}\n`).join('')}`
}

function fileRecord(files: Map<string, FileRecord>, event: TestEvent): FileRecord | null {
  const file = event.data !== undefined && 'file' in event.data ? event.data.file : undefined
  if (file === undefined) return null
  const known = files.get(file)
  if (known !== undefined) return known
  const record = {
    title: testTitle(file),
    started: new Set<string>(),
    tests: 0,
    failed: false,
    milliseconds: 0,
    output: '',
  }
  files.set(file, record)
  return record
}

/** `unit/core/gtid-set`, whether the file is named by its source or by its compiled form. */
function testTitle(file: string): string {
  return file.replace(/^.*\/test\//, '').replace(/(\.test)?\.[jt]s$/, '')
}

function note(record: FileRecord, event: TestEvent): void {
  if (event.type === 'test:dequeue') record.started.add(event.data.name)
  if (event.type === 'test:complete') record.started.delete(event.data.name)
  if (event.type === 'test:stdout' || event.type === 'test:stderr') {
    record.output = (record.output + event.data.message).slice(-outputBytes)
  }
  if (event.type === 'test:diagnostic') record.output = `${record.output}# ${event.data.message}\n`.slice(-outputBytes)
}

function* result(record: FileRecord, event: TestEnd, failures: string[]): Generator<string> {
  const {data} = event
  const isFile = data.nesting === 0 && data.name === data.file
  const isSuite = data.details.type === 'suite'
  if (!isFile && !isSuite) record.tests++
  if (!isFile && data.nesting === 0) record.milliseconds += data.details.duration_ms
  if (event.type !== 'test:fail') return
  record.failed = true
  const error = failureOf(event)
  // The parent of a failed test fails, too; only the test itself is news.
  if (error.type === 'subtestsFailed') return
  const name = isFile ? record.title : `${record.title}: ${data.name}`
  failures.push(name)
  yield `✖ ${name}\n${indent(error.text)}\n`
  if (isFile && record.started.size > 0) yield indent(`still running: ${[...record.started].join(', ')}`) + '\n'
  if (record.output !== '') yield indent(`output:\n${record.output}`) + '\n'
  record.output = ''
}

function failureOf({data}: TestFailure): {type: string; text: string} {
  const error: Error & {failureType?: unknown} = data.details.error
  const {cause} = error
  const text = cause instanceof Error ? inspect(cause) : inspect(cause ?? error.message, {depth: 5})
  return {type: String(error.failureType), text: text.replace(/^ +at .*node:internal.*\n?/gm, '')}
}

/** Empty for a file whose failures were shown. Starts the record anew: a contract's tests come once for each implementation. */
function fileLine(record: FileRecord): string {
  const tests = record.tests === 1 ? '1 test' : `${String(record.tests)} tests`
  const line = record.failed ? '' : `✔ ${record.title}: ${tests}, ${record.milliseconds.toFixed(0)} ms\n`
  Object.assign(record, {tests: 0, milliseconds: 0, failed: false})
  return line
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}
