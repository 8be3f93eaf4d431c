import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {Pace} from '../../../src/snapshot/pace.ts'

test('rows that are taken are waited for at the rate, and nothing is saved up meanwhile', () => {
  const pace = new Pace(100, 0)
  assert.equal(pace.waitMs(0), 0)
  pace.take(50, 0)
  assert.equal(pace.waitMs(0), 500)
  assert.equal(pace.waitMs(200), 300)
  assert.equal(pace.waitMs(60_000), 0)
  pace.take(100, 60_000)
  assert.equal(pace.waitMs(60_000), 1_000, 'the minute before counts for nothing')
})

test('what was not used is given back, and never more than is owed', () => {
  const pace = new Pace(100, 0)
  pace.take(100, 0)
  pace.giveBack(40, 100)
  assert.equal(pace.waitMs(100), 500)
  pace.giveBack(1_000, 100)
  pace.take(10, 100)
  assert.equal(pace.waitMs(100), 100)
})

test('what is owed stays owed when the rate changes', () => {
  const pace = new Pace(10, 0)
  pace.take(100, 0)
  pace.change(1_000, 5_000)
  assert.equal(pace.waitMs(5_000), 50)
  pace.change(null, 5_000)
  assert.equal(pace.waitMs(5_000), 0)
  pace.change(10, 5_000)
  assert.equal(pace.waitMs(5_000), 0)
})

test('however rows are taken, no more come in a stretch of time than its seconds allow, and one taking', () => {
  const takings = fc.array(fc.record({rows: fc.integer({min: 1, max: 300}), late: fc.integer({min: 0, max: 400})}))
  fc.assert(
    fc.property(takings, fc.integer({min: 1, max: 300}), (all, rate) => {
      const pace = new Pace(rate, 0)
      let now = 0
      let rows = 0
      for (const taking of all) {
        now += pace.waitMs(now) + taking.late
        assert.ok(rows <= (now / 1000) * rate + 1e-3, `${rows} rows before ${now} ms at ${rate} a second`)
        const taken = Math.min(taking.rows, pace.rowsOfASecond)
        pace.take(taken, now)
        rows += taken
      }
    }),
  )
})
