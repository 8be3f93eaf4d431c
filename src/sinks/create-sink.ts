// The sink that the settings name.

import type {EventSettings, SinkSettings} from '../config/settings.ts'
import {assertNever} from '../core/tidemark-error.ts'
import {JsonLinesSink} from './json-lines-sink.ts'
import {KafkaSink} from './kafka/kafka-sink.ts'
import type {Sink} from './sink.ts'
import type {Log} from '../core/log.ts'
import {StdoutSink} from './stdout-sink.ts'

export interface CreateSinkOptions {
  readonly log: Log
  readonly keyConverter: EventSettings['keyConverter']
}

/** Not opened yet. Throws TIDEMARK_CONFIG_INVALID for what can be seen to be impossible without a connection. */
export function createSink(settings: SinkSettings, {log, keyConverter}: CreateSinkOptions): Sink {
  switch (settings.type) {
    case 'kafka':
      return new KafkaSink({settings, log})
    case 'file':
      return new JsonLinesSink({path: settings.path, keyConverter, log})
    case 'stdout':
      return new StdoutSink({keyConverter, log})
    default:
      return assertNever(settings)
  }
}
