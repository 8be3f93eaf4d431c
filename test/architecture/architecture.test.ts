import assert from 'node:assert/strict'
import {test} from 'node:test'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import * as rules from './rules.ts'
import {readSources} from './source-file.ts'

/** Arrows run towards `core`. A folder may import itself and what stands behind it here, nothing else of ours. */
const allowed: rules.AllowedImports = {
  core: [],
  config: ['core'],
  mysql: ['core', 'config'],
  binlog: ['core', 'config', 'mysql'],
  encode: ['core', 'config', 'mysql', 'binlog', 'sinks/sink.ts'],
  kafka: ['core', 'config'],
  sinks: ['core', 'config', 'kafka'],
  snapshot: ['core', 'config', 'mysql', 'encode'],
  signals: ['core', 'config', 'mysql', 'kafka', 'snapshot'],
  stream: ['core', 'config', 'mysql', 'binlog', 'encode', 'sinks', 'snapshot'],
  readers: ['core', 'config', 'mysql', 'binlog', 'encode', 'sinks', 'snapshot', 'stream'],
  notifications: ['core', 'config', 'encode', 'signals', 'snapshot', 'stream'],
  state: [
    'core',
    'config',
    'encode',
    'kafka',
    'sinks',
    'signals',
    'snapshot',
    'notifications/notification.ts',
    'readers/branch-state.ts',
  ],
  metrics: ['core', 'config', 'snapshot'],
  http: ['core', 'config', 'signals', 'snapshot'],
  verify: ['core', 'config', 'mysql', 'kafka', 'encode', 'sinks', 'snapshot'],
  plan: ['core', 'config', 'mysql', 'encode', 'sinks', 'snapshot'],
  task: [
    'core',
    'config',
    'mysql',
    'binlog',
    'encode',
    'kafka',
    'sinks',
    'snapshot',
    'signals',
    'stream',
    'readers',
    'notifications',
    'state',
    'metrics',
    'http',
    'verify',
  ],
  cli: ['core', 'config', 'mysql', 'kafka', 'sinks', 'state', 'signals', 'verify', 'plan', 'http', 'task'],
  library: ['core', 'config', 'sinks', 'state', 'http', 'task', 'cli/logger.ts', 'cli/package-version.ts'],
}

const root = projectRoot()
const src = readSources(root, ['src'])
const tests = readSources(root, ['test'])
const everything = [...src, ...tests, ...readSources(root, ['tools', 'bench', 'demo'])]
/** `src/library.ts` is the other entry. */
const outsideCli = src.filter(({path}) => rules.folderOf(path) !== 'cli' && path !== 'src/library.ts')

function none(violations: readonly string[]): void {
  if (violations.length > 0) assert.fail(violations.join('\n'))
}

test('folders of src import only what the table allows', () => {
  none(rules.forbiddenImports(src, allowed))
})

test('the table of allowed imports has no circle', () => {
  none(rules.circularPermissions(allowed))
})

test('no files import each other in a circle', () => {
  none(rules.importCycles(everything))
})

test('no source file is longer than 400 lines', () => {
  none(rules.longFiles(src, 400))
})

test('every file and folder is named after a subject', () => {
  none(rules.emptyFileNames(everything))
})

test('only src/cli touches the environment, the arguments and the end of the process', () => {
  const touched = rules.uses(outsideCli, 'process', ['env', 'argv', 'exit', 'exitCode', 'abort'])
  none([...touched, ...rules.importsOfModule(outsideCli, 'process')])
})

test('src logs through pino and never through console', () => {
  none(rules.uses(src, 'console'))
})

test('no test is switched off', () => {
  none(rules.switchedOffTests(tests))
})

test('no two tests have the same name', () => {
  none(rules.duplicateTestNames(tests))
})
