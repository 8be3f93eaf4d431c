// Creates the shop's tables and fills them, in transactions of a size that no binlog minds.

import type {Connection} from 'mysql2/promise'
import type {ShopTable} from './shop-tables.ts'

const NUMBERS_PER_INSERT = 50_000

/** Two connections fill tables side by side. Resolves with the rows of each table, by name. */
export async function loadShop(
  tables: readonly ShopTable[],
  connections: readonly Connection[],
): Promise<Map<string, number>> {
  const rows = new Map<string, number>()
  // The largest first, so that the last ones end together.
  const waiting = [...tables].sort((a, b) => b.numbers - a.numbers)
  await Promise.all(
    connections.map(async connection => {
      // In another time zone than UTC some of the times would not exist.
      await connection.query(`SET SESSION cte_max_recursion_depth = ${NUMBERS_PER_INSERT + 1}, time_zone = '+00:00'`)
      for (let table = waiting.shift(); table !== undefined; table = waiting.shift()) {
        rows.set(table.name, await loadTable(table, connection))
      }
    }),
  )
  return new Map(tables.map(({name}) => [name, rows.get(name) ?? 0]))
}

async function loadTable(table: ShopTable, connection: Connection): Promise<number> {
  await connection.query(table.create)
  let rows = 0
  for (let first = 1; first <= table.numbers; first += NUMBERS_PER_INSERT) {
    const last = Math.min(table.numbers, first + NUMBERS_PER_INSERT - 1)
    const [result] = await connection.query(table.fill(first, last))
    rows += (result as {affectedRows: number}).affectedRows
  }
  // So that the server's estimates, which the bars begin with, are close.
  await connection.query(`ANALYZE TABLE ${table.name}`)
  return rows
}
