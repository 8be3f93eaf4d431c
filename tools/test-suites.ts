// Which compiled test files a run has. Every folder with tests belongs to a suite, so that none is left out unnoticed.

import {readdir} from 'node:fs/promises'
import {join, normalize, sep} from 'node:path'
import {ServersError} from './servers/servers-error.ts'

export interface Suite {
  /** Folders of test/, in the order in which they run behind the longest files. */
  readonly folders: readonly string[]
  /** Whether real servers are started for it. */
  readonly servers: boolean
  /** Bound on one file: whatever hangs ends here. */
  readonly fileTimeoutMs: number
}

const withoutServers = ['unit', 'architecture', 'contract', 'property', 'simulation']
const withServers = ['integration', 'regression']

export const suites = {
  unit: {folders: withoutServers, servers: false, fileTimeoutMs: 120_000},
  integration: {folders: withServers, servers: true, fileTimeoutMs: 600_000},
  all: {folders: [...withoutServers, ...withServers], servers: true, fileTimeoutMs: 600_000},
  long: {folders: ['long'], servers: true, fileTimeoutMs: 3_600_000},
} as const satisfies Record<string, Suite>

/**
 * The files that take longest, longest first: begun last, one of them would run alone at the end. Taken from the times that
 * a run reports.
 */
export const longest: readonly string[] = [
  'integration/keyless',
  'integration/kill-recovery',
  'integration/exactly-once-kills',
  'integration/fault-broker',
  'integration/snapshot-convergence',
  'integration/verify',
  'integration/page',
  'integration/kafka-security',
  'integration/demo',
  'integration/sink-kafka-faults',
  'integration/parallel-reader',
  'integration/keyless-verify',
  'integration/exactly-once',
  'integration/parallel-purged',
  'integration/read-only',
  'integration/keyless-tables',
  'integration/examples-exercises',
  'integration/snapshot-modes',
  'integration/minimal-metadata-branch',
  'integration/table-copy',
  'integration/fault-start',
  'integration/package',
  'integration/fault-sigterm',
  'integration/dockerfile',
  'integration/fault-mysql-restart',
  'simulation/simulation',
  'property/window',
  'unit/readers/parallel-snapshot-reader',
].map(name => normalize(`${name}.test.js`))

export type SuiteName = keyof typeof suites

export function isSuiteName(name: string): name is SuiteName {
  return Object.hasOwn(suites, name)
}

/** The suite's files below `testFolder` whose path contains `pattern`, in the order in which they begin. */
export async function suiteFiles(testFolder: string, suite: Suite, pattern: string): Promise<string[]> {
  const entries = await readdir(testFolder, {recursive: true})
  const files = entries.filter(name => name.endsWith('.test.js')).sort()
  const folderOf = (file: string): string => file.split(sep)[0] ?? ''
  const known = new Set<string>(Object.values(suites).flatMap(({folders}) => [...folders]))
  const stray = files.find(file => !known.has(folderOf(file)))
  if (stray !== undefined) {
    throw new ServersError(
      `test/${stray} would never run: folder ${folderOf(stray)} is in no suite of tools/test-suites.ts`,
    )
  }
  const ordered = suite.folders.flatMap(folder => files.filter(file => folderOf(file) === folder))
  const first = longest.filter(file => ordered.includes(file))
  return [...first, ...ordered.filter(file => !first.includes(file))]
    .filter(file => file.includes(pattern))
    .map(file => join(testFolder, file))
}
