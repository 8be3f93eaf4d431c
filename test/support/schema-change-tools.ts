// What gh-ost and pt-online-schema-change do to a table that others write to, statement for statement: a shadow table, the
// rows in chunks, the changes meanwhile (read from the binlog by the one, by triggers of the other), and a swap of names.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import type {SeededRandom} from './seeded-random.ts'

/** One change of a row, as gh-ost finds it in the binlog: the whole row, or its end. */
interface RowChange {
  readonly id: number
  readonly note: string | null
}

export const ORDERS = 'id INT NOT NULL, note VARCHAR(40) NOT NULL, amount INT NOT NULL DEFAULT 1, PRIMARY KEY (id)'

/** Writes to the table `orders` (id, note, …) without pause, and remembers each change from before it is made. */
export class OrdersWriter {
  readonly changes: RowChange[] = []
  readonly connection: Connection
  readonly #random: SeededRandom
  readonly #keys: number
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(connection: Connection, random: SeededRandom, keys: number) {
    this.connection = connection
    this.#random = random
    this.#keys = keys
  }

  start(): void {
    this.#running = this.#run()
    this.#running.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  /** So many changes more. */
  async written(count: number): Promise<void> {
    const wanted = this.changes.length + count
    await eventually({what: `${count} changes`, timeoutMs: 60_000}, () =>
      this.changes.length >= wanted ? true : undefined,
    )
  }

  /** Until the last of `changes` waits for a lock on the table, and all before it are made. */
  async blocked(connection: Connection): Promise<void> {
    await untilWaiting(connection, this.connection.threadId)
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const id = this.#random.integer(1, this.#keys)
      const note = this.#random.chance(0.25) ? null : `changed ${this.changes.length}`
      this.changes.push({id, note})
      if (note === null) await this.connection.query('DELETE FROM orders WHERE id = ?', [id])
      else await this.connection.query('REPLACE INTO orders (id, note) VALUES (?, ?)', [id, note])
    }
  }
}

async function untilWaiting(connection: Connection, thread: number): Promise<void> {
  await eventually({what: `connection ${thread} to wait for a lock`, timeoutMs: 60_000}, async () => {
    const [found] = await connection.query<RowDataPacket[]>(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ? AND STATE LIKE 'Waiting for table metadata lock'",
      [thread],
    )
    return found.length > 0 ? true : undefined
  })
}

export interface SchemaChangeTool {
  readonly database: string
  readonly connect: () => Promise<Connection>
  readonly writer: OrdersWriter
  /** Clauses of the ALTER TABLE. */
  readonly alter: string
  /** Rows of a chunk. */
  readonly chunk: number
  /** Between two steps. */
  readonly step: () => Promise<void>
}

export async function runGhOst({database, connect, writer, alter, chunk, step}: SchemaChangeTool): Promise<void> {
  const name = (table: string): string => `\`${database}\`.\`${table}\``
  const ghost = name('_orders_gho')
  const log = name('_orders_ghc')
  const applier = await connect()
  const locker = await connect()
  const renamer = await connect()
  await applier.query(`drop /* gh-ost */ table if exists ${ghost}`)
  await applier.query(`drop /* gh-ost */ table if exists ${log}`)
  await applier.query(`create /* gh-ost */ table ${log} (
      id bigint unsigned auto_increment,
      last_update timestamp not null DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      hint varchar(64) charset ascii not null,
      value varchar(4096) charset ascii not null,
      primary key(id),
      unique key hint_uidx(hint)
    ) auto_increment=256 comment='gh-ost changelog'`)
  const begun = writer.changes.length
  await applier.query(`create /* gh-ost */ table ${ghost} like ${name('orders')}`)
  await applier.query(`alter /* gh-ost */ table ${ghost} ${alter}`)
  await applier.query(`insert /* gh-ost */ into ${log} (id, hint, value) values (NULLIF(2, 0), 'state', 'GhostTableMigrated')
    on duplicate key update last_update=NOW(), value=VALUES(value)`)
  let applied = begun
  const apply = async (end: number): Promise<void> => {
    for (; applied < end; applied++) {
      const {id, note} = writer.changes[applied]!
      if (note === null) await applier.query(`delete /* gh-ost ${ghost} */ from ${ghost} where ((id = ?))`, [id])
      else await applier.query(`replace /* gh-ost ${ghost} */ into ${ghost} (id, note) values (?, ?)`, [id, note])
    }
  }
  const [[last]] = await applier.query<RowDataPacket[]>(`select /* gh-ost */ max(id) as id from ${name('orders')}`)
  for (let from = 0; from < Number(last!['id']); from += chunk) {
    await applier.query(`insert /* gh-ost ${name('orders')} */ ignore into ${ghost} (id, note, amount)
      (select id, note, amount from ${name('orders')} force index (PRIMARY)
        where (((id > ${from})) and ((id <= ${from + chunk}))) lock in share mode)`)
    await apply(writer.changes.length - 1)
    await applier.query(`insert /* gh-ost */ into ${log} (hint, value) values ('copy iteration ${from}', 'x')
      on duplicate key update value=VALUES(value)`)
    await step()
  }
  // The atomic cut-over: a sentry under the name that the old table gets, both locked, the rename waiting behind the lock.
  await locker.query(`create /* gh-ost */ table ${name('_orders_del')} (id int auto_increment primary key)
    engine=InnoDB comment='ghost-cut-over-sentry'`)
  await locker.query('set /* gh-ost */ session lock_wait_timeout := 60')
  await locker.query(`lock /* gh-ost */ tables ${name('orders')} write, ${name('_orders_del')} write`)
  await writer.blocked(applier)
  await apply(writer.changes.length - 1)
  const renamed = renamer.query(
    `rename /* gh-ost */ table ${name('orders')} to ${name('_orders_del')}, ${ghost} to ${name('orders')}`,
  )
  await untilWaiting(applier, renamer.threadId)
  await locker.query(`drop /* gh-ost */ table if exists ${name('_orders_del')}`)
  await locker.query('unlock tables')
  await renamed
  await step()
  await applier.query(`drop /* gh-ost */ table if exists ${log}`)
  await applier.query(`drop /* gh-ost */ table if exists ${name('_orders_del')}`)
}

export async function runPtOsc({database, connect, alter, chunk, step}: SchemaChangeTool): Promise<void> {
  const name = (table: string): string => `\`${database}\`.\`${table}\``
  const [orders, shadow, old] = [name('orders'), name('_orders_new'), name('_orders_old')]
  const connection = await connect()
  const triggers = ['del', 'upd', 'ins'].map(event => name(`pt_osc_${database}_orders_${event}`))
  await connection.query(`CREATE TABLE ${shadow} (${ORDERS})`)
  await connection.query(`ALTER TABLE ${shadow} ${alter}`)
  await connection.query(`CREATE TRIGGER ${triggers[0]!} AFTER DELETE ON ${orders} FOR EACH ROW BEGIN
      DECLARE CONTINUE HANDLER FOR 1146 begin end; DELETE IGNORE FROM ${shadow} WHERE ${shadow}.\`id\` <=> OLD.\`id\`; END`)
  await connection.query(`CREATE TRIGGER ${triggers[1]!} AFTER UPDATE ON ${orders} FOR EACH ROW BEGIN
      DECLARE CONTINUE HANDLER FOR 1146 begin end;
      DELETE IGNORE FROM ${shadow} WHERE !(OLD.\`id\` <=> NEW.\`id\`) AND ${shadow}.\`id\` <=> OLD.\`id\`;
      REPLACE INTO ${shadow} (\`id\`, \`note\`, \`amount\`) VALUES (NEW.\`id\`, NEW.\`note\`, NEW.\`amount\`); END`)
  await connection.query(`CREATE TRIGGER ${triggers[2]!} AFTER INSERT ON ${orders} FOR EACH ROW BEGIN
      DECLARE CONTINUE HANDLER FOR 1146 begin end;
      REPLACE INTO ${shadow} (\`id\`, \`note\`, \`amount\`) VALUES (NEW.\`id\`, NEW.\`note\`, NEW.\`amount\`); END`)
  const [[last]] = await connection.query<RowDataPacket[]>(`SELECT MAX(id) AS id FROM ${orders}`)
  for (let from = 1; from <= Number(last!['id']); from += chunk) {
    const copy = `INSERT LOW_PRIORITY IGNORE INTO ${shadow} (\`id\`, \`note\`, \`amount\`)
      SELECT \`id\`, \`note\`, \`amount\` FROM ${orders} FORCE INDEX(\`PRIMARY\`)
      WHERE ((\`id\` >= ${from})) AND ((\`id\` <= ${from + chunk - 1})) LOCK IN SHARE MODE /*pt-online-schema-change 1 copy nibble*/`
    // A deadlock with the triggers: the tool tries again.
    await eventually({what: 'a chunk', timeoutMs: 30_000}, async () => (await connection.query(copy), true))
    await step()
  }
  await connection.query(`ANALYZE TABLE ${shadow} /* pt-online-schema-change */`)
  await connection.query(`RENAME TABLE ${orders} TO ${old}, ${shadow} TO ${orders}`)
  await step()
  await connection.query(`DROP TABLE IF EXISTS ${old}`)
  for (const trigger of triggers) await connection.query(`DROP TRIGGER IF EXISTS ${trigger}`)
}
