import assert from 'node:assert/strict'
import {test} from 'node:test'
import {copySignal, stopSignal} from '../../../../src/http/page/controls.ts'
import {parseSignal} from '../../../../src/signals/signal.ts'

function parsed(signal: {type: string; data: object}) {
  const result = parseSignal({
    id: '1',
    type: signal.type,
    data: JSON.stringify(signal.data),
    channel: 'http',
    occurrence: '1',
  })
  assert.ok(result.ok)
  return result.signal
}

test('tables are one a line, and the condition is for each of them', () => {
  const signal = copySignal(' shop.a \n\nshop.b\n', ' id > 5 ')
  assert.ok(typeof signal === 'object')
  const read = parsed(signal)
  assert.ok(read.type === 'execute-snapshot')
  assert.deepEqual(
    read.collections.map(({text}) => text),
    ['shop.a', 'shop.b'],
  )
  assert.deepEqual(
    read.conditions.map(({filter}) => filter),
    ['id > 5', 'id > 5'],
  )
  assert.equal(copySignal(' \n ', ''), 'Name at least one table.')
})

test('stopping a table stops no other, whatever it is called; without one it stops all', () => {
  for (const name of ['shop.orders', 'shop.a+b(c', 'shop.a$', 'shop.größe', 'shop.[x]', 'shop.a b', 'shop.\\d']) {
    const read = parsed(stopSignal(name))
    assert.ok(read.type === 'stop-snapshot')
    assert.match(name, read.collections![0]!.expression)
    assert.doesNotMatch('shop.other', read.collections![0]!.expression)
  }
  const all = parsed(stopSignal(null))
  assert.ok(all.type === 'stop-snapshot' && all.collections === null)
})
