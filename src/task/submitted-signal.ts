// A signal that came as an HTTP request, or from the program that we are a library of: taken like any other, and answered with its receipt once that is durable.

import {randomUUID} from 'node:crypto'
import {jsonSignal} from '../signals/json-signal.ts'
import type {HttpAnswer} from '../http/route.ts'
import type {SignalProcessor, SignalReceipt} from '../signals/signal-processor.ts'
import {describeError} from '../core/tidemark-error.ts'

export interface SubmittedSignalParts {
  readonly channel?: 'http' | 'program'
  readonly signals: SignalProcessor
  /** Resolves when the state as it is now is durable. */
  readonly store: () => Promise<void>
}

const STATUS: Readonly<Record<SignalReceipt['result'], number>> = {accepted: 202, rejected: 400, ignored: 409}
/** A client waits for so long; the signal is part of the state by then, and its receipt comes with GET /status. */
const PATIENCE_MS = 25_000

/** 202 with the receipt, 400 rejected, 409 ignored, 202 `pending` where the server is away, 503 where nothing can be stored. */
export async function submitSignal(
  text: string,
  {signals, store, channel = 'http'}: SubmittedSignalParts,
): Promise<HttpAnswer> {
  const occurrence = `${channel}-${randomUUID()}`
  // Like a row of the signal table without an id it gets a UUID.
  const record = jsonSignal(text, {channel, occurrence}, channel === 'http' ? 'the body' : 'the signal')
  const taken = record.id === occurrence ? {...record, id: ''} : record
  let timer: NodeJS.Timeout | undefined
  const gaveUp = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS)
  })
  const receipt = await Promise.race([signals.submit(taken), gaveUp])
  clearTimeout(timer)
  try {
    // A crash behind our answer must not lose what it promised.
    await store()
  } catch (error) {
    const {message} = describeError(error)
    return {status: 503, body: {error: `the signal was received, but the state cannot be stored: ${message}`}}
  }
  if (receipt === null) {
    const {id, type} = taken
    return {status: 202, body: {id, type, channel, result: 'pending', reason: 'the server does not answer yet'}}
  }
  return {status: STATUS[receipt.result], body: receipt}
}
