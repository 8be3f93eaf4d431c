// Ports for servers that may be stopped and started again on the same port.

import {createServer} from 'node:net'

// Below the range that the system gives to outgoing connections. A port from that range could be taken by a client's own
// connection while the server is down; a client that reconnects in a loop can even connect to itself there.
const lowest = 15_000
const highest = 32_000

/** The first of `count` neighbouring ports of 127.0.0.1 that nobody listens on just now. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest - count))
    const free = await Promise.all(Array.from({length: count}, async (_, index) => await isFree(port + index)))
    if (free.every(Boolean)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen({port, host: '127.0.0.1'}, () => {
      server.close(() => {
        resolve(true)
      })
    })
  })
}
