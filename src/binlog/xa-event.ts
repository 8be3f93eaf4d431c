// XA transactions: how statements and XA_PREPARE events name them.

import type {ByteCursor} from './byte-cursor.ts'

/** What the server writes: `X'…',X'…',N`, global id, branch and format. */
const XID = /\bX'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(\d+)\s*$/i
/** MySQL's own limit, for each of the two parts. */
const MOST_BYTES = 64

/** The transaction that a statement as `XA COMMIT X'…',X'…',1` names; null where it is written in another way. */
export function xidOf(sql: string): string | null {
  const match = XID.exec(sql)
  return match === null ? null : xidText(match[1]!, match[2]!, match[3]!)
}

/** XA_PREPARE_LOG_EVENT: the transaction is prepared, or committed where it is done in one phase. */
export function readXaPrepare(cursor: ByteCursor): {readonly onePhase: boolean; readonly xid: string} {
  const onePhase = cursor.uint(1) !== 0
  const format = cursor.uint(4)
  const [global, branch] = [cursor.uint(4), cursor.uint(4)]
  if (global > MOST_BYTES || branch > MOST_BYTES) throw cursor.malformed('its XA transaction has too long a name')
  return {onePhase, xid: xidText(cursor.buffer(global).toString('hex'), cursor.buffer(branch).toString('hex'), format)}
}

function xidText(global: string, branch: string, format: string | number): string {
  return `X'${global.toLowerCase()}',X'${branch.toLowerCase()}',${String(format)}`
}
