// Differences of JSON documents as a server with binlog_row_value_options=PARTIAL_JSON logs them.

import {jsonBinary, type JsonValue} from './json-binary.ts'

const OPERATIONS = ['replace', 'insert', 'remove'] as const

export function jsonDiff(operation: (typeof OPERATIONS)[number], path: string, value?: JsonValue): Buffer {
  const parts = [Buffer.of(OPERATIONS.indexOf(operation)), withLength(Buffer.from(path))]
  if (value !== undefined) parts.push(withLength(jsonBinary(value)))
  return Buffer.concat(parts)
}

function withLength(bytes: Buffer): Buffer {
  if (bytes.length < 251) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const head = bytes.length < 0x10000 ? Buffer.alloc(3, 0xfc) : Buffer.alloc(4, 0xfd)
  head.writeUIntLE(bytes.length, 1, head.length - 1)
  return Buffer.concat([head, bytes])
}
