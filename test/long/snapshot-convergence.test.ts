// As the integration test of the same name, for many seeds, each with a configuration drawn by it.

import {test} from 'node:test'
import {SeededRandom} from '../support/seeded-random.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'

const first = Number(process.env['TIDEMARK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

for (let seed = first; seed < first + 25; seed++) {
  test(`every table converges and no row goes back: seed ${seed}`, async t => {
    const random = new SeededRandom(seed)
    const config = {
      'incremental.snapshot.chunk.size': String(random.pick([1, 3, 20, 100, 2048])),
      'snapshot.max.threads': String(random.pick([1, 2, 3, 5])),
      'incremental.snapshot.watermarking.strategy': random.pick(['insert_insert', 'insert_delete']),
      'snapshot.memory.bytes': String(random.pick([1, 4, 64]) * 1024 * 1024),
      'stream.memory.bytes': String(random.pick([1, 16]) * 1024 * 1024),
    }
    const outcome = await snapshotUnderWrites(t, {config, seed, snapshots: 3, size: random.pick([300, 1500])})
    const {capture} = outcome
    const events = await capture.events()
    await judge(outcome, table => events.filter(event => event.topic === capture.topic(table)))
  })
}
