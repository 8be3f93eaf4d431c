// What writes the rows of the stream, put together from the settings.

import type {Settings} from '../config/settings.ts'
import {isSignalTable} from '../config/table-filter.ts'
import type {Log} from '../core/log.ts'
import {keyChangeHeaders} from '../encode/headers.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {TableCatalog} from '../stream/captured-table.ts'
import type {Emitter} from '../stream/emitter.ts'
import {FailingRows} from '../stream/failing-rows.ts'
import {RowEventWriter} from '../stream/row-event-writer.ts'
import type {RowEventWriterOptions} from '../stream/row-event-writer.ts'
import type {NoteLog} from '../stream/table-notes.ts'
import type {TopicDirectory} from '../stream/topic-lanes.ts'
import {TransformedEvents} from '../stream/transformed-events.ts'
import type {Divergences} from './divergences.ts'

export interface RowWriterParts {
  readonly settings: Settings
  readonly log: Log
  readonly emitter: Emitter
  readonly topics: TopicDirectory
  readonly notes: NoteLog
  readonly catalog: TableCatalog
  readonly divergences: Divergences
  readonly headers: EventHeaders | null
  readonly onSignalRow: RowEventWriterOptions['onSignalRow']
}

/** `failing` is null where whatever cannot be shown stops the task. */
export function createRowWriters(parts: RowWriterParts): {writer: RowEventWriter; failing: FailingRows | null} {
  const {settings, log, emitter, topics, notes, catalog, divergences, headers} = parts
  const writer = new RowEventWriter({
    ...{emitter, notes, headers, onSignalRow: parts.onSignalRow},
    transformed: new TransformedEvents({emitter, topics, log}),
    keyChangeHeaders: change => keyChangeHeaders(headers, change),
    tombstones: settings.events.tombstonesOnDelete,
    skipped: settings.events.skippedOperations,
    skipsUnchanged: settings.events.skipsUnchanged,
  })
  const modes = settings.stream.failures
  if (modes.rows === 'fail' && modes.definitions === 'fail') return {writer, failing: null}
  const failing = new FailingRows({
    ...{modes, writer, catalog, notes, log},
    isSignalTable: id => isSignalTable(settings, id),
    onLeftOut: (table, since, leftOut) => {
      divergences.leftOut(table, since, leftOut)
    },
  })
  return {writer, failing}
}
