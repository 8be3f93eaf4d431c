// Names and constants as they stand in SQL text. Everything that goes into a statement without a placeholder passes here.
// Literals rely on the session's sql_mode (connections.ts): backslash escapes are on.

import type {TableId} from '../core/table-id.ts'

/** `name` in backticks. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** `database`.`table`, both in backticks. */
export function quoteTable(id: TableId): string {
  return `${quoteIdentifier(id.database)}.${quoteIdentifier(id.table)}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
  '\\': '\\\\',
  "'": "''",
}

/** `text` as a string literal of the connection's character set. */
export function stringLiteral(text: string): string {
  return `'${text.replace(/[\0\n\r\x1a\\']/g, character => ESCAPES[character]!)}'`
}

/** `bytes` as a hexadecimal literal: a binary string, whatever it holds. */
export function bytesLiteral(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return `x'${hex}'`
}

/** 'user'@'host' of an account, from CURRENT_USER(), quoted for GRANT and CREATE USER. */
export function accountLiteral(currentUser: string): string {
  const at = currentUser.lastIndexOf('@')
  return `${stringLiteral(currentUser.slice(0, at))}@${stringLiteral(currentUser.slice(at + 1))}`
}
