// A signal from the words of a command line. Pure; whether it can be carried out is for the task to say.

import {TidemarkError} from '../core/tidemark-error.ts'

export interface SignalWords {
  readonly type: string
  /** Tables, or the words of a log message. */
  readonly names: readonly string[]
  readonly where?: string
  readonly surrogateKey?: string
  readonly chunkSize?: number
  readonly maxRowsPerSecond?: number
  readonly priority?: number
  /** The data as JSON text, instead of what the other words say. */
  readonly data?: string
}

/** What only execute-snapshot has. */
const EXECUTE_WORDS = [
  ['where', '--where'],
  ['surrogateKey', '--surrogate-key'],
  ['chunkSize', '--chunk-size'],
  ['maxRowsPerSecond', '--max-rows-per-second'],
  ['priority', '--priority'],
] as const

/** What every channel carries; `data` is an object, as Debezium wants it. */
export interface SignalMessage {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Throws TIDEMARK_SIGNAL_USAGE where the words make no signal. */
export function signalMessage(words: SignalWords): SignalMessage {
  const {type, names, data} = words
  const own = EXECUTE_WORDS.find(([name]) => words[name] !== undefined)?.[1]
  if (data !== undefined) {
    if (names.length > 0 || own !== undefined) {
      throw usage(
        `--data holds everything: leave out tables${own === undefined ? '' : ` and ${own}`}, or write them into it`,
      )
    }
    return {type, data: parsedData(data)}
  }
  if (type !== 'execute-snapshot' && own !== undefined)
    throw usage(`${own} belongs to execute-snapshot, not to ${type}`)
  switch (type) {
    case 'execute-snapshot':
      return {type, data: executeData(words)}
    case 'stop-snapshot':
      return {type, data: {type: 'incremental', ...(names.length === 0 ? {} : {'data-collections': names})}}
    case 'pause-snapshot':
    case 'resume-snapshot':
      if (names.length > 0) throw usage(`${type} takes no tables: it is for all snapshots; stop-snapshot takes tables`)
      return {type, data: {type: 'incremental'}}
    case 'log':
      if (names.length === 0) throw usage('log needs a message, such as "deployed at {}"')
      return {type, data: {message: names.join(' ')}}
    default:
      if (names.length > 0)
        throw usage(`what ${type} does with ${names[0]!} is not known here: give its data with --data JSON`)
      return {type, data: {}}
  }
}

function executeData({names, where, surrogateKey, ...terms}: SignalWords): Record<string, unknown> {
  if (names.length === 0) {
    throw usage('execute-snapshot needs tables, as database.table or as regular expressions for whole names')
  }
  return {
    'data-collections': names,
    type: 'incremental',
    ...(where === undefined
      ? {}
      : {'additional-conditions': names.map(name => ({'data-collection': name, filter: where}))}),
    ...(surrogateKey === undefined ? {} : {'surrogate-key': surrogateKey}),
    ...(terms.chunkSize === undefined ? {} : {'chunk-size': terms.chunkSize}),
    ...(terms.maxRowsPerSecond === undefined ? {} : {'max-rows-per-second': terms.maxRowsPerSecond}),
    ...(terms.priority === undefined ? {} : {priority: terms.priority}),
  }
}

function parsedData(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw usage(`--data is not JSON: ${(error as Error).message}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw usage('--data must be a JSON object, like {"data-collections": ["shop.orders"]}')
}

function usage(message: string): TidemarkError {
  return new TidemarkError('TIDEMARK_SIGNAL_USAGE', message, {kind: 'configuration'})
}
