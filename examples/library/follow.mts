// Follows the orders of a shop: prints each change, and goes on behind the last one when it is started again.

import {capture, TidemarkError} from 'tidemark'

/** What is known of the table's columns. A BIGINT that a number cannot hold is a bigint. */
interface Order {
  readonly id: number | bigint
  readonly status: string
  readonly total: string
}

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())

try {
  const stream = await capture(process.argv[2] ?? 'shop.json', {signal: stopping.signal})
  for await (const event of stream) {
    const change = event.envelope<Order>()
    if (change?.source.table === 'orders') {
      const order = change.after ?? change.before
      console.log(`${change.op} order ${order?.id}: ${change.before?.status ?? '-'} -> ${change.after?.status ?? '-'}`)
    }
    // From here on the event need not come again.
    event.ack()
  }
  console.log(`stopped at ${stream.status().stored?.file}`)
} catch (error) {
  if (!(error instanceof TidemarkError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
