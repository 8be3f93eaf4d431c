import assert from 'node:assert/strict'
import {test} from 'node:test'
import {signalMessage, type SignalWords} from '../../../src/cli/signal-message.ts'
import {parseSignal} from '../../../src/signals/signal.ts'

const good: readonly {words: SignalWords; data: object}[] = [
  {
    words: {type: 'execute-snapshot', names: ['shop.orders']},
    data: {'data-collections': ['shop.orders'], type: 'incremental'},
  },
  {
    words: {type: 'execute-snapshot', names: ['shop.a', 'shop.b_.*'], where: 'id > 5', surrogateKey: 'code'},
    data: {
      'data-collections': ['shop.a', 'shop.b_.*'],
      type: 'incremental',
      'additional-conditions': [
        {'data-collection': 'shop.a', filter: 'id > 5'},
        {'data-collection': 'shop.b_.*', filter: 'id > 5'},
      ],
      'surrogate-key': 'code',
    },
  },
  {
    words: {type: 'execute-snapshot', names: ['a.b'], chunkSize: 500, maxRowsPerSecond: 1000, priority: -1},
    data: {
      'data-collections': ['a.b'],
      type: 'incremental',
      'chunk-size': 500,
      'max-rows-per-second': 1000,
      priority: -1,
    },
  },
  {words: {type: 'stop-snapshot', names: []}, data: {type: 'incremental'}},
  {words: {type: 'stop-snapshot', names: ['shop.a']}, data: {type: 'incremental', 'data-collections': ['shop.a']}},
  {words: {type: 'pause-snapshot', names: []}, data: {type: 'incremental'}},
  {words: {type: 'resume-snapshot', names: []}, data: {type: 'incremental'}},
  {words: {type: 'log', names: ['deployed', 'at', '{}']}, data: {message: 'deployed at {}'}},
  {
    words: {type: 'execute-snapshot', names: [], data: '{"data-collections":["a.b"]}'},
    data: {'data-collections': ['a.b']},
  },
]

test('what the command line makes of good words is a signal that the task understands', () => {
  for (const {words, data} of good) {
    const message = signalMessage(words)
    assert.deepEqual(message, {type: words.type, data})
    const record = {
      id: 'x',
      ...message,
      data: JSON.stringify(message.data),
      channel: 'source',
      occurrence: 'o',
    } as const
    assert.equal(parseSignal(record).ok, true, words.type)
  }
})

test('another type goes out with the data that is given, or none', () => {
  assert.deepEqual(signalMessage({type: 'custom', names: []}), {type: 'custom', data: {}})
  assert.deepEqual(signalMessage({type: 'custom', names: [], data: '{"a": 1}'}), {type: 'custom', data: {a: 1}})
})

test('words that make no signal are wrong usage, with what is missing', () => {
  const bad: [SignalWords, RegExp][] = [
    [{type: 'execute-snapshot', names: []}, /needs tables/],
    [{type: 'log', names: []}, /needs a message/],
    [{type: 'pause-snapshot', names: ['a.b']}, /takes no tables/],
    [{type: 'stop-snapshot', names: ['a.b'], where: 'x'}, /--where belongs to execute-snapshot/],
    [{type: 'pause-snapshot', names: [], priority: 1}, /--priority belongs to execute-snapshot/],
    [{type: 'execute-snapshot', names: [], chunkSize: 1, data: '{}'}, /leave out tables and --chunk-size/],
    [{type: 'custom', names: ['a.b']}, /--data JSON/],
    [{type: 'execute-snapshot', names: ['a.b'], data: '{}'}, /holds everything/],
    [{type: 'execute-snapshot', names: [], data: '{x'}, /not JSON/],
    [{type: 'execute-snapshot', names: [], data: '[]'}, /must be a JSON object/],
  ]
  for (const [words, message] of bad) {
    assert.throws(() => signalMessage(words), {code: 'TIDEMARK_SIGNAL_USAGE', kind: 'configuration', message})
  }
})
