// How long the events of a JSON lines file are.

import {open} from 'node:fs/promises'
import type {EventBytes} from './figures.ts'

const SAMPLE_BYTES = 2 * 2 ** 20

/** Mean of some events from the middle of the file. */
export async function fileEventBytes(path: string): Promise<EventBytes> {
  const file = await open(path)
  try {
    const {size} = await file.stat()
    const length = Math.min(size, SAMPLE_BYTES)
    const {buffer} = await file.read(Buffer.alloc(length), 0, length, Math.floor((size - length) / 2))
    const lines = buffer.toString().split('\n')
    // The first and the last one are cut, unless the whole file was read.
    return meanOfLines(length === size ? lines.filter(line => line !== '') : lines.slice(1, -1))
  } finally {
    await file.close()
  }
}

function meanOfLines(lines: readonly string[]): EventBytes {
  const sum = {key: 0, value: 0, headers: 0}
  for (const line of lines) {
    const event = JSON.parse(line) as {key: unknown; value: unknown; headers?: Record<string, string>}
    sum.key += jsonBytes(event.key)
    sum.value += jsonBytes(event.value)
    for (const [name, value] of Object.entries(event.headers ?? {})) sum.headers += Buffer.byteLength(name + value)
  }
  return {key: sum.key / lines.length, value: sum.value / lines.length, headers: sum.headers / lines.length}
}

function jsonBytes(value: unknown): number {
  return value == null ? 0 : Buffer.byteLength(JSON.stringify(value))
}
