// Statements, drawn at random, that change a table as a whole: what is in it, under which key and which name it is. The table is
// there again behind each of them, with the columns that it had.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import type {SeededRandom} from './seeded-random.ts'

type Change = (parts: {
  readonly connection: Connection
  readonly name: string
  readonly random: SeededRandom
}) => Promise<readonly string[]> | readonly string[]

const CHANGES: readonly Change[] = [
  ({name}) => [`TRUNCATE TABLE ${name}`],
  // What the server makes of the name is what it was: its rows are others.
  async ({connection, name}) => {
    const [[row]] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE ${name}`)
    return [`DROP TABLE ${name}`, String(row!['Create Table'])]
  },
  async ({connection, name, random}) => {
    const shadow = `_${name}_gho`
    const columns = await columnsOf(connection, name)
    return [
      `CREATE TABLE ${shadow} LIKE ${name}`,
      `ALTER TABLE ${shadow} ${random.pick(['FORCE', 'ADD INDEX (v)', "COMMENT 'altered'"])}`,
      `INSERT IGNORE INTO ${shadow} (${columns}) (SELECT ${columns} FROM ${name} WHERE v % 9 <> 0 LOCK IN SHARE MODE)`,
      `RENAME /* gh-ost */ TABLE ${name} TO _${name}_del, ${shadow} TO ${name}`,
      `DROP TABLE IF EXISTS _${name}_del`,
    ]
  },
  ({name}) => [`RENAME TABLE ${name} TO _${name}_away`, `ALTER TABLE _${name}_away RENAME ${name}`],
  async ({connection, name, random}) => {
    const key = (await keyOf(connection, name)).filter(column => column !== 'v')
    const columns = random.chance(0.5) ? [...key, 'v'] : key
    return [`ALTER TABLE ${name} DROP PRIMARY KEY, ADD PRIMARY KEY (${columns.join(', ')})`]
  },
  ({name, random}) => [
    `ALTER TABLE ${name} PARTITION BY KEY () PARTITIONS 3`,
    `ALTER TABLE ${name} ${random.pick(['TRUNCATE PARTITION p0, p1', 'COALESCE PARTITION 1', 'ADD PARTITION PARTITIONS 1'])}`,
  ],
  ({name}) => [
    `ALTER TABLE ${name} PARTITION BY KEY () PARTITIONS 2`,
    `CREATE TABLE _${name}_part LIKE ${name}`,
    `ALTER TABLE _${name}_part REMOVE PARTITIONING`,
    `ALTER TABLE ${name} EXCHANGE PARTITION p1 WITH TABLE _${name}_part`,
    `DROP TABLE _${name}_part`,
    `ALTER TABLE ${name} REMOVE PARTITIONING`,
  ],
  // Nothing happens to its rows.
  ({name}) => [
    `ALTER TABLE ${name} ADD COLUMN v INT`,
    `CREATE TABLE _${name}_other (${name} INT PRIMARY KEY)`,
    `ALTER TABLE _${name}_other ADD COLUMN r0 INT, ADD INDEX (r0), COMMENT '${name}'`,
    `DROP TABLE _${name}_other`,
    `ALTER TABLE ${name} ENGINE=InnoDB`,
  ],
]

/** `tried`: runs a statement that the server may refuse. */
export async function changeWhole(
  connection: Connection,
  {name, random}: {name: string; random: SeededRandom},
  tried: (sql: string) => Promise<boolean>,
): Promise<void> {
  for (const sql of await random.pick(CHANGES)({connection, name, random})) await tried(sql)
  // Where one of them was refused, what it had been made for may be left.
  for (const rest of ['gho', 'part']) await tried(`DROP TABLE IF EXISTS _${name}_${rest}`)
}

async function columnsOf(connection: Connection, name: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND GENERATION_EXPRESSION = '' ORDER BY ORDINAL_POSITION`,
    [name],
  )
  return rows.map(row => `\`${String(row['name'])}\``).join(', ')
}

async function keyOf(connection: Connection, name: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.KEY_COLUMN_USAGE
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY ORDINAL_POSITION`,
    [name],
  )
  return rows.map(row => String(row['name']))
}
