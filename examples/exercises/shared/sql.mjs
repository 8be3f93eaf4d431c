// Runs SQL as root and prints rows as the mysql client does in a pipe: tabs between columns, names first.

import {readFileSync} from 'node:fs'
import {createConnection} from 'mysql2/promise'

const {env} = process
const args = process.argv.slice(2)
const server = args[0] === '--replica' ? 'REPLICA' : 'MYSQL'
if (server === 'REPLICA') args.shift()
const text = args[0] ?? readFileSync(0, 'utf8')

const connection = await createConnection({
  host: env[`${server}_HOST`] ?? '',
  port: Number(env[`${server}_PORT`]),
  user: env[`${server}_USER`] ?? '',
  password: env[`${server}_PASSWORD`] ?? '',
  multipleStatements: true,
  dateStrings: true,
  rowsAsArray: true,
})
try {
  const [results, fields] = await connection.query(text)
  // Of several statements nothing is shown.
  const columns = (fields ?? []).flatMap(column => (column !== undefined && 'name' in column ? [column.name] : []))
  if (columns.length > 0 && Array.isArray(results))
    print([columns, .../** @type {(string | number | null)[][]} */ (results)])
} catch (error) {
  process.stderr.write(`sql: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await connection.end()
}

/** @param {readonly (readonly (string | number | null)[])[]} rows */
function print(rows) {
  for (const row of rows) process.stdout.write(`${row.map(value => String(value ?? 'NULL')).join('\t')}\n`)
}
