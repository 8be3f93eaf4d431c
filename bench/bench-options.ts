// What may stand behind `npm run bench --`.

import {existsSync} from 'node:fs'
import {basename, resolve} from 'node:path'
import {parseArgs} from 'node:util'

export const caseNames = [
  'snapshot',
  'snapshot-under-writes',
  'stream',
  'many-tables',
  'latency',
  'start',
  'memory',
] as const
/** Without the one that nobody would wait for in a race: the peak of memory is measured in every case. */
export const raceCases: readonly CaseName[] = caseNames.filter(name => name !== 'memory')
/** What the two kinds of watermarks are compared in. */
export const snapshotCases: readonly CaseName[] = ['snapshot', 'snapshot-under-writes', 'many-tables']
/** Another product, which bench/RESULTS.md is about, or another build of this one. */
export type Rival =
  {readonly type: 'debezium'} | {readonly type: 'build'; readonly checkout: string; readonly cli: string}
export const toolNames = ['values', 'rows', 'produce', 'decode', 'library'] as const
export type CaseName = (typeof caseNames)[number]
export type ToolName = (typeof toolNames)[number]

export interface BenchOptions {
  /** Cases on real servers, in the order in which they run. */
  readonly cases: readonly CaseName[]
  /** A part alone, with the rest of the arguments; then there are no cases. */
  readonly tool: {readonly name: ToolName; readonly args: readonly string[]} | null
  /** Null: each case's own number. */
  readonly rows: number | null
  readonly runs: number
  /** That each run copies or streams before the measured ones, so that its code is compiled; 0: it is measured cold. */
  readonly warmUpRows: number
  /** Only variants whose name contains one of these; none: all. */
  readonly only: readonly string[]
  readonly headers: boolean
  readonly verify: boolean
  readonly profile: boolean
  readonly json: boolean
  readonly against: Rival | null
  /** Snapshots with executed GTIDs as watermarks beside those with the signal table. */
  readonly readOnly: boolean
  /** Beside each run to Kafka one with exactly.once.support=required. */
  readonly exactlyOnce: boolean
  /** Only to see whether it works: few rows, one run, no document. */
  readonly quick: boolean
  /** Of each part of the latency case. */
  readonly seconds: number
  readonly help: boolean
}

const QUICK_ROWS = 20_000
const QUICK_SECONDS = 3
const SECONDS = 10
const RACE_RUNS = 3
const RACE_WARM_UP_ROWS = 300_000

export const usage = `usage: npm run bench [-- CASE… [options]]

cases, on real MySQL and Kafka (default: all of them)
  snapshot   500,000 rows of about 100 bytes; chunks of 2048 and 8192; to Kafka uncompressed and lz4, and to a file
  snapshot-under-writes
             the same table while 500 changes/s are made to it; Kafka, lz4
  stream     a backlog of 500,000 rows in transactions of 1,000, and of 100,000 in transactions of one; Kafka, as above
  many-tables
             100 tables of 1,000 rows by one signal; Kafka, lz4
  latency    50 changes/s, idle, during an incremental snapshot, and beside the parallel reader (a blocking signal, which only
             Tidemark takes without a stop): commit to consumer, and to the broker's ack
  start      start of the process to \`streaming\`, ten times
  memory     peak memory: a snapshot of 5 million narrow rows, and one transaction of 2 million rows; Kafka, lz4
parts alone
  values [TEXT…]                 what a value of each type costs, from SELECT and from the binlog, against a plain varchar; only
                                 families whose name contains a TEXT
  rows [ROWS]                    the value path: nanoseconds for one row
  produce [HOST:PORT [EVENTS]]   the Kafka sink; without an address on a broker of its own
  decode                         the binlog's decoding
  library                        capture() beside the command line's file sink
options
  --against debezium
                 the same cases with Debezium's connector in Kafka Connect, default and tuned, in turn with Tidemark: figures,
                 ratios, and bench/RESULTS.md where no case is left out (default: all cases but memory, 3 runs, a snapshot and a
                 stream of a million rows; about 35 minutes)
  --against DIR  the same with the build of another checkout (npm run build:all there): a change before and after, in one run
  --read-only    snapshots with read.only=true (executed GTIDs as watermarks, signals over HTTP) in turn with those that
                 mark the signal table (default: snapshot, snapshot-under-writes and many-tables)
  --exactly-once beside each run one with exactly.once.support=required: what it costs
  --quick        20,000 rows, short latencies, one run: whether it works
  --rows N       rows of a case; one-row transactions get a fifth, the long transaction two fifths
  --runs N       times that each variant runs; the median is shown (default 1, in a race 3)
  --warm-up N    rows that each run copies or streams before what is measured begins, so that its code is compiled: of
                 another table, in the same task (default 0, in a race 300,000; not in latency and start)
  --seconds N    of each part of the latency case (default 10)
  --only TEXT    only variants whose name contains it, as "lz4" or "chunks of 8192"; may be repeated
  --no-headers   extended.headers.enabled=false (default: on, as in Debezium)
  --no-verify    count the events only, do not compare them with the table
  --profile      CPU profiles of the task in .bench/, and the hottest functions of each thread
  --json         one JSON object on standard output instead of tables
Every variant runs in a process of its own with the default configuration except what its name says.`

/** Throws a UsageError. */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const [first = ''] = args
  if (isOneOf(toolNames, first)) return {...defaults, cases: [], tool: {name: first, args: args.slice(1)}}
  const {values, positionals} = parse(args)
  const unknown = positionals.find(name => !isOneOf(caseNames, name))
  if (unknown !== undefined) {
    throw new UsageError(`no case "${unknown}"; there are ${[...caseNames, ...toolNames].join(', ')}`)
  }
  const against = rivalOf(values.against)
  const quick = values.quick === true
  const readOnly = values['read-only'] === true
  if (readOnly && against !== null) throw new UsageError('--read-only and --against are two races; choose one')
  const all = readOnly ? snapshotCases : against?.type === 'debezium' ? raceCases : caseNames
  const named = caseNames.filter(name => positionals.includes(name))
  return {
    cases: named.length === 0 ? all : named,
    tool: null,
    rows: values.rows === undefined ? (quick ? QUICK_ROWS : null) : wholeNumber('--rows', values.rows),
    runs: wholeNumber('--runs', values.runs ?? String(against === null || quick ? 1 : RACE_RUNS)),
    warmUpRows: wholeNumber('--warm-up', values['warm-up'] ?? String(defaultWarmUpRows(against, quick)), 0),
    only: values.only ?? [],
    headers: values['no-headers'] !== true,
    verify: values['no-verify'] !== true,
    profile: values.profile === true,
    json: values.json === true,
    against,
    readOnly,
    exactlyOnce: values['exactly-once'] === true,
    quick,
    seconds: wholeNumber('--seconds', values.seconds ?? String(quick ? QUICK_SECONDS : SECONDS)),
    help: values.help === true,
  }
}

/** Wrong usage: the message is all that is shown. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const defaults = {
  rows: null,
  runs: 1,
  warmUpRows: 0,
  only: [],
  headers: true,
  verify: true,
  profile: false,
  json: false,
  against: null,
  readOnly: false,
  exactlyOnce: false,
  quick: false,
  seconds: SECONDS,
  help: false,
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rows: {type: 'string'},
        runs: {type: 'string'},
        'warm-up': {type: 'string'},
        only: {type: 'string', multiple: true},
        'no-headers': {type: 'boolean'},
        'no-verify': {type: 'boolean'},
        profile: {type: 'boolean'},
        json: {type: 'boolean'},
        against: {type: 'string'},
        'read-only': {type: 'boolean'},
        'exactly-once': {type: 'boolean'},
        quick: {type: 'boolean'},
        seconds: {type: 'string'},
        help: {type: 'boolean', short: 'h'},
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), {cause})
  }
}

function rivalOf(text: string | undefined): Rival | null {
  if (text === undefined) return null
  if (text === 'debezium') return {type: 'debezium'}
  const cli = resolve(text, 'build', 'src', 'cli.js')
  if (existsSync(cli)) return {type: 'build', checkout: basename(resolve(text)), cli}
  throw new UsageError(`--against is "${text}", wanted debezium, or a folder with build/src/cli.js`)
}

/** Underscores and commas between digits are for the reader. */
function wholeNumber(option: string, text: string, least = 1): number {
  const value = text === '' ? Number.NaN : Number(text.replaceAll(/[_,]/g, ''))
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${option} is "${text}", wanted a whole number from ${least} on`)
  }
  return value
}

function defaultWarmUpRows(against: BenchOptions['against'], quick: boolean): number {
  if (against === null) return 0
  return quick ? QUICK_ROWS : RACE_WARM_UP_ROWS
}

function isOneOf<T extends string>(names: readonly T[], text: string): text is T {
  return (names as readonly string[]).includes(text)
}
