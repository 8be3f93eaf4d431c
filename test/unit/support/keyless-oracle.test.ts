import assert from 'node:assert/strict'
import {test} from 'node:test'
import {assertKeyless, type KeylessCounts} from '../../support/keyless-oracle.ts'
import {rowTextOfImage, type KeylessChange} from '../../support/keyless-writer.ts'
import type {ObservedEvent} from '../../support/observed-events.ts'

const A = '{"n":1,"s":null,"f":0.5,"d":null,"j":"{\\"a\\": 1}"}'
const B = '{"n":2,"s":"b","f":null,"d":0.1,"j":null}'
const a = rowTextOfImage(A)
const b = rowTextOfImage(B)

interface Given {
  readonly op: string
  readonly pos?: number
  readonly copy?: string
  readonly run?: string
}

function event({op, pos = 0, copy, run = 'one'}: Given, before: string | null, after: string | null): ObservedEvent {
  const source = `{"file":"b.000001","pos":${pos},"row":0}`
  return {
    topic: 't',
    partition: 0,
    keyText: null,
    valueText: `{"before":${before ?? 'null'},"after":${after ?? 'null'},"source":${source},"op":"${op}"}`,
    headers: {'__debezium.context.runId': run, ...(copy === undefined ? {} : {'__tidemark.copy.id': copy})},
  }
}

const create = (pos: number, run = 'one') => event({op: 'c', pos, run}, null, A)
const update = (pos: number, run = 'one') => event({op: 'u', pos, run}, A, B)
const read = (copy: string, row = A) => event({op: 'r', copy}, null, row)
const truncate = (copy: string) => event({op: 't', copy}, null, null)

const history: KeylessChange[] = [
  {before: null, after: a},
  {before: a, after: b},
]

/** The table began with one row A; it has A and B. */
function judge(events: readonly ObservedEvent[], exactlyOnce = false): KeylessCounts {
  const table = new Map([
    [a, 1],
    [b, 1],
  ])
  return assertKeyless({name: 't', events, initial: new Map([[a, 1]]), history, table, exactlyOnce})
}

test('a copy that was cut off, a late row of it, a repeated stretch and all changes since are right', () => {
  const counts = judge([
    read('x'),
    create(10),
    truncate('y'),
    read('y'),
    read('x'),
    read('y'),
    update(20),
    update(20, 'two'),
  ])
  assert.deepEqual(counts, {copies: 2, reads: 4, streamed: 3, repeated: 1})
})

const whole = [truncate('y'), read('y'), create(10), update(20)]
const wrong: Record<string, readonly ObservedEvent[]> = {
  'a change that never came': [truncate('y'), read('y'), create(10)],
  'a change that was never made': [...whole, create(30)],
  'changes in another order': [truncate('y'), read('y'), update(10), create(20)],
  'an event that comes before an earlier one of its run': [truncate('y'), read('y'), update(20), create(10)],
  'a row that the copy lacks': [truncate('y'), create(10), update(20)],
  'a row that the copy has twice': [truncate('y'), read('y'), read('y'), create(10), update(20)],
  'a copy of another moment': [truncate('y'), read('y'), read('y', B), create(10), update(20)],
}

for (const [what, events] of Object.entries(wrong)) {
  test(`${what} is found`, () => {
    assert.doesNotThrow(() => judge(whole))
    assert.throws(() => judge(events), assert.AssertionError)
  })
}

test('a repeated change is found where all must come once', () => {
  assert.doesNotThrow(() => judge(whole, true))
  assert.throws(() => judge([...whole, update(20, 'two')], true), /came twice/)
})
