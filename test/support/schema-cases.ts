// Column definitions whose schemas say more than their type: defaults, declared types, comments, names. One table each.

import type {Connection} from 'mysql2/promise'

export interface SchemaCase {
  /** Behind the column's name. */
  readonly column: string
  readonly name?: string
}

const NUMBERS: readonly string[] = [
  ...['INT DEFAULT 0', 'INT DEFAULT -5', 'INT NOT NULL DEFAULT 7', 'INT NULL DEFAULT NULL', `INT DEFAULT '12'`],
  ...['INT UNSIGNED DEFAULT 4294967295', 'TINYINT(1) DEFAULT 1', 'TINYINT DEFAULT -1', 'TINYINT UNSIGNED DEFAULT 255'],
  ...['SMALLINT DEFAULT -32768', 'SMALLINT UNSIGNED NOT NULL DEFAULT 65535', 'MEDIUMINT UNSIGNED DEFAULT 3'],
  ...['BIGINT DEFAULT 9223372036854775807', 'BIGINT UNSIGNED DEFAULT 5', 'INT(6) ZEROFILL DEFAULT 42'],
  ...['DECIMAL(10,2) DEFAULT 1.5', 'DECIMAL(10,2) NOT NULL DEFAULT -12.34', 'DECIMAL(5,0) DEFAULT -3'],
  ...[`DECIMAL(65,30) DEFAULT '0.1'`, 'DECIMAL(10,2) UNSIGNED DEFAULT 0.00', 'NUMERIC(4,1) DEFAULT 2'],
  ...[
    'FLOAT DEFAULT 1.1',
    'FLOAT NOT NULL DEFAULT 0',
    'DOUBLE DEFAULT 1.1',
    'DOUBLE DEFAULT 1e300',
    'DOUBLE DEFAULT -2',
  ],
  ...[`BIT(1) DEFAULT b'1'`, `BIT(1) NOT NULL DEFAULT b'0'`, `BIT(8) DEFAULT b'101'`],
  ...[`BIT(20) NOT NULL DEFAULT b'10000000011'`, 'BIT(64) NULL', 'YEAR DEFAULT 2020', 'YEAR NOT NULL DEFAULT 1999'],
  ...['YEAR NULL', 'BOOL DEFAULT TRUE', 'BIGINT UNSIGNED DEFAULT 18446744073709551615', 'YEAR DEFAULT 0'],
]

const TEXTS: readonly string[] = [
  ...[`CHAR(5) DEFAULT 'ab'`, `VARCHAR(20) DEFAULT ''`, `VARCHAR(20) NOT NULL DEFAULT 'x''y"z\\\\'`],
  ...[`VARCHAR(20) DEFAULT 'é😀'`, `VARCHAR(20) DEFAULT '  sp '`, `VARCHAR(30) NOT NULL DEFAULT 'CURRENT_TIMESTAMP'`],
  ...[`VARCHAR(10) CHARACTER SET latin1 DEFAULT 'ä'`, `VARCHAR(10) DEFAULT NULL`, `VARCHAR(10) DEFAULT 'NULL'`],
  ...['VARCHAR(10) NOT NULL', 'TEXT', 'MEDIUMTEXT NOT NULL', `VARCHAR(10) DEFAULT 'true'`, `VARCHAR(10) DEFAULT '0'`],
  ...[
    `BINARY(5) DEFAULT 'ab'`,
    `VARBINARY(5) DEFAULT 'ab'`,
    'VARBINARY(5) DEFAULT 0x00FF',
    'BLOB',
    'BINARY(3) NOT NULL',
  ],
  ...[`ENUM('a','b') DEFAULT 'b'`, `ENUM('a','b') NOT NULL DEFAULT 'a'`, `ENUM('x,y','q''r') DEFAULT 'q''r'`],
  ...[`SET('a','b','c') DEFAULT 'a,c'`, `SET('a','b') DEFAULT ''`, `SET('a','b') NOT NULL`, 'JSON', 'VECTOR(3)'],
  ...['POINT', 'GEOMETRY NOT NULL', 'LINESTRING', `NCHAR(3) DEFAULT 'n'`],
]

const TIMES: readonly string[] = [
  ...[`DATE DEFAULT '2020-01-02'`, `DATE NOT NULL DEFAULT '0000-00-00'`, `DATE NULL DEFAULT '0000-00-00'`],
  ...[`DATE DEFAULT '2020-00-00'`, `DATE NOT NULL DEFAULT '1969-12-31'`, `DATETIME DEFAULT '2020-01-02 03:04:05'`],
  ...[`DATETIME(3) DEFAULT '2020-01-02 03:04:05.123'`, `DATETIME(6) NOT NULL DEFAULT '2020-01-02 03:04:05.123456'`],
  ...['DATETIME DEFAULT CURRENT_TIMESTAMP', 'DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP'],
  ...['DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)'],
  ...[`DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'`, `DATETIME NULL DEFAULT '0000-00-00 00:00:00'`],
  ...['TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP', 'TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP'],
  ...[`TIMESTAMP NOT NULL DEFAULT '2020-01-02 03:04:05'`, `TIMESTAMP(3) NOT NULL DEFAULT '2020-01-02 03:04:05.120'`],
  ...[`TIMESTAMP NULL DEFAULT '2020-01-02 03:04:05'`, 'TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)'],
  ...[`TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00'`, 'TIMESTAMP NULL DEFAULT 0'],
  ...[`TIME DEFAULT '01:02:03'`, `TIME(3) NOT NULL DEFAULT '23:02:03.5'`, `TIME DEFAULT '00:00:00'`, 'TIME(6)'],
  ...['DATETIME', 'TIMESTAMP NULL', 'DATE', `TIME DEFAULT '-01:02:03'`, `TIME DEFAULT '838:59:59'`],
]

/** What no constant is: Debezium has no default of these, or another of its own. */
const EXPRESSIONS: readonly string[] = [
  ...['INT DEFAULT (1+1)', 'VARCHAR(36) DEFAULT (UUID())', `TEXT DEFAULT ('abc')`, 'DATE DEFAULT (CURRENT_DATE)'],
  ...['DOUBLE DEFAULT (RAND())', 'JSON DEFAULT (JSON_OBJECT())', 'INT GENERATED ALWAYS AS (id + 1) STORED'],
  ...['INT GENERATED ALWAYS AS (id + 1) VIRTUAL', 'INT INVISIBLE DEFAULT 3', `INT NOT NULL COMMENT 'a "comment"; é'`],
  ...[`VARCHAR(5) DEFAULT 'c' COMMENT 'of text'`, `BLOB DEFAULT ('b')`, `VARCHAR(10) DEFAULT ('par')`],
]

const NAMES: readonly string[] = [
  ...['a.b', 'a b', '1st', 'naïve', '😀', 'select', 'a-b', 'a"q', "a'q", '_ok', 'Größe', 'a$b', 'x`y', 'back\\slash'],
]

export const SCHEMA_CASES: readonly SchemaCase[] = [
  ...[...NUMBERS, ...TEXTS, ...TIMES, ...EXPRESSIONS].map(column => ({column})),
  ...NAMES.map(name => ({column: 'INT DEFAULT 1', name})),
]

/** One table for each case, `s0` and on, each with a row of defaults and, where it may be, one of NULL. */
export async function fillSchemaTables(
  connection: Connection,
  isWanted: (column: string) => boolean = () => true,
): Promise<void> {
  await connection.query("SET sql_mode = '', time_zone = '+00:00'")
  for (const [i, {column, name = 'v'}] of SCHEMA_CASES.entries()) {
    if (!isWanted(column)) continue
    const quoted = `\`${name.replaceAll('`', '``')}\``
    await connection.query(
      `CREATE TABLE s${i} (id INT NOT NULL DEFAULT 0 PRIMARY KEY, ${quoted} ${column}) CHARACTER SET utf8mb4`,
    )
    const isGeometry = /^GEOMETRY/.test(column)
    await connection.query(
      isGeometry ? `INSERT INTO s${i} VALUES (1, POINT(1, 2))` : `INSERT INTO s${i} (id) VALUES (1)`,
    )
    if (!/NOT NULL|GENERATED/.test(column)) await connection.query(`INSERT INTO s${i} (id, ${quoted}) VALUES (2, NULL)`)
  }
}
