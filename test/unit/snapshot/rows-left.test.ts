import assert from 'node:assert/strict'
import {test} from 'node:test'
import {keyDistance} from '../../../src/snapshot/key-distance.ts'
import {RecentRate} from '../../../src/snapshot/recent-rate.ts'
import {RowsLeft} from '../../../src/snapshot/rows-left.ts'
import type {TablePlan} from '../../../src/snapshot/snapshot-plan.ts'
import {plan} from '../../support/snapshot-parts.ts'

/** A table of so many rows whose keys are spread evenly, as it stands after each tenth. */
function* copied(rows: number, rowsEstimated: number, more: Partial<TablePlan> = {}): Generator<TablePlan> {
  const table = {...plan(['t']).tables[0]!, rowsEstimated, ...more}
  for (let done = 0.02; done < 1; done += 0.02) {
    const after = [String(1_000_000 + Math.round(done * rows * 3))]
    yield {...table, rowsDone: done * rows, ranges: [{after, upTo: [String(1_000_000 + rows * 3)], done: false}]}
  }
}

test('from a tenth on the rows left are within a factor of 1.5, though the server estimates half or twice of them', () => {
  const rows = 1_000_000
  for (const estimated of [rows / 2, rows * 2, 0, rows]) {
    const left = new RowsLeft()
    for (const table of copied(rows, estimated)) {
      left.note(table)
      if (table.rowsDone < rows / 10) continue
      const factor = left.of(table)! / (rows - table.rowsDone)
      assert.ok(factor > 1 / 1.5 && factor < 1.5, `${estimated} estimated, ${table.rowsDone} done: ${factor}`)
    }
  }
})

test('keys that lie in heaps do not count, as long as the server is not proved wrong', () => {
  const left = new RowsLeft()
  const at = (after: string, rowsDone: number): TablePlan => {
    return {
      ...plan(['t']).tables[0]!,
      rowsEstimated: 1_000,
      rowsDone,
      ranges: [{after: [after], upTo: ['1000000'], done: false}],
    }
  }
  left.note(at('1', 1))
  assert.equal(left.of(at('500', 500)), 500)
  assert.ok(left.of(at('1200', 1_200))! > 900_000)
})

test('of a part of the table that a filter leaves only the key tells how much it is', () => {
  const left = new RowsLeft()
  const tables = [...copied(1_000, 1_000_000, {condition: 'id % 7 = 0'})]
  assert.equal(left.of(tables[0]!), null)
  for (const table of tables) left.note(table)
  const last = tables.at(-1)!
  assert.ok(Math.abs(left.of(last)! - (1_000 - last.rowsDone)) < 2)
})

test('a key that tells nothing leaves it to the server, as far as that goes', () => {
  const left = new RowsLeft()
  const ranges = [{after: ["_utf8mb4 X'6b'"], upTo: ["_utf8mb4 X'7a'"], done: false}]
  const table = {...plan(['t']).tables[0]!, rowsEstimated: 500, rowsDone: 100, ranges}
  left.note(table)
  assert.equal(left.of(table), 400)
  assert.equal(left.of({...table, rowsDone: 600}), null)
  // Before the first key is known, too.
  assert.equal(left.of({...table, rowsDone: 0, ranges: null}), 500)
  assert.equal(left.of({...table, rowsDone: 0, rowsEstimated: 0, ranges: null}), null)
})

test('keys that are numbers, times, binary or UUIDs have a distance, other texts have none', () => {
  const text = (value: string): string => `_utf8mb4 X'${Buffer.from(value).toString('hex')}'`
  assert.equal(keyDistance('5', '105'), 100)
  assert.equal(keyDistance('1.5e0', '2e0'), 0.5)
  assert.equal(keyDistance("'2024-01-01'", "'2024-01-02'"), 86_400_000)
  assert.equal(keyDistance("'2024-01-01 00:00:00'", "'2024-01-01 00:00:01.5'"), 1_500)
  assert.equal(keyDistance("X'00'", "X'80'"), 0.5)
  const uuid = (first: string): string => text(`${first}0000000-0000-4000-8000-000000000000`)
  assert.equal(keyDistance(uuid('4'), uuid('c')), 0.5)
  assert.equal(keyDistance(text('anna'), text('zoe')), null)
  assert.equal(keyDistance("'10:00:00'", "'12:00:00'"), null)
})

test('the speed is that of the last seconds, without the wait for the first row', () => {
  const rate = new RecentRate()
  rate.begin(0, 0)
  assert.equal(rate.perSecond(1_000), 0)
  rate.note(5_000, 100)
  assert.equal(rate.perSecond(5_000), 20)
  for (let at = 5_100; at <= 7_000; at += 100) rate.note(at, 100 + (at - 5_000))
  assert.equal(rate.perSecond(7_000), 1_000)
  for (let at = 7_100; at <= 40_000; at += 100) rate.note(at, 2_100 + (at - 7_000) / 2)
  assert.ok(Math.abs(rate.perSecond(40_000) - 500) < 10)
  assert.ok(rate.perSecond(60_000) < 300)
})
