// The checkpoint: one atomic record of the offset, the snapshots, and the signals taken. Versioned JSON.

import {Ajv} from 'ajv'
import type {ValidateFunction} from 'ajv'
import type {PreparedTransaction} from '../core/prepared-transaction.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import type {StoredSchema} from '../core/stored-schemas.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Notification} from '../notifications/notification.ts'
import type {BranchState} from '../readers/branch-state.ts'
import type {FileSignalPlace} from '../signals/file-signal-channel.ts'
import type {KafkaSignalOffsets} from '../signals/kafka-signal-channel.ts'
import type {SignalOccurrence} from '../signals/signal-processor.ts'
import type {SignalRecord} from '../signals/signal.ts'
import type {StoredSnapshots} from '../snapshot/snapshot-plan.ts'
import {branchFormat, offsetFormat, preparedFormat} from './branch-format.ts'
import {storedSchemasFormat} from './stored-schemas-format.ts'

export type {StoredOffset} from '../core/stored-offset.ts'

/** A table whose topic may differ from it, until it is copied again. */
export interface Divergence {
  readonly table: string
  /** `file:pos` of what happened. */
  readonly since: string
  readonly reason: string
  readonly atMs: number
  /** Rows may have gone without an event: a copy brings what is there, and takes nothing away. */
  readonly removesRows?: boolean
  /** The table was dropped or renamed: there is nothing to copy until it is there again. */
  readonly gone?: boolean
}

/** A table that is captured, or was. */
export interface KnownTable {
  readonly table: string
  /** `file:pos` from which on its topic, folded by key, is the table; null while it is not known to be. */
  readonly completeSince: string | null
  /** Not captured since `file:pos`, because of the filter or since there was no such table; absent while it is captured. */
  readonly left?: {readonly since: string; readonly why: 'filter' | 'dropped'}
}

export interface Checkpoint extends StoredSnapshots {
  readonly connector: string
  readonly serverUuid: string
  readonly offset: StoredOffset
  /** The initial snapshot of snapshot.mode was queued (it may still run: see snapshots). */
  readonly initialSnapshotQueued: boolean
  readonly signals: {
    readonly pending: readonly SignalRecord[]
    readonly occurrences: readonly SignalOccurrence[]
    /** Where reading of the signal topic goes on; absent where none was read. */
    readonly kafka?: KafkaSignalOffsets
    /** The signal file that is being read; absent where none is. */
    readonly file?: FileSignalPlace
  }
  readonly diverged: readonly Divergence[]
  /** `database.table` of every table that was captured so far; others in the filter are new and are copied first. */
  readonly knownTables: readonly string[]
  /** The same in more detail, with those that left; absent in states from before this was kept. */
  readonly tables?: readonly KnownTable[]
  /** Not known to be acknowledged, in order; absent where no channel is enabled. */
  readonly notifications?: readonly Notification[]
  /** Definitions of tables; absent where every event names its columns. */
  readonly schemas?: readonly StoredSchema[]
  /** XA transactions that were prepared before the offset and had not ended there; absent where there are none. */
  readonly prepared?: readonly PreparedTransaction[]
  /** The table that a stream of its own reads beside the main one; absent where there is none. */
  readonly parallel?: BranchState
  /** The whole task is held until somebody resumes it; absent where it is not. */
  readonly paused?: boolean
}

const FORMAT = 'tidemark-checkpoint'
const VERSION = 1

const text = {type: 'string'} as const
const whole = {type: 'integer', minimum: 0} as const
const keyValues = {type: 'array', items: text, nullable: true} as const

export const checkpointSchema = {
  type: 'object',
  required: [
    'connector',
    'serverUuid',
    'offset',
    'snapshots',
    'initialSnapshotQueued',
    'signals',
    'diverged',
    'knownTables',
  ],
  properties: {
    connector: text,
    serverUuid: text,
    initialSnapshotQueued: {type: 'boolean'},
    knownTables: {type: 'array', items: text},
    offset: offsetFormat,
    prepared: preparedFormat,
    parallel: branchFormat,
    tables: {
      type: 'array',
      items: {
        type: 'object',
        required: ['table', 'completeSince'],
        properties: {
          table: text,
          completeSince: {...text, nullable: true},
          left: {
            type: 'object',
            required: ['since', 'why'],
            properties: {since: text, why: {enum: ['filter', 'dropped']}},
          },
        },
      },
    },
    snapshotsPaused: {type: 'boolean'},
    paused: {type: 'boolean'},
    schemas: storedSchemasFormat,
    notifications: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'type', 'aggregate_type', 'additional_data', 'timestamp'],
        properties: {
          id: text,
          type: text,
          aggregate_type: text,
          additional_data: {type: 'object', additionalProperties: text},
          timestamp: {type: 'number'},
        },
      },
    },
    snapshots: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'kind', 'state', 'tables', 'firstRowSent'],
        properties: {
          id: text,
          kind: {enum: ['incremental', 'initial']},
          state: {enum: ['queued', 'running', 'completed', 'stopped', 'failed']},
          chunkRows: {type: 'integer', minimum: 1},
          maxRowsPerSecond: {type: 'integer', minimum: 1},
          priority: {type: 'integer'},
          isBlocking: {type: 'boolean'},
          tables: {
            type: 'array',
            items: {
              type: 'object',
              required: [
                'table',
                'condition',
                'surrogateKey',
                'state',
                'ranges',
                'keyColumns',
                'rowsEstimated',
                'rowsDone',
                'superseded',
                'chunksDone',
                'startedAtMs',
                'error',
              ],
              properties: {
                table: {type: 'object', required: ['database', 'table'], properties: {database: text, table: text}},
                condition: {...text, nullable: true},
                surrogateKey: keyValues,
                reader: {enum: ['parallel']},
                state: {enum: ['waiting', 'running', 'done', 'stopped', 'failed']},
                ranges: {
                  type: 'array',
                  nullable: true,
                  items: {
                    type: 'object',
                    required: ['after', 'upTo', 'done'],
                    properties: {after: keyValues, upTo: {type: 'array', items: text}, done: {type: 'boolean'}},
                  },
                },
                keyColumns: keyValues,
                rowsEstimated: whole,
                rowsDone: whole,
                superseded: whole,
                chunksDone: whole,
                startedAtMs: {type: 'number', nullable: true},
                error: {...text, nullable: true},
              },
            },
          },
        },
      },
    },
    signals: {
      type: 'object',
      required: ['pending', 'occurrences'],
      properties: {
        pending: {
          type: 'array',
          items: {
            type: 'object',
            required: ['id', 'type', 'data', 'channel', 'occurrence'],
            properties: {
              id: text,
              type: text,
              data: {...text, nullable: true},
              channel: text,
              occurrence: text,
              broken: text,
            },
          },
        },
        occurrences: {
          type: 'array',
          items: {type: 'object', required: ['key', 'file', 'pos'], properties: {key: text, file: text, pos: whole}},
        },
        kafka: {
          type: 'object',
          required: ['topic', 'next'],
          properties: {topic: text, next: {type: 'object', patternProperties: {'^[0-9]+$': text}}},
        },
        file: {type: 'object', required: ['path', 'bytes'], properties: {path: text, bytes: whole}},
      },
    },
    diverged: {
      type: 'array',
      items: {
        type: 'object',
        required: ['table', 'since', 'reason', 'atMs'],
        properties: {
          ...{table: text, since: text, reason: text, atMs: {type: 'number'}},
          ...{removesRows: {type: 'boolean'}, gone: {type: 'boolean'}},
        },
      },
    },
  },
} as const

let compiled: ValidateFunction<Checkpoint> | null = null

/** Compiled when it is first needed: a task that begins anew has nothing to check. */
function validator(): ValidateFunction<Checkpoint> {
  // That the schema is one, a test has found out: compiling ajv's own schema for it would take half of the time.
  const unchecked = {meta: false, validateSchema: false}
  compiled ??= new Ajv({allowUnionTypes: true, strict: false, ...unchecked, code: {optimize: false}}).compile(
    checkpointSchema,
  )
  return compiled
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({format: FORMAT, version: VERSION, ...checkpoint})
}

/** Throws TIDEMARK_STATE_FORMAT or TIDEMARK_STATE_NEWER. `where` names the store in the message. */
export function decodeCheckpoint(stored: string, where: string): Checkpoint {
  const value = parse(stored, where)
  const {format, version, ...checkpoint} = value as {format?: unknown; version?: unknown}
  if (format !== FORMAT || typeof version !== 'number') {
    throw stateError('TIDEMARK_STATE_FORMAT', `${where} does not hold Tidemark's state`)
  }
  if (version > VERSION) {
    throw stateError(
      'TIDEMARK_STATE_NEWER',
      `${where} was written by a newer Tidemark (format ${version}, this one knows up to ${VERSION}); run that version, or another state`,
    )
  }
  const validate = validator()
  if (!validate(checkpoint)) {
    const first = validate.errors?.[0]
    throw stateError(
      'TIDEMARK_STATE_FORMAT',
      `${where} is damaged at ${first?.instancePath ?? ''}: ${first?.message ?? ''}`,
    )
  }
  return checkpoint
}

function parse(stored: string, where: string): object {
  try {
    const value: unknown = JSON.parse(stored)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw stateError('TIDEMARK_STATE_FORMAT', `${where} is not JSON`, cause)
  }
  throw stateError('TIDEMARK_STATE_FORMAT', `${where} does not hold Tidemark's state`)
}

function stateError(code: string, message: string, cause?: unknown): TidemarkError {
  return new TidemarkError(code, `${message}; move it away to begin anew (tables must be copied again then)`, {cause})
}
