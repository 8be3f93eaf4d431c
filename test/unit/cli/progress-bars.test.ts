import assert from 'node:assert/strict'
import {PassThrough} from 'node:stream'
import {test} from 'node:test'
import {progressLine, ProgressBars, type BarTable} from '../../../src/cli/progress-bars.ts'

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
      '  shop.items  100 %, 1,500 of 3,000 rows, done',
      'head',
      '  shop.orders  50 %, 1,600 of 3,000 rows, 500 rows/s, 3 s left',
      '  shop.items  100 %, 1,500 of 3,000 rows, done',
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

test('a failed table stands out', () => {
  assert.match(progressLine({...orders, state: 'failed'}), /FAILED$/)
})
