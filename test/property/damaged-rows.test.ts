import {test} from 'node:test'
import fc from 'fast-check'
import {damagedRows, decodeDamaged, type DamagedRows} from '../support/image-fuzz.ts'

// A failure prints fast-check's seed and path; give both to fc.assert to see it again. test/long has more of the same.

const INTACT = {images: [], tableMap: [], present: [], partial: false, frame: []}

/** Found by runs before: column types and metadata that no server has. */
const FOUND: readonly DamagedRows[] = [
  {...INTACT, seed: 2041930387, payload: 'raw', frame: [{type: 'flip', at: 94425, bit: 2}]},
  {...INTACT, seed: 495586686, payload: 'none', tableMap: [{type: 'flip', at: 483, bit: 2}]},
  {...INTACT, seed: 618636956, payload: 'none', tableMap: [{type: 'set', at: 90806, byte: 251}]},
]

test('row events of random tables, damaged at random, give values or an error of ours, and nothing behind them counts', () => {
  fc.assert(fc.property(damagedRows, decodeDamaged), {numRuns: 1000, examples: FOUND.map(each => [each])})
})
