import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TablePlan} from '../../../src/snapshot/snapshot-plan.ts'
import type {Divergence} from '../../../src/state/checkpoint.ts'
import {Divergences} from '../../../src/task/divergences.ts'
import {quietLog, rememberingLog} from '../../support/quiet-log.ts'
import {plan, tableId} from '../../support/snapshot-parts.ts'

function copy(table: string, change: Partial<TablePlan> = {}): TablePlan {
  return {...plan([table]).tables[0]!, state: 'done', startedAtMs: Date.now() + 60_000, ...change}
}

function tables(divergences: Divergences): string[] {
  return divergences.list.map(entry => entry.table)
}

test('a divergence is listed with its place and reason, and said as a warning', () => {
  const log = rememberingLog()
  const divergences = new Divergences([], log)
  divergences.diverged(tableId('t'), 'b.000002:7', 'TRUNCATE TABLE')
  const [entry] = divergences.list
  assert.deepEqual(
    {...entry, atMs: 0},
    {
      table: 'd.t',
      since: 'b.000002:7',
      reason: 'TRUNCATE TABLE',
      atMs: 0,
      removesRows: false,
    },
  )
  assert.deepEqual(
    log.lines.map(({level, sentence}) => [level, sentence]),
    [['warn', 'diverged since b.000002:7: snapshot again']],
  )
})

test('a second one of the same table keeps the first place', () => {
  const divergences = new Divergences([], quietLog)
  divergences.diverged(tableId('t'), 'b.000002:7', 'ALTER TABLE')
  divergences.diverged(tableId('u'), 'b.000002:8', 'ALTER TABLE')
  divergences.diverged(tableId('t'), 'b.000003:4', 'TRUNCATE TABLE')
  assert.deepEqual(
    divergences.list.map(({table, since}) => [table, since]),
    [
      ['d.u', 'b.000002:8'],
      ['d.t', 'b.000002:7'],
    ],
  )
})

test('a whole copy that began later ends it, for this table only', () => {
  const divergences = new Divergences([], quietLog)
  divergences.diverged(tableId('t'), 'b.000002:7', 'ALTER TABLE')
  divergences.diverged(tableId('u'), 'b.000002:7', 'ALTER TABLE')
  divergences.copied(copy('t'))
  assert.deepEqual(tables(divergences), ['d.u'])
})

for (const [what, change] of [
  ['a copy of some rows', {condition: 'id > 5'}],
  ['a copy that began before', {startedAtMs: 5}],
  ['a copy that never began', {startedAtMs: null}],
] as const) {
  test(`${what} does not end it`, () => {
    const divergences = new Divergences([], quietLog)
    divergences.diverged(tableId('t'), 'b.000002:7', 'ALTER TABLE')
    divergences.copied(copy('t', change))
    assert.deepEqual(tables(divergences), ['d.t'])
  })
}

test('ghosts stay through every copy and later divergence, also behind a restart', () => {
  const before = new Divergences([], quietLog)
  before.ghostsPossible(tableId('t'), 'b.000002:7')
  const stored = JSON.parse(JSON.stringify(before.list)) as Divergence[]
  const divergences = new Divergences(stored, quietLog)
  divergences.diverged(tableId('t'), 'b.000003:7', 'ALTER TABLE')
  assert.deepEqual(
    divergences.list.map(({reason}) => reason),
    ['ghosts possible: rows deleted meanwhile', 'ALTER TABLE'],
    'both are told, since a snapshot ends one of them',
  )
  divergences.copied(copy('t'))
  assert.deepEqual(
    divergences.list.map(({reason}) => reason),
    ['ghosts possible: rows deleted meanwhile'],
  )
})

test('watched tables are told once each', () => {
  const divergences = new Divergences([], quietLog)
  for (const table of ['t', 'u', 't']) divergences.watch(tableId(table))
  assert.deepEqual(
    [...divergences.watched].map(({table}) => table),
    ['t', 'u'],
  )
})

test('a copy does not take rows out of the topic that went without an event: they are named as possible ghosts', () => {
  const log = rememberingLog()
  const divergences = new Divergences([], log)
  divergences.diverged(tableId('t'), 'b.000002:7', 'TRUNCATE TABLE', {removesRows: true})
  divergences.diverged(tableId('t'), 'b.000002:9', 'ALTER TABLE')
  divergences.copied(copy('t'))
  divergences.copied(copy('t'))
  const [entry] = divergences.list
  assert.deepEqual(
    [entry?.since, entry?.reason],
    ['b.000002:7', 'ghosts possible: TRUNCATE TABLE removed rows without events'],
  )
  assert.equal(log.lines.at(-1)?.sentence, 'rows that are gone from the table may still be in the topic')
})

test('a truncate event ends every divergence of its table, ghosts too', () => {
  const divergences = new Divergences([], quietLog)
  divergences.diverged(tableId('t'), 'b.000002:7', 'ALTER TABLE')
  divergences.diverged(tableId('u'), 'b.000002:7', 'ALTER TABLE')
  divergences.ghostsPossible(tableId('v'), 'b.000002:7')
  divergences.emptied(tableId('t'), 'b.000002:9')
  divergences.emptied(tableId('v'), 'b.000002:9')
  assert.deepEqual(tables(divergences), ['d.u'])
})

test('rows that are left out are said once, keep the first place, and only a copy begun behind the last mends them', () => {
  const log = rememberingLog()
  const divergences = new Divergences([], log)
  const left = {code: 'TIDEMARK_VALUE_TIME_RANGE', removesRows: false}
  divergences.leftOut(tableId('t'), 'b.000002:7', left)
  divergences.leftOut(tableId('t'), 'b.000002:9', {...left, code: 'TIDEMARK_VALUE_INVALID_DATE'})
  assert.equal(log.lines.length, 1)
  const [entry] = divergences.list
  assert.deepEqual([entry!.since, entry!.reason], ['b.000002:7', 'rows left out: TIDEMARK_VALUE_INVALID_DATE'])
  divergences.copied(copy('t', {startedAtMs: entry!.atMs}))
  assert.equal(divergences.list.length, 1)
  divergences.copied(copy('t'))
  assert.equal(divergences.list.length, 0)
  divergences.leftOut(tableId('t'), 'b.000002:11', {...left, removesRows: true})
  assert.equal(log.lines.length, 2, 'after a copy it is news')
  divergences.copied(copy('t'))
  assert.match(divergences.list[0]!.reason, /^ghosts possible: rows left out: TIDEMARK_VALUE_TIME_RANGE/)
})

test('a table that is gone is told without being asked for, and asked for when it is there again', () => {
  const divergences = new Divergences([], quietLog)
  divergences.watch(tableId('t'))
  divergences.gone(tableId('t'), 'b.000002:7', 'DROP TABLE')
  divergences.copied(copy('t'))
  const [gone] = divergences.list
  assert.deepEqual([divergences.count, gone!.reason], [0, 'DROP TABLE'])
  assert.match(divergences.remedyOf(gone!), /^none while the table is gone/)
  const restarted = new Divergences(JSON.parse(JSON.stringify(divergences.list)) as Divergence[], quietLog)
  restarted.watch(tableId('t'))
  assert.deepEqual([restarted.count, restarted.list[0]!.reason], [1, 'DROP TABLE'])
  restarted.copied(copy('t'))
  assert.match(restarted.list[0]!.reason, /^ghosts possible: DROP TABLE/)
})

test('a table that is created anew under its name, however it is spelled, has rows of before in its topic', () => {
  const divergences = new Divergences([], quietLog)
  divergences.watch(tableId('t'))
  divergences.gone(tableId('t'), 'b.000002:7', 'DROP TABLE')
  divergences.returned(tableId('T'))
  assert.equal(divergences.count, 1)
  divergences.returned(tableId('other'))
  assert.deepEqual(
    [...divergences.watched].map(({table}) => table),
    ['t'],
  )
})

test('a reset takes the ghosts out of the topic, and what is left to do is the copy that begins with it', () => {
  const divergences = new Divergences([], quietLog, {resets: true})
  divergences.ghostsPossible(tableId('t'), 'b.000002:7')
  divergences.diverged(tableId('t'), 'b.000003:7', 'RENAME TABLE', {removesRows: true})
  assert.equal(divergences.mayHaveGhosts(tableId('t')), true)
  divergences.reset(tableId('t'), 'b.000003:9')
  assert.deepEqual([divergences.mayHaveGhosts(tableId('t')), divergences.count], [false, 1])
  divergences.copied(copy('t'))
  assert.deepEqual(divergences.list, [])
})

test('a copy that is stopped behind its reset leaves a table that has diverged', () => {
  const divergences = new Divergences([], quietLog, {resets: true})
  divergences.ghostsPossible(tableId('t'), 'b.000002:7')
  divergences.reset(tableId('t'), 'b.000003:9')
  const [left] = divergences.list
  assert.deepEqual([left!.since, divergences.remedyOf(left!)], ['b.000003:9', 'snapshot again'])
})

test('what an operator does about it depends on whether truncate events are let through', () => {
  for (const [resets, wanted] of [
    [true, /^snapshot again: a truncate event resets the topic first$/],
    [false, /skipped\.operations=none/],
  ] as const) {
    const divergences = new Divergences([], quietLog, {resets})
    divergences.diverged(tableId('t'), 'b.000003:7', 'RENAME TABLE', {removesRows: true})
    divergences.ghostsPossible(tableId('u'), 'b.000002:7')
    for (const known of divergences.list) assert.match(divergences.remedyOf(known), wanted)
  }
})

test('another message key that its copy shows is told where nothing was told of it before', () => {
  const divergences = new Divergences([], quietLog)
  const place = {file: 'b.000002', pos: 7}
  divergences.keyChanged(tableId('t'), place, {byCopy: true})
  assert.equal(divergences.list[0]!.reason, 'the message key changed')
  divergences.copied(copy('t'))
  const {list} = divergences
  divergences.keyChanged(tableId('t'), place, {byCopy: true})
  assert.deepEqual(divergences.list, list)
  divergences.keyChanged(tableId('t'), place)
  assert.equal(divergences.list.length, 2)
})
