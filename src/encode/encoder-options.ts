// What decides the bytes of rows and keys beside the table itself.

import type {EventSettings} from '../config/settings.ts'

/** May be handed to a worker. */
export interface EncoderOptions {
  readonly settings: Pick<
    EventSettings,
    | 'topicPrefix'
    | 'topicDelimiter'
    | 'keySchemasEnabled'
    | 'keyConverter'
    | 'keyDecimalFormat'
    | 'valueModes'
    | 'columns'
    | 'transforms'
    | 'schemas'
    | 'converters'
  >
}

/** Of a task's events, without what only others need. */
export function encoderOptions(events: EventSettings): EncoderOptions {
  const {topicPrefix, topicDelimiter, keySchemasEnabled, keyConverter, keyDecimalFormat, valueModes} = events
  const {columns, transforms, schemas, converters} = events
  return {
    settings: {
      ...{topicPrefix, topicDelimiter, keySchemasEnabled, keyConverter, keyDecimalFormat, valueModes},
      ...{columns, transforms, schemas, converters},
    },
  }
}
