import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowDataPacket} from 'mysql2/promise'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {charsetWriter} from '../../src/encode/values/charset.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'

const CODES_PER_QUERY = 1024

/** What the server makes of each code, null where it is not well-formed in the character set (or '': cut off). */
async function serverText(
  database: FreshDatabase,
  charset: string,
  codes: readonly Buffer[],
): Promise<(string | null)[]> {
  const texts: (string | null)[] = []
  for (let from = 0; from < codes.length; from += CODES_PER_QUERY) {
    const columns = codes
      .slice(from, from + CODES_PER_QUERY)
      .map((code, i) => `HEX(CONVERT(CONVERT(x'${code.toString('hex')}' USING ${charset}) USING utf8mb4)) AS c${i}`)
    const [rows] = await database.connection.query<RowDataPacket[][]>({
      sql: `SELECT ${columns.join(', ')}`,
      rowsAsArray: true,
    })
    const row = rows[0] as unknown as (string | null)[]
    texts.push(...row.map(hex => (hex === null ? null : Buffer.from(hex, 'hex').toString('utf8'))))
  }
  return texts
}

function ourText(charset: string, code: Buffer): string {
  const out = new ByteWriter(64)
  charsetWriter(charset, 'v')(code, 0, code.length, out)
  return JSON.parse(out.view().toString('utf8')) as string
}

function codesOf(maximum: number): Buffer[] {
  const codes: Buffer[] = []
  for (let a = 0; a < 256; a++) {
    codes.push(Buffer.of(a))
    if (maximum === 1 || a < 0x80) continue
    for (let b = 0x20; b < 256; b++) codes.push(Buffer.of(a, b))
  }
  return codes
}

function jisX0212(): Buffer[] {
  const codes: Buffer[] = []
  for (let a = 0xa1; a < 0xff; a++) for (let b = 0xa1; b < 0xff; b++) codes.push(Buffer.of(0x8f, a, b))
  return codes
}

function gb18030FourBytes(): Buffer[] {
  const codes: Buffer[] = []
  for (let linear = 0; linear < 39_420; linear += 7) codes.push(fourBytes(linear))
  for (let point = 0x10000; point < 0x110000; point += 4099) codes.push(fourBytes(189_000 + point - 0x10000))
  return codes
}

function fourBytes(linear: number): Buffer {
  const d = linear % 10
  const c = Math.floor(linear / 10) % 126
  const b = Math.floor(linear / 1260) % 10
  return Buffer.of(0x81 + Math.floor(linear / 12_600), 0x30 + b, 0x81 + c, 0x30 + d)
}

test('every code of every character set becomes the text that the server makes of it', async t => {
  const database = await freshDatabase(t, 'charsets')
  const [rows] = await database.connection.query<RowDataPacket[]>(
    'SELECT CHARACTER_SET_NAME AS name, MAXLEN AS maximum FROM information_schema.CHARACTER_SETS',
  )
  for (const {name, maximum} of rows as {name: string; maximum: number}[]) {
    if (/^(utf|ucs2|binary)/.test(name)) continue
    const codes = codesOf(Number(maximum))
    if (name === 'ujis' || name === 'eucjpms') codes.push(...jisX0212())
    if (name === 'gb18030') codes.push(...gb18030FourBytes())
    const wanted = await serverText(database, name, codes)
    const differences = codes.flatMap((code, i) => {
      const text = wanted[i]
      if (text == null || text === '' || ourText(name, code) === text) return []
      return [`${code.toString('hex')}: server ${text}, ours ${ourText(name, code)}`]
    })
    assert.deepEqual(differences.slice(0, 20), [], name)
  }
})

test('a character set that nobody knows is refused by name', () => {
  assert.throws(() => charsetWriter('klingon', 'v'), {code: 'TIDEMARK_VALUE_UNSUPPORTED_CHARSET', message: /klingon/})
})
