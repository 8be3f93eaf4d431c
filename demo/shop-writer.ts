// Changes the shop all the while: inserts, updates, deletes and changes of keys, some hundred rows a second.

import {setInterval} from 'node:timers/promises'
import type {Connection} from 'mysql2/promise'

const TRANSACTION_EVERY_MS = 25
const LARGEST_TRANSACTION = 20

export interface ChangeCounts {
  inserted: number
  updated: number
  deleted: number
  /** Rows whose primary key was changed. */
  rekeyed: number
}

export class ShopWriter {
  readonly counts: ChangeCounts = {inserted: 0, updated: 0, deleted: 0, rekeyed: 0}
  readonly #connection: Connection
  readonly #orders: number
  readonly #stopping = new AbortController()
  #written: Promise<void> | null = null

  constructor(connection: Connection, orders: number) {
    this.#connection = connection
    this.#orders = orders
  }

  /** `onFailure` is told why the writer stopped by itself. */
  start(onFailure: (error: unknown) => void): void {
    this.#written ??= this.#write().catch(onFailure)
  }

  /** Resolves when the last transaction is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#written
  }

  get total(): number {
    const {inserted, updated, deleted, rekeyed} = this.counts
    return inserted + updated + deleted + rekeyed
  }

  async #write(): Promise<void> {
    const {signal} = this.#stopping
    try {
      for await (const tick of setInterval(TRANSACTION_EVERY_MS, undefined, {signal})) {
        void tick
        await this.#transaction(1 + below(LARGEST_TRANSACTION))
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #transaction(changes: number): Promise<void> {
    await this.#connection.beginTransaction()
    for (let change = 0; change < changes; change++) await this.#change()
    await this.#connection.commit()
  }

  async #change(): Promise<void> {
    const [kind, sql] = this.#anyChange()
    const [result] = await this.#connection.query(sql)
    this.counts[kind] += (result as {affectedRows: number}).affectedRows
  }

  // Without foreign keys a row may be missing by now; such a change changes nothing, which is as it is in a shop.
  #anyChange(): [keyof ChangeCounts, string] {
    const order = 1 + below(this.#orders)
    const view = `'SKU-${padded(1 + below(this.#orders / 150), 6)}'`
    const changes: [keyof ChangeCounts, string][] = [
      [
        'inserted',
        `INSERT INTO orders (customer_id, status, total, note, placed_at)
        VALUES (${1 + below(this.#orders / 10)}, 'new', ${below(100_000) / 100}, 'placed just now ⚡', NOW(3))`,
      ],
      [
        'inserted',
        `INSERT IGNORE INTO order_items (order_id, line, sku, quantity, price)
        VALUES (${order}, ${10_000 + below(50_000)}, 'SKU-000001', 1, 9.99)`,
      ],
      [
        'inserted',
        `INSERT INTO payments (order_id, method, amount, reference, booked_at)
        VALUES (${order}, 'card', 12.34, RANDOM_BYTES(16), NOW(6))`,
      ],
      [
        'inserted',
        `INSERT INTO shipments (id, order_id, carrier, tracking, insured, sent_at)
        VALUES (UUID(), ${order}, 'Kurýr 🚲', '{"stops": 3}', 1, NOW(3))`,
      ],
      ['updated', `UPDATE orders SET status = 1 + ${below(4)}, total = total + 0.01 WHERE id = ${order}`],
      ['updated', `UPDATE orders SET note = 'changed 💡' WHERE id BETWEEN ${order} AND ${order + 2}`],
      [
        'updated',
        `UPDATE customers SET credit = credit + 1.5, preferences = JSON_OBJECT('theme', 'rosé', 'n', ${below(99)})
        WHERE id = ${1 + below(this.#orders / 10)}`,
      ],
      [
        'updated',
        `UPDATE products SET in_stock = in_stock - 1 WHERE sku >= 'SKU-${padded(below(this.#orders / 150), 6)}'
        ORDER BY sku LIMIT 1`,
      ],
      ['updated', `UPDATE payments SET booked_at = NOW(6) WHERE id = ${1 + below(this.#orders * 0.4)}`],
      [
        'inserted',
        `INSERT INTO page_views (sku, referrer, seconds, seen_on)
        VALUES (${view}, NULL, 0.5, '2024-01-01'), (${view}, NULL, 0.5, '2024-01-01')`,
      ],
      ['updated', `UPDATE page_views SET seconds = ${below(20) / 8} WHERE sku = ${view} LIMIT 2`],
      ['deleted', `DELETE FROM page_views WHERE sku = ${view} LIMIT 1`],
      ['deleted', `DELETE FROM orders WHERE id = ${order}`],
      ['deleted', `DELETE FROM order_items WHERE order_id = ${order} AND line = 2`],
      [
        'rekeyed',
        `UPDATE shipments SET id = UUID() WHERE id >= '${padded(below(this.#orders / 4).toString(16), 8)}'
        ORDER BY id LIMIT 1`,
      ],
      ['rekeyed', `UPDATE order_items SET line = line + 100 WHERE order_id = ${order} AND line = 1`],
      ['rekeyed', `UPDATE payments SET id = -id WHERE id = ${1 + below(this.#orders * 0.4)}`],
    ]
    return changes[below(changes.length)]!
  }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}

function padded(value: number | string, length: number): string {
  return String(value).padStart(length, '0')
}
