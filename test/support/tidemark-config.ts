import {join} from 'node:path'
import {freePort} from '../../tools/servers/free-port.ts'
import type {FreshDatabase} from './fresh-database.ts'

export type Config = Readonly<Record<string, string>>

export interface ConfigChoice {
  readonly database: FreshDatabase
  /** Where events, state and the configuration itself are kept. */
  readonly folder: string
  /** Kafka's address; without one, events go to `eventsFile(folder)`. */
  readonly bootstrap?: string
  /** Whatever else, or instead. */
  readonly config?: Config
}

/** A configuration that captures every table of the database; topics begin with the database's name twice: `db.db.table`. */
export async function tidemarkConfig({database, folder, bootstrap, config}: ConfigChoice): Promise<Config> {
  const sink =
    bootstrap === undefined
      ? {'sink.type': 'file', 'sink.file.path': eventsFile(folder)}
      : {'bootstrap.servers': bootstrap}
  return {
    name: database.name,
    'topic.prefix': database.name,
    'database.hostname': database.server.host,
    'database.port': String(database.server.port),
    'database.user': database.server.user,
    'database.password': database.server.password,
    'database.server.id': String(serverId()),
    'database.include.list': database.name,
    // Most tests look at rows; those of schema changes switch them on.
    'include.schema.changes': 'false',
    'offset.storage.file.filename': join(folder, 'tidemark.state'),
    'http.listen': `127.0.0.1:${String(await freePort())}`,
    ...sink,
    ...config,
  }
}

export function eventsFile(folder: string): string {
  return join(folder, 'events.jsonl')
}

/** Random enough that tests which share a server do not throw each other's dump off it. */
function serverId(): number {
  return 1_000_000 + Math.floor(Math.random() * 4_000_000_000)
}
