// Column definitions of every supported type with values at their edges, as SQL. One table each in the parity test.

import type {Connection} from 'mysql2/promise'

export interface ValueCase {
  /** Behind the column's name. */
  readonly column: string
  /** SQL expressions; each becomes one row. */
  readonly values: readonly string[]
}

const DIGITS = '1234567890123456789012345678901234567890'

/** Every fifth decimal width, so that all group sizes of the binary form occur at both sides of the point. */
function decimals(): ValueCase[] {
  const cases: ValueCase[] = []
  for (let precision = 1; precision <= 65; precision += precision < 20 ? 1 : 5) {
    for (const scale of new Set([0, 1, Math.min(30, Math.floor(precision / 2)), Math.min(precision, 30)])) {
      if (scale > precision) continue
      const whole = '9'.repeat(precision - scale) || '0'
      const fraction = scale === 0 ? '' : `.${'9'.repeat(scale)}`
      const smallest = scale === 0 ? '1' : `0.${'0'.repeat(scale - 1)}1`
      const some = `${DIGITS.slice(0, Math.min(40, precision - scale)) || '0'}${scale === 0 ? '' : `.${DIGITS.slice(0, scale)}`}`
      const values = [whole + fraction, smallest, some].flatMap(value => [value, `-${value}`])
      cases.push({column: `DECIMAL(${precision},${scale})`, values: ['0', 'NULL', ...values]})
    }
  }
  return cases
}

function integers(): ValueCase[] {
  const widths: [string, bigint][] = [
    ['TINYINT', 8n],
    ['SMALLINT', 16n],
    ['MEDIUMINT', 24n],
    ['INT', 32n],
    ['BIGINT', 64n],
  ]
  return widths.flatMap(([type, bits]) => {
    const half = 2n ** (bits - 1n)
    const signed = [-half, -half + 1n, -1n, 0n, 1n, 9n, 10n, 99n, half - 1n].map(String)
    const unsigned = [0n, 1n, half - 1n, half, half + 1n, 2n * half - 1n].map(String)
    const wide =
      bits < 64n
        ? []
        : [9007199254740991n, 9007199254740992n, 9007199254740993n, 999999999999999999n, 1000000000000000000n].flatMap(
            value => [String(value), String(-value)],
          )
    return [
      {column: type, values: ['NULL', ...signed, ...wide]},
      {column: `${type} UNSIGNED`, values: ['NULL', ...unsigned, ...wide.filter(value => !value.startsWith('-'))]},
      {column: `${type}(12) ZEROFILL`, values: ['0', '7', '100']},
    ]
  })
}

function fractions(type: string, values: readonly string[], zero: string): ValueCase[] {
  return [0, 1, 2, 3, 4, 5, 6].flatMap(digits => [
    {column: `${type}(${digits}) NULL`, values: ['NULL', ...values, zero]},
    {column: `${type}(${digits}) NOT NULL`, values: [...values, zero]},
  ])
}

const TEXTS = [
  `''`,
  `' '`,
  `'a  '`,
  `'it''s "quoted" \\\\ and \\n\\r\\t\\0'`,
  `CHAR(1,2,8,9,10,11,12,13,14,31,127 USING utf8mb4)`,
  `'é ü ß'`,
]

const WIDE_TEXTS = [...TEXTS, `'日本語 €'`, `'😀 𝄞'`, `CHAR(0xE2808B USING utf8mb4)`]

function texts(): ValueCase[] {
  const types = ['CHAR(60)', 'VARCHAR(60)', 'VARCHAR(300)', 'TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT']
  const utf8 = types.map(type => ({
    column: `${type} CHARACTER SET utf8mb4`,
    values: ['NULL', ...WIDE_TEXTS, `REPEAT('xé', 30)`],
  }))
  const others = ['utf16', 'utf16le', 'utf32'].map(charset => ({
    column: `VARCHAR(60) CHARACTER SET ${charset}`,
    values: ['NULL', ...WIDE_TEXTS],
  }))
  const narrow = ['utf8mb3', 'ucs2', 'latin1'].flatMap(charset => [
    {column: `CHAR(60) CHARACTER SET ${charset}`, values: ['NULL', ...TEXTS]},
    {column: `VARCHAR(60) CHARACTER SET ${charset}`, values: ['NULL', ...TEXTS]},
  ])
  const eastAsian = ['gbk', 'gb2312', 'gb18030', 'big5', 'sjis', 'cp932', 'ujis', 'eucjpms'].flatMap(charset => [
    {column: `CHAR(20) CHARACTER SET ${charset}`, values: ['NULL', `'日本'`, `'a日b"c '`]},
    {column: `VARCHAR(200) CHARACTER SET ${charset}`, values: [`''`, `REPEAT('日本x', 60)`]},
  ])
  return [
    ...utf8,
    ...others,
    ...eastAsian,
    ...narrow,
    {column: 'LONGTEXT CHARACTER SET utf8mb4', values: [`REPEAT('line "é"\\n', 20000)`, `REPEAT('x', 8192)`]},
    {column: 'CHAR(255) CHARACTER SET utf8mb4', values: [`'short'`, `REPEAT('😀', 255)`]},
  ]
}

function bytes(): ValueCase[] {
  const values = ['NULL', `''`, `x'00'`, `x'0000'`, `x'ff00ff00'`, `x'0102030405'`, `x'010203040500'`]
  return [
    ...['BINARY(8)', 'BINARY(9)', 'BINARY(10)', 'VARBINARY(8)', 'TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB'].map(
      type => ({
        column: type,
        values,
      }),
    ),
    {column: 'VARBINARY(300)', values: [`REPEAT(x'00ff', 150)`]},
    {column: 'BINARY(255)', values: [`''`, `REPEAT('a', 255)`]},
    {column: 'LONGBLOB', values: [`REPEAT(x'00010203fefdff', 20000)`]},
  ]
}

function bits(): ValueCase[] {
  return [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64].map(length => ({
    column: `BIT(${length})`,
    values: ['NULL', '0', '1', String(2n ** BigInt(length) - 1n), String(2n ** BigInt(length - 1))],
  }))
}

const DOUBLES = [
  ...[
    'NULL',
    '0',
    '-0e0',
    '1',
    '-1',
    '0.1',
    '1.5',
    '-2.25',
    '1e6',
    '9999999',
    '1e7',
    '12345678',
    '0.001',
    '0.0009',
    '1e-7',
  ],
  ...['1e15', '1e16', '123456789.125', '1e20', '1e21', '1e22', '1.7976931348623157e308', '2.2250738585072014e-308'],
  ...['5e-324', '3.141592653589793', '-1.1e-300', '9007199254740993', '0.30000000000000004', '4.35', '100'],
]
const FLOATS = [
  ...['NULL', '0', '-0e0', '1', '0.1', '16777216', '16777217', '3.4028234e38', '-3.4028234e38', '1.17549435e-38'],
  ...[
    '1e-45',
    '1.4e-44',
    '3.14159274',
    '0.001',
    '9999999',
    '1e7',
    '1e10',
    '33554432',
    '8.5e-5',
    '123456.789',
    '2.5e-40',
  ],
]

const LABELS = `'a','b''c','d "e"','f\\\\g','é','','日本'`
const SET_LABELS = Array.from({length: 64}, (_, i) => `'v${i}'`).join(',')

const JSON_NUMBERS = [
  ...[
    '0',
    '-0.0',
    '1.0',
    '100000.0',
    '1e14',
    '1e15',
    '1e16',
    '1.5e300',
    '0.00001',
    '1e-14',
    '1e-15',
    '1e-16',
    '1.25e-15',
  ],
  ...[
    '123456789.5',
    '1234567890123456.7',
    '5e-324',
    '1.7976931348623157e308',
    '123456789012345678',
    '18446744073709551615',
    '1e22',
  ],
  ...[
    '-9223372036854775808',
    '12345678901234567890123',
    '32767',
    '32768',
    '-32769',
    '65536',
    '2147483648',
    '4294967296',
  ],
]

function json(): ValueCase[] {
  const values = [
    'NULL',
    `'null'`,
    `'true'`,
    `'[]'`,
    `'{}'`,
    `'""'`,
    `'{"bb": 1, "a": [1, 2.5, "x", null, true, {"z": {}}], "ccc": "é😀"}'`,
    `JSON_QUOTE(CHAR(0,1,8,9,10,11,12,13,31,34,47,92,127 USING utf8mb4))`,
    `'[${JSON_NUMBERS.join(', ')}]'`,
    `JSON_ARRAY(CAST(1.10 AS DECIMAL(10,2)), CAST(-0.05 AS DECIMAL(30,20)), CAST(0 AS DECIMAL(3,0)), CAST('-123456789012345678901234567890.5' AS DECIMAL(65,30)))`,
    `JSON_ARRAY(DATE '2015-01-15', TIMESTAMP '2015-01-15 23:24:25.123456', TIME '-838:59:59', CAST('12:13:14.5' AS TIME(3)), TIME '00:00:00')`,
    `JSON_ARRAY(x'cafe', b'101', CAST(2024 AS YEAR), CAST(REPEAT('z', 57) AS BINARY), CAST(REPEAT('z', 58) AS BINARY), CAST('' AS BINARY))`,
    `JSON_ARRAY(REPEAT('x', 127), REPEAT('x', 128), REPEAT('y', 20000), REPEAT('é', 40000))`,
    `CAST(CONCAT('[', REPEAT('[', 90), '1', REPEAT(']', 90), ']') AS JSON)`,
    `(SELECT JSON_OBJECTAGG(CONCAT('key', i), i * 1000) FROM numbers)`,
    `(SELECT JSON_ARRAYAGG(REPEAT('w', 40)) FROM numbers)`,
    `JSON_OBJECT('geo', ST_GeomFromText('POINT(1 2)'), '', 1)`,
  ]
  return [{column: 'JSON', values}]
}

const DATES = [
  `'1970-01-01'`,
  `'1969-12-31'`,
  `'2024-02-29'`,
  `'0001-01-01'`,
  `'9999-12-31'`,
  `'1900-03-01'`,
  `'2000-12-31'`,
]
const DATETIMES = [
  ...[
    `'1970-01-01 00:00:00'`,
    `'1969-12-31 23:59:59.999999'`,
    `'1969-12-31 23:59:59.000001'`,
    `'2024-02-29 12:34:56.123456'`,
  ],
  ...[`'0001-01-01 00:00:00'`, `'9999-12-31 23:59:59'`, `'1970-01-01 00:00:00.000007'`, `'2001-09-09 01:46:40.5'`],
]
const TIMESTAMPS = [
  ...[`'1970-01-01 00:00:01'`, `'2024-02-29 12:34:56.123456'`, `'2038-01-19 03:14:07'`, `'2001-09-09 01:46:40.5'`],
  ...[`'2000-02-29 23:59:59.999'`],
]
const TIMES = [
  ...[
    `'00:00:00'`,
    `'-838:59:59'`,
    `'838:59:59'`,
    `'12:34:56.123456'`,
    `'-00:00:00.1'`,
    `'-00:00:01.999999'`,
    `'-12:00:00.000001'`,
  ],
  ...[`'-00:00:59.5'`, `'99:59:59'`, `'100:00:00.01'`],
]

/** An SRID of 4326 turns the axes of its text round; what is stored is longitude and latitude all the same. */
function spatial(): ValueCase[] {
  const geometries: Readonly<Record<string, readonly string[]>> = {
    POINT: ['POINT(1 2)', 'POINT(-0.5 1e-7)', 'POINT(12345678.125 -1e300)'],
    LINESTRING: ['LINESTRING(0 0, 1 1.5, -2 3)'],
    POLYGON: ['POLYGON((0 0, 10 0, 10 10, 0 0), (1 1, 2 1, 2 2, 1 1))'],
    MULTIPOINT: ['MULTIPOINT((0 0), (1 2))'],
    MULTILINESTRING: ['MULTILINESTRING((0 0, 1 1), (2 2, 3 3))'],
    MULTIPOLYGON: ['MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))'],
    GEOMETRYCOLLECTION: ['GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))', 'GEOMETRYCOLLECTION EMPTY'],
  }
  const literal = (text: string, srid = ''): string => `ST_GeomFromText('${text}'${srid})`
  const all = Object.values(geometries).flat()
  return [
    ...Object.entries(geometries).map(([type, texts]) => ({
      column: type,
      values: ['NULL', ...texts.map(text => literal(text)), ...texts.slice(0, 1).map(text => literal(text, ', 3857'))],
    })),
    {column: 'GEOMETRY', values: ['NULL', ...all.map(text => literal(text)), literal('POINT(48.8 2.35)', ', 4326')]},
    {column: 'POINT SRID 4326', values: ['NULL', literal('POINT(48.8 2.35)', ', 4326')]},
  ]
}

function vectors(): ValueCase[] {
  return [
    {column: 'VECTOR(3)', values: ['NULL', "STRING_TO_VECTOR('[1,-0.1,3.4e38]')", "STRING_TO_VECTOR('[0]')"]},
    {column: 'VECTOR', values: [`STRING_TO_VECTOR('[${Array.from({length: 2048}, (_, i) => i / 7).join(',')}]')`]},
  ]
}

/** Written with an empty sql_mode, so that zero dates and unknown labels get in. */
export const VALUE_CASES: readonly ValueCase[] = [
  ...integers(),
  ...decimals(),
  {column: 'DECIMAL(10,2) ZEROFILL', values: ['0', '1.5', '12345678.91']},
  {column: 'FLOAT', values: FLOATS},
  {column: 'FLOAT UNSIGNED ZEROFILL', values: ['0', '1.5']},
  {column: 'FLOAT(7,2)', values: ['0', '1.5', '12345.67', '-99999.99']},
  {column: 'DOUBLE', values: DOUBLES},
  {column: 'DOUBLE(20,3)', values: ['0', '1.5', '12345678901.125', '-0.001', '99999999999999999.999']},
  {column: 'DOUBLE ZEROFILL', values: ['0', '1.5']},
  ...bits(),
  ...texts(),
  ...bytes(),
  {column: 'DATE NULL', values: ['NULL', ...DATES, `'0000-00-00'`, `'2024-00-00'`, `'2024-05-00'`]},
  {column: 'DATE NOT NULL', values: [...DATES, `'0000-00-00'`, `'2024-00-00'`, `'2024-05-00'`]},
  ...fractions('DATETIME', DATETIMES, `'0000-00-00 00:00:00'`),
  ...fractions('TIMESTAMP', TIMESTAMPS, `'0000-00-00 00:00:00'`),
  ...fractions('TIME', TIMES, `'00:00:00'`),
  {column: 'YEAR', values: ['NULL', '0', '1901', '2024', '2155']},
  {column: `ENUM(${LABELS})`, values: ['NULL', '0', '1', '2', '3', '4', '5', '6', '7', `'nonsense'`]},
  {column: `ENUM(${LABELS}) CHARACTER SET latin1`, values: ['1', '2', '5']},
  {column: `ENUM(${Array.from({length: 300}, (_, i) => `'e${i}'`).join(',')})`, values: ['1', '255', '256', '300']},
  {column: `SET('a','b''c','é','d "e"')`, values: ['NULL', `''`, '1', '2', '3', '5', '15']},
  {column: `SET(${SET_LABELS.split(',').slice(0, 20).join(',')})`, values: ['1', '524288', '1048575']},
  {column: `SET(${SET_LABELS})`, values: ['0', '1', '9007199254740993', '18446744073709551615', '9223372036854775808']},
  ...json(),
  ...spatial(),
  ...vectors(),
]

/** One table for each case, `v0` and on: `id` is the value's place in the list, `v` the value. */
export async function fillValueTables(
  connection: Connection,
  isWanted: (column: string, value: string) => boolean = () => true,
): Promise<void> {
  await connection.query("SET sql_mode = '', time_zone = '+00:00'")
  await connection.query('CREATE TABLE numbers (i INT)')
  await connection.query(`INSERT INTO numbers VALUES ${Array.from({length: 2000}, (_, i) => `(${i})`).join(',')}`)
  for (const [i, {column, values}] of VALUE_CASES.entries()) {
    await connection.query(`CREATE TABLE v${i} (id INT PRIMARY KEY, v ${column}) CHARACTER SET utf8mb4`)
    for (const [row, value] of values.entries()) {
      if (isWanted(column, value)) await connection.query(`INSERT INTO v${i} SELECT ${row}, ${value}`)
    }
  }
}
