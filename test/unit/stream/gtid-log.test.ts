import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {GtidLog} from '../../../src/stream/gtid-log.ts'

const A = '11111111-1111-1111-1111-111111111111'
const B = '22222222-2222-2222-2222-222222222222'

// Short runs of one source, with gaps and sources that interleave, as a server with several replication channels has.
const gtids = fc
  .array(fc.tuple(fc.constantFrom(A, B, `${A}:tag`), fc.integer({min: 1, max: 4}), fc.integer({min: 0, max: 2})), {
    maxLength: 25,
  })
  .map(runs => {
    const next = new Map<string, number>()
    return runs.flatMap(([sid, count, gap]) => {
      const from = (next.get(sid) ?? 1) + gap
      next.set(sid, from + count)
      return Array.from({length: count}, (_, i) => ({sid, gno: from + i}))
    })
  })

function naive(base: string, list: readonly {sid: string; gno: number}[], count: number): string {
  const set = GtidSet.parse(base)
  for (const {sid, gno} of list.slice(0, count)) set.add(sid, gno)
  return set.toString()
}

test('setAt and copyAt give what adding one by one gives, in any order of appends and rising counts', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('append', 'set', 'copy'), fc.nat(1000)), {maxLength: 80})
  fc.assert(
    fc.property(gtids, steps, (list, plan) => {
      const base = `${A}:900-901`
      const log = new GtidLog(GtidSet.parse(base))
      let appended = 0
      let stored = 0
      for (const [step, choice] of plan) {
        if (step === 'append') {
          for (let i = 0; i < choice % 5 && appended < list.length; i++, appended++) {
            log.append(list[appended]!.sid, list[appended]!.gno)
          }
          assert.equal(log.count, appended)
          continue
        }
        const count = stored + (choice % (appended - stored + 1))
        if (step === 'copy') assert.equal(log.copyAt(count).toString(), naive(base, list, count))
        else {
          stored = count
          assert.equal(log.setAt(count).toString(), naive(base, list, count))
        }
      }
    }),
    {numRuns: 500},
  )
})

test('a copy forgets nothing and is not changed by later appends', () => {
  const log = new GtidLog(GtidSet.parse(''))
  for (const gno of [1, 2, 3]) log.append(A, gno)
  const copy = log.copyAt(3)
  log.append(A, 4)
  assert.equal(copy.toString(), `${A}:1-3`)
  assert.equal(log.copyAt(1).toString(), `${A}:1`)
  assert.equal(log.setAt(2).toString(), `${A}:1-2`)
})
