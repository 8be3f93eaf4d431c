// What a seed stands for: the shape of the server and the task, and how often each kind of thing happens. Every kind is
// rare in some seeds and frequent in others, so that together they come to corners that an even mixture would not.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {loadSettings} from '../../src/config/load-settings.ts'
import type {Settings} from '../../src/config/settings.ts'
import {NOTIFICATION_TOPIC} from './notification-judge.ts'
import {CAPTURED, KEYLESS} from './sim-tables.ts'
import type {SimDefinition} from './sim-tables.ts'
import type {SeededRandom} from '../support/seeded-random.ts'

export interface Scenario {
  readonly settings: Settings
  /** Tables without a key among them, and tables copied beside the stream. */
  readonly isParallel: boolean
  readonly tables: readonly SimDefinition[]
  readonly gtidOn: boolean
  readonly partitions: number
  readonly batchBytes: number
  /** Rows of each table at the start. */
  readonly seedRows: number
  /** Keys are below this. */
  readonly keys: number
  readonly steps: number
  readonly interruptions: number
  /** Most signals that are sent, beside the one that resumes at the end. */
  readonly signals: number
  readonly ddl: boolean
  readonly weights: ReadonlyMap<string, number>
}

/** First words of the scheduler's turns, and names of the workload's actions. */
const TURNS = [
  'read',
  'mark',
  'query:',
  'answer:',
  'lane',
  'select',
  'rows',
  'land',
  'ack',
  'store',
  'topic',
  'connect',
]
const ACTIONS = {write: 0.5, publish: 2, ddl: 0.04, signal: 0.3, rotate: 0.01, stall: 0.05, timer: 1.5}
/** Those of a branch. */
const BRANCH_TURNS = ['branch', 'lock', 'copy', 'read', 'land', 'ack']
const FAULTS = {crash: 0.02, stop: 0.006, break: 0.04, restart: 0.008}

/** Every third seed has tables without a key, and copies by read views. */
export function scenarioOf(seed: number, random: SeededRandom): Scenario {
  const scenario = windowScenario(random)
  return seed % 3 === 0 ? withBranches(scenario, random) : scenario
}

function withBranches(scenario: Scenario, random: SeededRandom): Scenario {
  const weights = new Map(scenario.weights)
  for (const name of ['branch', 'lock', 'copy']) weights.set(name, 3)
  for (let i = random.integer(0, 3); i > 0; i--) weights.set(random.pick(BRANCH_TURNS), random.pick([0.2, 0.5, 9]))
  // What a branch does takes many steps, in which something must happen to its table.
  weights.set('write', weights.get('write')! + random.pick([0.2, 0.5]))
  const {settings} = scenario
  return {
    ...scenario,
    isParallel: true,
    tables: [CAPTURED[0]!, CAPTURED[2]!, ...KEYLESS],
    weights,
    settings: {...settings, stream: {...settings.stream, transactionTopic: null}},
    seedRows: random.pick([0, 3, 8]),
    steps: random.integer(300, 1_400),
    signals: random.integer(1, 8),
  }
}

function windowScenario(random: SeededRandom): Scenario {
  const weights = new Map<string, number>()
  for (const name of TURNS) weights.set(name, 3)
  for (let i = random.integer(0, 3); i > 0; i--) weights.set(random.pick(TURNS), random.pick([0.2, 0.5, 9]))
  for (const [name, base] of Object.entries(ACTIONS)) weights.set(name, base * random.pick([0.1, 0.5, 1, 3]))
  for (const [name, base] of Object.entries(FAULTS)) weights.set(name, base * random.pick([0, 0.3, 1, 2]))
  const base = baseSettings()
  const gtidOn = random.chance(0.6)
  const settings: Settings = {
    ...base,
    http: null,
    signals: {...base.signals, tableEvents: random.chance(0.2)},
    notifications: {...base.notifications, channels: random.chance(0.5) ? ['sink'] : [], sinkTopic: NOTIFICATION_TOPIC},
    snapshot: {
      ...base.snapshot,
      watermarks: gtidOn && random.chance(0.5) ? 'executed-gtids' : 'signal-table',
      mode: random.chance(0.7) ? 'initial' : 'no_data',
      maxThreads: random.integer(1, 2),
      chunkRows: random.integer(1, 5),
      watermarking: random.pick(['insert_insert', 'insert_delete']),
      memoryBytes: random.pick([500, 4_000, 100_000]),
      throttle: {
        maxRowsPerSecond: random.pick([null, null, 20, 200]),
        query: random.pick([null, null, 'SELECT RAND() < 0.3']),
      },
    },
    stream: {
      ...base.stream,
      memoryBytes: random.pick([1_500, 6_000, 100_000]),
      transactionTopic: random.chance(0.4) ? 'transaction' : null,
    },
    events: {...base.events, skippedOperations: new Set(random.chance(0.5) ? ['t'] : [])},
  }
  return {
    settings,
    isParallel: false,
    tables: CAPTURED,
    gtidOn,
    partitions: random.integer(1, 3),
    batchBytes: random.pick([1, 900, 3_000]),
    seedRows: random.pick([0, 3, 10, 25]),
    keys: random.pick([6, 15, 40]),
    steps: random.integer(400, 2_400),
    interruptions: random.pick([0, 0, 0.02]),
    signals: random.integer(0, 12),
    ddl: random.chance(0.5),
    weights,
  }
}

let loaded: Settings | null = null

/** The product's own defaults. */
function baseSettings(): Settings {
  if (loaded !== null) return loaded
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-simulation-'))
  try {
    const path = join(folder, 'simulation.json')
    const config = {
      'topic.prefix': 'p',
      'database.hostname': 'simulated',
      'database.user': 'simulated',
      'database.server.id': 1,
      'signal.data.collection': 'd.signal',
      'include.schema.changes': false,
    }
    writeFileSync(path, JSON.stringify(config))
    loaded = loadSettings(path, {env: {}}).settings
    return loaded
  } finally {
    rmSync(folder, {recursive: true})
  }
}
