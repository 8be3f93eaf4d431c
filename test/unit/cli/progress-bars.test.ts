import assert from 'node:assert/strict'
import {PassThrough} from 'node:stream'
import {test} from 'node:test'
import {fittingTables, progressLine, ProgressBars, type BarTable} from '../../../src/cli/progress-bars.ts'

const orders: BarTable = {
  table: 'shop.orders',
  state: 'running',
  rowsDone: 1_500,
  rowsEstimated: 3_000,
  rowsPerSecond: 500,
  secondsLeft: 3,
  percent: 50,
}

function printed(show: (bars: ProgressBars) => void, lineEveryMs = 0): string {
  const out = new PassThrough()
  const bars = new ProgressBars({out, isTerminal: false, lineEveryMs})
  show(bars)
  bars.close()
  bars.close()
  return (out.read() as Buffer | null)?.toString() ?? ''
}

test('where nothing can be drawn over, each table takes a line, and only when something changed', () => {
  const items = {...orders, table: 'shop.items', state: 'done', percent: 100} as const
  const text = printed(bars => {
    bars.show([orders, items], ['head'])
    bars.show([orders, items], ['head'])
    bars.show([{...orders, rowsDone: 1_600}, items], ['head'])
  })
  assert.equal(
    text,
    [
      'head',
      '  shop.orders  50 %, 1,500 of 3,000 rows, 500 rows/s, 3 s left',
      '  shop.items  100 %, 1,500 rows, done',
      'head',
      '  shop.orders  50 %, 1,600 of 3,000 rows, 500 rows/s, 3 s left',
      '  shop.items  100 %, 1,500 rows, done',
      '',
    ].join('\n'),
  )
})

test('lines come no more often than asked', () => {
  const text = printed(bars => {
    bars.show([orders])
    bars.show([{...orders, rowsDone: 1_600}])
  }, 3_600_000)
  assert.equal(text.split('\n').length, 2)
})

test('of a table that is copied again only the last copy is shown', () => {
  const text = printed(bars => bars.show([{...orders, state: 'done'}, orders]))
  assert.equal(text, `${progressLine(orders)}\n`)
})

test('a failed table stands out with its reason, a paused one has no speed, a running one its last key', () => {
  assert.match(progressLine({...orders, state: 'failed', problem: 'no grant'}), /, FAILED {2}no grant$/)
  assert.match(progressLine({...orders, state: 'paused', key: '1500'}), /, paused {2}key 1500$/)
  assert.match(progressLine({...orders, key: '1500'}), /, 500 rows\/s, 3 s left {2}key 1500$/)
  assert.match(progressLine({...orders, state: 'done', key: '3000'}), /, done$/)
  assert.equal(progressLine({...orders, state: 'stopped', percent: null}), '  shop.orders  1,500 rows, stopped')
})

test('where not all tables have room, those that matter most do, in their order, and the others are counted', () => {
  const states = ['done', 'waiting', 'running', 'done', 'failed', 'waiting', 'stopped'] as const
  const tables = states.map((state, index) => ({state, index}))
  assert.deepEqual(fittingTables(tables, 7), {shown: tables, others: []})
  const {shown, others} = fittingTables(tables, 4)
  assert.deepEqual(
    shown.map(({index}) => index),
    [1, 2, 4],
  )
  assert.deepEqual(others, ['  and 1 waiting, 1 stopped, 2 done'])
  assert.deepEqual(fittingTables(tables, 1), {
    shown: [],
    others: ['  and 1 failed, 1 running, 2 waiting, 1 stopped, 2 done'],
  })
})

test('on a terminal there is a bar for each table, aligned, between header and footer, and nothing runs off the screen', () => {
  const out = Object.assign(new PassThrough(), {isTTY: true, rows: 6, columns: 120, cursorTo: done, moveCursor: done})
  const screen = Object.assign(out, {clearLine: done, clearScreenDown: done})
  const bars = new ProgressBars({out: screen, isTerminal: true})
  const items = {...orders, table: 'shop.order_items', state: 'waiting', percent: 0, rowsDone: 0} as const
  const more = ['a', 'b'].map(table => ({...items, table}))
  bars.show([orders, items, ...more], ['head'], ['foot'])
  bars.close()
  const text = (out.read() as Buffer).toString()
  const lines = text.split('\n').filter(line => /rows|head|foot|and/.test(line))
  assert.match(text, / shop\.orders {7}█{12}░{12} 50% {2}1,500 of 3,000 rows {2}500 rows\/s, 3 s left/)
  assert.match(text, / shop\.order_items {2}░{24} {2}0% {6}0 of 3,000 rows {2}waiting/)
  assert.match(text, / {2}and 2 waiting/)
  assert.ok(lines.length >= 5)

  function done(): boolean {
    return true
  }
})
