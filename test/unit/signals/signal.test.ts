import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {parseSignal, signalId} from '../../../src/signals/signal.ts'
import type {Signal} from '../../../src/signals/signal.ts'

test('a signal without an id gets a UUID, which is the same for the same occurrence and no other', () => {
  assert.equal(signalId({id: 'mine', occurrence: 'o#1'}), 'mine')
  const made = signalId({id: '', occurrence: 'o#1'})
  assert.match(made, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(signalId({id: '', occurrence: 'o#1'}), made)
  assert.notEqual(signalId({id: '', occurrence: 'o#2'}), made)
})

function parsed(type: string, data: unknown): ReturnType<typeof parseSignal> {
  const text = typeof data === 'string' || data === null ? data : JSON.stringify(data)
  return parseSignal({id: 's', type, data: text, channel: 'source', occurrence: 'o'})
}

function accepted(type: string, data: unknown): Signal {
  const result = parsed(type, data)
  assert.ok(result.ok, result.ok ? '' : result.reason)
  return result.signal
}

function execute(data: object): Extract<Signal, {type: 'execute-snapshot'}> {
  const signal = accepted('execute-snapshot', {'data-collections': ['d.t'], ...data})
  assert.ok(signal.type === 'execute-snapshot')
  return signal
}

test('a blocking snapshot is taken as one, in any case of its name', () => {
  assert.equal(execute({type: 'BLOCKING'}).terms.isBlocking, true)
  assert.equal(execute({type: 'Incremental'}).terms.isBlocking, undefined)
})

const REJECTED: readonly (readonly [string, string, unknown, RegExp])[] = [
  ['an unknown type', 'execute-snapshots', {}, /unknown signal type "execute-snapshots"; known are execute-snapshot/],
  ['a type in another case', 'LOG', {message: 'x'}, /unknown signal type "LOG"/],
  ['no type', '', {}, /unknown signal type ""/],
  ['data that is cut short', 'log', '{"message": "x"', /data is not JSON: unexpected text at line 1, column 16/],
  ['data with a stray character', 'log', '{"message": x}', /data is not JSON: unexpected text at line 1, column 13/],
  ['data that is a list', 'log', [], /data must be a JSON object/],
  ['data that is null in JSON', 'log', 'null', /data must be a JSON object/],
  ['data that is a text', 'log', '"x"', /data must be a JSON object/],
  ['a log without a message', 'log', {}, /"message" must be a text/],
  ['a log with a number for a message', 'log', {message: 5}, /"message" must be a text/],
  ['a log with an empty message', 'log', {message: ''}, /"message" must be a text/],
  ['no data', 'execute-snapshot', null, /"data-collections" must be a list/],
  ['no collections', 'execute-snapshot', {}, /"data-collections" must be a list/],
  ['an empty list of collections', 'execute-snapshot', {'data-collections': []}, /"data-collections" must be a list/],
  ['a text for collections', 'execute-snapshot', {'data-collections': 'd.t'}, /"data-collections" must be a list/],
  ['a number among collections', 'execute-snapshot', {'data-collections': ['d.t', 7]}, /must hold texts only/],
  ['a broken regular expression', 'execute-snapshot', {'data-collections': ['d.(t']}, /"d\.\(t" in "data-collections"/],
  ['another snapshot type', 'execute-snapshot', {type: 'full', 'data-collections': ['d.t']}, /not "full"/],
  ['a number for the snapshot type', 'execute-snapshot', {type: 1, 'data-collections': ['d.t']}, /not 1/],
  [
    'the condition of old, which would copy the whole table',
    'execute-snapshot',
    {'data-collections': ['d.t'], 'additional-condition': 'id > 5'},
    /"additional-condition" is no longer read.*additional-conditions/,
  ],
  [
    'conditions that are no list',
    'execute-snapshot',
    {'data-collections': ['d.t'], 'additional-conditions': {filter: 'x'}},
    /"additional-conditions" must be a list/,
  ],
  ...[{}, {filter: 'x'}, {'data-collection': 'd.t'}, {'data-collection': 'd.t', filter: ' '}, null, 'x'].map(
    entry =>
      [
        `the condition ${JSON.stringify(entry)}`,
        'execute-snapshot',
        {'data-collections': ['d.t'], 'additional-conditions': [entry]},
        /needs "data-collection" and "filter"/,
      ] as const,
  ),
  [
    'a broken expression in a condition',
    'execute-snapshot',
    {'data-collections': ['d.t'], 'additional-conditions': [{'data-collection': '[', filter: 'x'}]},
    /"\[" in "additional-conditions"/,
  ],
  [
    'a list for the key',
    'execute-snapshot',
    {'data-collections': ['d.t'], 'surrogate-key': ['a']},
    /"surrogate-key" must be/,
  ],
  ...[0, -1, 1.5, '5', 1_000_001, true, {}].map(
    value =>
      [
        `${JSON.stringify(value)} rows of a chunk`,
        'execute-snapshot',
        {'data-collections': ['d.t'], 'chunk-size': value},
        /"chunk-size" must be a whole number from 1 to 1000000, not /,
      ] as const,
  ),
  ...[0, -5, 0.5, '100', 2 ** 60].map(
    value =>
      [
        `a limit of ${JSON.stringify(value)}`,
        'execute-snapshot',
        {'data-collections': ['d.t'], 'max-rows-per-second': value},
        /"max-rows-per-second" must be a whole number from 1 on, not /,
      ] as const,
  ),
  ...[1.5, '1', [], 2 ** 60].map(
    value =>
      [
        `the priority ${JSON.stringify(value)}`,
        'execute-snapshot',
        {'data-collections': ['d.t'], priority: value},
        /"priority" must be a whole number, not /,
      ] as const,
  ),
  ['a stop of another type', 'stop-snapshot', {type: 'blocking'}, /leave "type" out/],
  [
    'a stop with a text for collections',
    'stop-snapshot',
    {'data-collections': 'd.t'},
    /"data-collections" must be a list/,
  ],
]
for (const [what, type, data, reason] of REJECTED) {
  test(`${what} is rejected with a reason that says so`, () => {
    const result = parsed(type, data)
    assert.equal(result.ok, false)
    assert.match(result.ok ? '' : result.reason, reason)
  })
}

test('collections are regular expressions for whole names, case-sensitive', () => {
  const [pattern] = execute({'data-collections': [' d\\.t_[0-9]+ ']}).collections
  assert.equal(pattern!.text, 'd\\.t_[0-9]+')
  assert.deepEqual(
    ['d.t_1', 'd.t_12', 'xd.t_1', 'd.t_1x', 'D.T_1'].map(name => pattern!.expression.test(name)),
    [true, true, false, false, false],
  )
})

test('alternatives match whole names, too', () => {
  const [pattern] = execute({'data-collections': ['d.a|d.b']}).collections
  assert.deepEqual(
    ['d.a', 'd.b', 'd.ab', 'xd.b'].map(name => pattern!.expression.test(name)),
    [true, true, false, false],
  )
})

test('a name with a dollar or a hyphen names its table', () => {
  for (const name of ['d.t-1', 'shop-eu.orders']) {
    const [pattern] = execute({'data-collections': [name]}).collections
    assert.equal(pattern!.expression.test(name), true, name)
  }
})

test('the type is incremental, in any case, and so it is where none is given', () => {
  for (const type of ['incremental', 'INCREMENTAL', 'Incremental', undefined]) execute({type})
})

test('conditions keep their filter verbatim and match tables in any case', () => {
  const {conditions} = execute({
    'additional-conditions': [{'data-collection': 'd.T', filter: " v = 'x' "}],
  })
  assert.equal(conditions[0]!.filter, " v = 'x' ")
  assert.equal(conditions[0]!.collection.test('d.t'), true)
})

test('a surrogate key is a list of columns behind commas; none where it is empty', () => {
  assert.deepEqual(execute({'surrogate-key': ' a , b'}).surrogateKey, ['a', 'b'])
  for (const none of [undefined, null, '', ' ']) assert.equal(execute({'surrogate-key': none}).surrogateKey, null)
})

test('a stop without collections stops everything, one with collections those', () => {
  for (const data of [null, '', ' ', '{}', {type: 'incremental'}]) {
    const signal = accepted('stop-snapshot', data)
    assert.ok(signal.type === 'stop-snapshot' && signal.collections === null)
  }
  const signal = accepted('stop-snapshot', {'data-collections': ['d.t']})
  assert.ok(signal.type === 'stop-snapshot' && signal.collections?.length === 1)
})

test('whatever comes as data, the answer is a signal or a reason', () => {
  const data = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          'data-collections': fc.anything(),
          'additional-conditions': fc.anything(),
          'surrogate-key': fc.anything(),
          type: fc.anything(),
          message: fc.anything(),
        },
        {requiredKeys: []},
      )
      .map(value => {
        try {
          return JSON.stringify(value)
        } catch {
          return '{}'
        }
      }),
  )
  fc.assert(
    fc.property(fc.constantFrom('execute-snapshot', 'stop-snapshot', 'log', 'x'), data, (type, text) => {
      const result = parsed(type, text)
      assert.equal(typeof (result.ok ? result.signal.type : result.reason), 'string')
    }),
  )
})

test('rows of a chunk, rows a second and priority are the signal\u2019s own, and as configured where it says nothing', () => {
  assert.deepEqual(execute({}).terms, {})
  assert.deepEqual(execute({'chunk-size': null, 'max-rows-per-second': null, priority: 0}).terms, {})
  assert.deepEqual(execute({'chunk-size': 100, 'max-rows-per-second': 5_000, priority: -3}).terms, {
    chunkRows: 100,
    maxRowsPerSecond: 5_000,
    priority: -3,
  })
})
