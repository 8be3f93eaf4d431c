// The tables of the bench and their rows, made by the server itself.

import type {Connection} from 'mysql2/promise'
import {abortable} from './abortable.ts'

export interface BenchTable {
  readonly name: string
  readonly columns: string
  /** The columns' values for a number `n` from 1 on, which is the key. */
  readonly values: string
}

/** 6 columns, about 100 bytes as text. */
export const orders: BenchTable = {
  name: 'orders',
  columns: `id BIGINT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(20) NOT NULL, total DECIMAL(10,2) NOT NULL,
    created DATETIME NOT NULL, note VARCHAR(200) NOT NULL`,
  values: `n, n * 37 % 1000003, ELT(1 + n % 4, 'new', 'paid', 'delivered', 'returned'), n % 90000 + n % 100 / 100,
    TIMESTAMP('2024-01-01') + INTERVAL n SECOND, CONCAT('please leave the parcel with the neighbour, ', n % 97, ' rings')`,
}

/** What a run copies or streams before it is measured. */
export const warmUpOrders: BenchTable = {...orders, name: 'warm_up'}

/** Few bytes a row: the memory of a long table is not that of wide rows. */
export const narrow: BenchTable = {
  name: 'narrow',
  columns: 'id INT PRIMARY KEY, amount INT NOT NULL, code CHAR(4) NOT NULL',
  values: "n, n * 7 % 1000003, ELT(1 + n % 3, 'a', 'bb', 'cccc')",
}

/** What is written beside a snapshot, so that a consumer need not read the snapshot's flood. */
export const ticks: BenchTable = {
  name: 'ticks',
  columns: 'id BIGINT PRIMARY KEY, at DATETIME(3) NOT NULL, note VARCHAR(200) NOT NULL',
  values: "n, NOW(3), CONCAT('tick ', n)",
}

/** Tables like `orders`, `<prefix>_001` and on. */
export function manyOrders(prefix: string, count: number): BenchTable[] {
  return Array.from({length: count}, (_, index) => ({
    ...orders,
    name: `${prefix}_${String(index + 1).padStart(3, '0')}`,
  }))
}

/** One change in a transaction of its own among `rows` orders: eight updates, an insert and a delete of ten. */
export function orderChange(n: number, rows: number): {readonly sql: string; readonly values: readonly number[]} {
  // Spread over the whole table: neighbours in time are no neighbours in a chunk.
  const id = 1 + ((n * 48_271) % rows)
  if (n % 10 === 0)
    return {sql: `INSERT INTO orders SELECT ${orders.values} FROM (SELECT ? AS n) AS number`, values: [rows + n]}
  if (n % 10 === 5) return {sql: 'DELETE FROM orders WHERE id = ?', values: [id]}
  return {sql: "UPDATE orders SET customer_id = ?, status = 'changed' WHERE id = ?", values: [n, id]}
}

/** Rows that one statement makes at most, where nobody says how they are to be cut: a bound on the server's memory. */
const STATEMENT_ROWS = 500_000
/** Connections that commit one-row transactions side by side: the server then writes several with one flush. */
const ONE_ROW_CONNECTIONS = 4

/** Empty; an older one of the name is dropped. */
export async function createTable(connection: Connection, table: BenchTable, signal: AbortSignal): Promise<void> {
  await abortable(connection.query(`DROP TABLE IF EXISTS ${table.name}`), signal)
  await abortable(connection.query(`CREATE TABLE ${table.name} (${table.columns})`), signal)
}

export interface Load {
  readonly table: BenchTable
  readonly rows: number
  /** Null: as it comes. */
  readonly transactionRows: number | null
  readonly connect: () => Promise<Connection>
  readonly signal: AbortSignal
}

/** Fills the empty table with the numbers 1 to `rows`. */
export async function loadRows(load: Load): Promise<void> {
  const connection = await load.connect()
  try {
    if (load.transactionRows === 1) await oneRowTransactions(connection, load)
    else await batches(connection, load)
    await abortable(connection.query(`ANALYZE NO_WRITE_TO_BINLOG TABLE ${load.table.name}`), load.signal)
  } finally {
    connection.destroy()
  }
}

async function batches(connection: Connection, {table, rows, transactionRows, signal}: Load): Promise<void> {
  const one = transactionRows !== null && transactionRows > STATEMENT_ROWS
  const step = Math.min(transactionRows ?? STATEMENT_ROWS, STATEMENT_ROWS)
  await connection.query(`SET SESSION cte_max_recursion_depth = ${step + 1}`)
  if (one) await connection.query('BEGIN')
  for (let from = 1; from <= rows; from += step) {
    const count = Math.min(step, rows - from + 1)
    await abortable(
      connection.query(
        `INSERT INTO ${table.name} WITH RECURSIVE numbers (n) AS
           (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${from + count - 1})
         SELECT ${table.values} FROM numbers`,
      ),
      signal,
    )
  }
  if (one) await abortable(connection.query('COMMIT'), signal)
}

async function oneRowTransactions(connection: Connection, {table, rows, connect, signal}: Load): Promise<void> {
  await connection.query('DROP PROCEDURE IF EXISTS insert_one_by_one')
  await connection.query(
    `CREATE PROCEDURE insert_one_by_one(IN n INT, IN last INT, IN step INT)
     BEGIN WHILE n <= last DO INSERT INTO ${table.name} SELECT ${table.values}; SET n = n + step; END WHILE; END`,
  )
  const lanes = Array.from({length: ONE_ROW_CONNECTIONS}, async (_, lane) => {
    const own = await connect()
    try {
      await abortable(own.query('CALL insert_one_by_one(?, ?, ?)', [lane + 1, rows, ONE_ROW_CONNECTIONS]), signal)
    } finally {
      own.destroy()
    }
  })
  await Promise.all(lanes)
}
