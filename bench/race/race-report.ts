// What a race leaves: the standings on standard output, and bench/RESULTS.md.

import {writeFile} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {debeziumVersion} from '../../tools/servers/debezium-package.ts'
import {kafkaVersion} from '../../tools/servers/kafka-package.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {raceCases, type BenchOptions} from '../bench-options.ts'
import {connectorConfig, tunedConfig, workerConfig, workerJvmOptions} from '../debezium/connector-config.ts'
import type {VariantFigures} from '../figures.ts'
import {tidemark} from '../tidemark-run.ts'
import {resultsDocument, standingsTable} from './results-document.ts'
import {standings} from './standings.ts'

export interface Race {
  readonly options: BenchOptions
  readonly machine: Readonly<Record<string, unknown>>
  readonly variants: readonly VariantFigures[]
  /** False where it was ended before all was measured. */
  readonly isComplete: boolean
  readonly seconds: number
}

/** Only a whole race replaces the document of the one before; what is only a part of one is kept out of the repository. */
export async function reportRace({options, machine, variants, isComplete, seconds}: Race): Promise<void> {
  if (variants.length === 0) return
  const lines = standings(variants, tidemark.name)
  if (!options.json) console.log(`\n${standingsTable(lines)}`)
  const file = join(projectRoot(), isComplete && isWhole(options) ? 'bench' : '.bench', 'RESULTS.md')
  const document = resultsDocument({
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    date: new Date().toISOString().slice(0, 10),
    minutes: Math.round(seconds / 60),
    runs: options.runs,
    machine,
    versions: {debezium: debeziumVersion, 'Kafka Connect': kafkaVersion},
    configurations: configurations(options.headers),
    notes,
    standings: lines,
    variants,
  })
  await writeFile(file, document)
  process.stderr.write(`${relative(process.cwd(), file)} was written\n`)
}

function isWhole({quick, only, verify, cases}: BenchOptions): boolean {
  return !quick && verify && only.length === 0 && raceCases.every(name => cases.includes(name))
}

const notes: readonly string[] = [
  'Both products run on the same MySQL and the same Kafka broker of this machine, one at a time, in turn: Debezium with ' +
    'its defaults, Debezium tuned, Tidemark, and again.',
  'Tables, chunk size (2,048 rows), compression, headers, converters (JSON without schemas) and acks=all are the same; ' +
    'every topic is made before the run with one partition and the broker’s settings. The key of the signal table is ' +
    'long enough for Debezium’s marks.',
  'Each run of each product first copies or streams 300,000 rows (60,000 in transactions of one row; --warm-up N) of another ' +
    'table in the same task, before the 100 tables 100 others, and is measured from there on: both compile what they run, and a task runs for weeks. Debezium’s ' +
    'worker stays up for the whole race and is the warmer for it; Tidemark starts anew for each run. What a start costs ' +
    'stands in a line of its own.',
  'The broker makes index files of 1 MB instead of 10 MB (log.index.size.max.bytes): on this machine a new partition’s first ' +
    'append took it 10 to 40 ms otherwise, whoever wrote, and the 100 tables would measure that.',
  'Snapshot: from the insert of the signal’s row to the product’s own word that it is done (Debezium’s notification, ' +
    'Tidemark’s log), and every event in its topic. Stream: a backlog, from the moment at which the warm-up’s ' +
    'topic holds all of its events to the last event in the topic.',
  'CPU and memory: of the Connect worker’s process and of Tidemark’s process, as the kernel counts them, over the same span; ' +
    'the peak of memory is reset before it. The worker’s heap grows in the course of a race up to its bound of 2 GB, as a JVM’s does; ' +
    'the standings take the case with the least ratio, which is an early one.',
  'Latency: 50 inserts/s, each a transaction, into a table of its own, for 10 seconds idle, then during incremental snapshots of ' +
    'another table, then (Tidemark) beside copies of it by the parallel reader, 3 seconds after the start. It counts from the commit’s return to the writer. The consumer is kafkajs in the bench’s own ' +
    'process; the time of the ack is the broker’s append time (LogAppendTime), in whole milliseconds, rounded against us.',
  'Every run’s topics are compared with their tables by `tidemark verify` (folded by key, each column’s bytes), Debezium’s, too; ' +
    'a difference ends the race.',
]

function configurations(headers: boolean): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const connector = connectorConfig({
    tuning: 'default',
    prefix: 'bench-…',
    mysql: {host: '127.0.0.1', port: 3306, user: 'root', password: ''},
    serverId: 1_000_000,
    database: 'tidemark_bench',
    tables: ['orders'],
    chunkRows: 2048,
    compression: 'lz4',
    headers,
    hasOffset: false,
  })
  return {
    [`Connect worker (java ${workerJvmOptions.join(' ')})`]: workerConfig,
    'Debezium default (in the stream cases snapshot.mode=recovery from a stored offset; compression as the case says)':
      connector,
    'Debezium tuned, beside it': tunedConfig,
    'Tidemark, beside addresses, filter and signal table': {
      'snapshot.mode': 'no_data',
      'incremental.snapshot.chunk.size': '2048',
      'producer.override.compression.type': 'lz4',
    },
  }
}
