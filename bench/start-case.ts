// How long a start takes: from the process to `streaming`. Tidemark's own, since its bound is in seconds.

import {orders} from './bench-tables.ts'
import {progress} from './bench-world.ts'
import {isWanted, type CaseContext, type Variants} from './case-runs.ts'
import type {StartFigures} from './figures.ts'
import {tidemark} from './tidemark-run.ts'

const STARTS = 10

export async function* startCase({world}: CaseContext): Variants {
  const variant = 'start to streaming, empty state'
  if (!isWanted(world, variant)) return
  await world.createTable(orders)
  progress(variant)
  const setup = {world, name: variant, tables: [orders.name], rows: 0, warmUp: null, chunkRows: null, from: null}
  const runs: StartFigures[] = []
  for (let start = 0; start < Math.max(STARTS, world.options.runs); start++) {
    const seconds = await tidemark.within({...setup, sink: 'kafka uncompressed'}, async run => {
      return ((await run.streaming()) - run.startedAtMs) / 1000
    })
    runs.push({type: 'start', seconds})
  }
  yield {case: 'start', variant, contender: tidemark.name, runs}
}
