// Tables for the random writer, one for each kind of key. A key is known by its number; what it looks like in SQL, in
// the table and in an event is the shape's business. The three are made independently of each other.

import {createHash} from 'node:crypto'

export interface KeyShape {
  /** The table's name. */
  readonly name: string
  /** Key columns and key, as they stand in CREATE TABLE. */
  readonly ddl: string
  readonly columns: readonly string[]
  /** Keys are numbered from 0 to here, exclusive. */
  readonly size: number
  /** Ways to write one and the same key, as far as its collation goes. */
  readonly spellings: number
  /** SQL literals of the key columns. */
  literals(index: number, spelling: number): readonly string[]
  /** The key as canonical text. */
  text(index: number, spelling: number): string
  /** The same from a row of the table. */
  readonly textSql: string
  /** The same from an event's key, whose members are JSON texts. */
  textOfEvent(members: ReadonlyMap<string, string>): string
}

/** Every shape that the issue names, and some more; `size` keys each, as far as the type has so many. */
export function keyShapes(size: number): KeyShape[] {
  return [
    bigint(size),
    unsignedBigint(size),
    composite(size),
    caseInsensitive(size),
    varbinary(size),
    uuid(size),
    decimal(size),
    datetime(size),
    enumeration(Math.min(size, 400)),
    uniqueWithoutPrimary(size),
    double(size),
    timestamp(size),
    binary(size),
    time(size),
    bit(size),
    float(size),
    latin1(size),
  ]
}

/** One table that nobody writes to, to count read events on. */
export function bigint(size: number, name = 'k_bigint'): KeyShape {
  const value = (index: number): bigint => BigInt(index - (size >> 1)) * 1_000_003_000_007n
  return {
    ...single(name, 'k BIGINT NOT NULL', size),
    literals: index => [String(value(index))],
    text: index => String(value(index)),
    textSql: 'CAST(k AS CHAR)',
    textOfEvent: members => member(members, 'k'),
  }
}

function unsignedBigint(size: number): KeyShape {
  const value = (index: number): bigint => 2n ** 63n - BigInt(size) + BigInt(index) * 5n
  return {
    ...single('k_ubigint', 'k BIGINT UNSIGNED NOT NULL', size),
    literals: index => [String(value(index))],
    text: index => String(value(index)),
    textSql: 'CAST(k AS CHAR)',
    // Debezium's bigint.unsigned.handling.mode=long lets large values come out negative.
    textOfEvent: members => String(BigInt.asUintN(64, BigInt(member(members, 'k')))),
  }
}

function composite(size: number): KeyShape {
  const parts = (index: number): [number, string] => [(index % 37) - 18, `part ${index}`]
  return {
    name: 'k_composite',
    ddl: 'a INT NOT NULL, b VARCHAR(30) NOT NULL, PRIMARY KEY (a, b)',
    columns: ['a', 'b'],
    size,
    spellings: 1,
    literals: index => [String(parts(index)[0]), quoted(parts(index)[1])],
    text: index => parts(index).join('|'),
    textSql: "CONCAT(a, '|', b)",
    textOfEvent: members => `${member(members, 'a')}|${string(members, 'b')}`,
  }
}

/** Accents and case do not count, nor do trailing blanks; the exact spelling is the key all the same. */
function caseInsensitive(size: number): KeyShape {
  const text = (index: number, spelling: number): string =>
    [`élan ${index}`, `ELAN ${index}`, `Élan ${index}  `, `elan ${index} `][spelling]!
  return {
    ...single('k_ci', 'k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL', size),
    spellings: 4,
    literals: (index, spelling) => [quoted(text(index, spelling))],
    text,
    textSql: 'k',
    textOfEvent: members => string(members, 'k'),
  }
}

function varbinary(size: number): KeyShape {
  const bytes = (index: number): Buffer =>
    Buffer.from([index & 0xff, ...[[], [0x00], [0xff], [0x5c, 0x27], [0x00, 0x00]][index % 5]!, index >> 8, 0x00])
  return {
    ...single('k_varbinary', 'k VARBINARY(16) NOT NULL', size),
    literals: index => [`X'${bytes(index).toString('hex')}'`],
    text: index => bytes(index).toString('hex'),
    textSql: 'LOWER(HEX(k))',
    textOfEvent: members => Buffer.from(string(members, 'k'), 'base64').toString('hex'),
  }
}

function uuid(size: number): KeyShape {
  const text = (index: number): string =>
    createHash('md5')
      .update(`row ${index}`)
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return {
    ...single('k_uuid', 'k CHAR(36) NOT NULL', size),
    literals: index => [quoted(text(index))],
    text,
    textSql: 'k',
    textOfEvent: members => string(members, 'k'),
  }
}

function decimal(size: number): KeyShape {
  const unscaled = (index: number): bigint => BigInt(index - (size >> 1)) * 98_765_432_109n
  return {
    ...single('k_decimal', 'k DECIMAL(20,5) NOT NULL', size),
    literals: index => {
      const digits = String(unscaled(index)).replace('-', '').padStart(6, '0')
      return [`${unscaled(index) < 0n ? '-' : ''}${digits.slice(0, -5)}.${digits.slice(-5)}`]
    },
    text: index => String(unscaled(index)),
    textSql: 'CAST(CAST(k * 100000 AS SIGNED) AS CHAR)',
    textOfEvent: members => {
      const bytes = Buffer.from(string(members, 'k'), 'base64')
      return String(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)))
    },
  }
}

function datetime(size: number): KeyShape {
  // Around 1970, so that half of the values are negative in the event; steps of 1.000001 s.
  const micros = (index: number): number => (index - (size >> 1)) * 1_000_001
  return {
    ...single('k_datetime', 'k DATETIME(6) NOT NULL', size),
    literals: index => [quoted(dateText(micros(index)))],
    text: index => String(micros(index)),
    textSql: "CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', k) AS CHAR)",
    textOfEvent: members => member(members, 'k'),
  }
}

function enumeration(size: number): KeyShape {
  // MySQL orders an ENUM by the place in its definition: here the names run against it.
  const text = (index: number): string => `m${size - index}`
  const members = Array.from({length: size}, (_, index) => quoted(text(index)))
  return {
    ...single('k_enum', `k ENUM(${members.join(',')}) NOT NULL`, size),
    literals: index => [quoted(text(index))],
    text,
    textSql: 'CAST(k AS CHAR)',
    textOfEvent: members_ => string(members_, 'k'),
  }
}

function uniqueWithoutPrimary(size: number): KeyShape {
  return {
    name: 'k_unique',
    ddl: 'a SMALLINT UNSIGNED NOT NULL, b CHAR(8) NOT NULL, c INT NULL, UNIQUE KEY wrong (c), UNIQUE KEY right_one (a, b)',
    columns: ['a', 'b'],
    size,
    spellings: 1,
    literals: index => [String(index % 11), quoted(`u${index}`)],
    text: index => `${index % 11}|u${index}`,
    textSql: "CONCAT(a, '|', b)",
    textOfEvent: members => `${member(members, 'a')}|${string(members, 'b')}`,
  }
}

function double(size: number): KeyShape {
  const value = (index: number): number => (index - (size >> 1)) / 7
  return {
    ...single('k_double', 'k DOUBLE NOT NULL', size),
    literals: index => [`${value(index).toExponential()}`],
    text: index => String(Math.round(value(index) * 7)),
    textSql: 'CAST(CAST(ROUND(k * 7) AS SIGNED) AS CHAR)',
    textOfEvent: members => String(Math.round(Number(member(members, 'k')) * 7)),
  }
}

function timestamp(size: number): KeyShape {
  const millis = (index: number): number => Date.UTC(2024, 2, 31) + index * 60_001
  return {
    ...single('k_timestamp', 'k TIMESTAMP(3) NOT NULL', size),
    literals: index => [quoted(dateText(millis(index) * 1000).slice(0, 23))],
    text: index => String(millis(index)),
    textSql: 'CAST(CAST(UNIX_TIMESTAMP(k) * 1000 AS SIGNED) AS CHAR)',
    textOfEvent: members => String(Date.parse(string(members, 'k'))),
  }
}

/** Fixed length: trailing zeros are part of the value, and the binlog leaves them out. */
function binary(size: number): KeyShape {
  const bytes = (index: number): Buffer => Buffer.from([index & 0xff, index >> 8, index % 3 === 0 ? 0x20 : 0, 0, 0, 0])
  return {
    ...single('k_binary', 'k BINARY(6) NOT NULL', size),
    literals: index => [`X'${bytes(index).toString('hex')}'`],
    text: index => bytes(index).toString('hex'),
    textSql: 'LOWER(HEX(k))',
    textOfEvent: members => Buffer.from(string(members, 'k'), 'base64').toString('hex'),
  }
}

/** Half of the values are negative. */
function time(size: number): KeyShape {
  const millis = (index: number): number => (index - (size >> 1)) * 1_001
  const clock = (value: number): string => `${value < 0 ? '-' : ''}${dateText(Math.abs(value) * 1000).slice(11, 23)}`
  return {
    ...single('k_time', 'k TIME(3) NOT NULL', size),
    literals: index => [quoted(clock(millis(index)))],
    text: index => String(millis(index) * 1000),
    textSql: "CAST(TIMESTAMPDIFF(MICROSECOND, '2000-01-01', ADDTIME(CAST('2000-01-01' AS DATETIME(3)), k)) AS CHAR)",
    textOfEvent: members => member(members, 'k'),
  }
}

function bit(size: number): KeyShape {
  return {
    ...single('k_bit', 'k BIT(20) NOT NULL', size),
    literals: index => [String(index * 257)],
    text: index => String(index * 257),
    textSql: 'CAST(k + 0 AS CHAR)',
    // Little-endian, as Debezium's Bits.
    textOfEvent: members => String(Buffer.from(string(members, 'k'), 'base64').readUIntLE(0, 3)),
  }
}

function float(size: number): KeyShape {
  return {
    ...single('k_float', 'k FLOAT NOT NULL', size),
    literals: index => [String((index - (size >> 1)) / 8)],
    text: index => String(index - (size >> 1)),
    textSql: 'CAST(CAST(k * 8 AS SIGNED) AS CHAR)',
    textOfEvent: members => String(Number(member(members, 'k')) * 8),
  }
}

function latin1(size: number): KeyShape {
  const text = (index: number): string => `cl\u00e9 \u00df ${index}`
  return {
    ...single('k_latin1', 'k VARCHAR(20) CHARACTER SET latin1 NOT NULL', size),
    literals: index => [quoted(text(index))],
    text,
    textSql: 'CONVERT(k USING utf8mb4)',
    textOfEvent: members => string(members, 'k'),
  }
}

function single(
  name: string,
  column: string,
  size: number,
): Pick<KeyShape, 'name' | 'ddl' | 'columns' | 'size' | 'spellings'> {
  return {name, ddl: `${column}, PRIMARY KEY (k)`, columns: ['k'], size, spellings: 1}
}

function dateText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${fraction}`
}

function quoted(text: string): string {
  return `'${text}'`
}

function member(members: ReadonlyMap<string, string>, name: string): string {
  const text = members.get(name)
  if (text === undefined) throw new Error(`the event's key has no ${name}, only ${[...members.keys()].join(', ')}`)
  return text
}

function string(members: ReadonlyMap<string, string>, name: string): string {
  return JSON.parse(member(members, name)) as string
}
