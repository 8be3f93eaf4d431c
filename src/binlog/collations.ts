// Collation ids as the binlog has them, with the names that information_schema gives their character sets. They are read
// from the server, so that a table's shape has the same names from either side, and its own collations are known.

import iconv from 'iconv-lite'
import {TidemarkError} from '../core/tidemark-error.ts'

export interface Charset {
  /** MySQL's name, e.g. `utf8mb4`. */
  readonly name: string
  /** Most bytes of one character. */
  readonly maxBytes: number
}

/** One row each: collation id, character set name, most bytes of a character. */
export const COLLATIONS_QUERY =
  'SELECT l.ID AS id, l.CHARACTER_SET_NAME AS name, s.MAXLEN AS maxBytes FROM information_schema.COLLATIONS l ' +
  'JOIN information_schema.CHARACTER_SETS s ON s.CHARACTER_SET_NAME = l.CHARACTER_SET_NAME'

export const BINARY_COLLATION = 63

export class Collations {
  readonly #charsets = new Map<number, Charset>()

  constructor(rows: Iterable<{readonly id: number; readonly name: string; readonly maxBytes: number}>) {
    const byName = new Map<string, Charset>()
    for (const {id, name, maxBytes} of rows) {
      const charset = byName.get(name) ?? {name, maxBytes: Number(maxBytes)}
      byName.set(name, charset)
      this.#charsets.set(Number(id), charset)
    }
  }

  /** Throws TIDEMARK_BINLOG_COLLATION where the server did not name the id. */
  charsetOf(collation: number): Charset {
    const charset = this.#charsets.get(collation)
    if (charset !== undefined) return charset
    throw new TidemarkError(
      'TIDEMARK_BINLOG_COLLATION',
      `the binlog names collation ${collation}, which information_schema.COLLATIONS of this server does not have; ` +
        'add the collation to the server that the binlog is read from',
    )
  }
}

/** MySQL's names where iconv-lite has another or takes another byte order for the same name. */
const ICONV_NAMES: Readonly<Record<string, string>> = {
  utf8mb3: 'utf8',
  utf8mb4: 'utf8',
  latin1: 'cp1252',
  ucs2: 'utf16-be',
  utf16: 'utf16-be',
  utf16le: 'utf16-le',
  utf32: 'utf32-be',
  ujis: 'eucjp',
  eucjpms: 'eucjp',
  macce: 'maccenteuro',
}

/** Text in a character set of MySQL's; only for names and statements, not for rows. Throws TIDEMARK_BINLOG_CHARSET. */
export function decodeText(bytes: Buffer, charset: string): string {
  const name = ICONV_NAMES[charset] ?? charset
  if (name === 'utf8') return bytes.toString('utf8')
  if (charset === 'binary') return bytes.toString('latin1')
  // iconv-lite has no dec8, geostd8, hp8, keybcs2 and swe7; ASCII is the same in all of them but swe7.
  if (charset !== 'swe7' && bytes.every(byte => byte < 0x80) && !name.startsWith('utf')) return bytes.toString('latin1')
  if (!iconv.encodingExists(name)) {
    throw new TidemarkError(
      'TIDEMARK_BINLOG_CHARSET',
      `text in character set ${charset} cannot be read; convert the column to utf8mb4, or leave its table out`,
    )
  }
  return iconv.decode(bytes, name, {stripBOM: false})
}
