// What `import … from 'tidemark'` gives: the other entry beside the command line.

import type {CaptureConfig} from './library/capture-settings.ts'
import type {CaptureStream} from './library/capture-stream.ts'
import {startCapture} from './library/start-capture.ts'
import type {CaptureOptions} from './library/start-capture.ts'

export {TidemarkError} from './core/tidemark-error.ts'
export type {ErrorKind} from './core/tidemark-error.ts'
export type {Log} from './core/log.ts'
export type {CaptureConfig} from './library/capture-settings.ts'
export type {CaptureStream, SignalAnswer, SignalRequest} from './library/capture-stream.ts'
export type {CapturedEvent, Envelope, EventSource} from './library/captured-event.ts'
export type {JsonObject, JsonValue} from './library/exact-json.ts'
export type {CaptureOptions, CaptureStore} from './library/start-capture.ts'
export type {StatusReport} from './task/status.ts'

/**
 * The changes of a MySQL server as an async iterable.
 *
 * ```ts
 * const stream = await capture('shop.json')
 * for await (const event of stream) {
 *   await store(event.envelope())
 *   event.ack()
 * }
 * ```
 *
 * `config` is a configuration file, or its keys; `sink.*` in it have no effect. Every event comes at least once: after a restart the
 * stream goes on behind the last event before which all were acknowledged. Events come in the binlog's order for each row's key;
 * with `snapshot.mode` and signals rows are copied while the stream goes on.
 */
export async function capture(config: string | CaptureConfig, options: CaptureOptions = {}): Promise<CaptureStream> {
  return await startCapture(config, {...options, env: options.env ?? process.env})
}
