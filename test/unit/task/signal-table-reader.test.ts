import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SignalRecord} from '../../../src/signals/signal.ts'
import {SignalTableMarks} from '../../../src/snapshot/signal-table-marks.ts'
import {SignalTableReader} from '../../../src/task/signal-table-reader.ts'
import type {SignalTableReaderOwner} from '../../../src/task/signal-table-reader.ts'

class Reading {
  readonly seen: number[] = []
  readonly received: [SignalRecord, object][] = []
  readonly refused: string[] = []
  occurrence = {gtid: 'a:5', file: 'b.000001', pos: 100}
  readonly reader: SignalTableReader

  constructor({
    strategy = 'insert_insert',
    channels = ['source'],
  }: {strategy?: 'insert_insert' | 'insert_delete' | 'none'; channels?: readonly string[]} = {}) {
    const marks =
      strategy === 'none'
        ? null
        : new SignalTableMarks({
            signalTable: {database: 'd', table: 's'},
            strategy,
            execute: () => Promise.resolve(),
            isRetryable: () => false,
            delay: () => Promise.resolve(),
            onProblem: () => undefined,
            runId: '0123abcd',
          })
    const {occurrence} = this
    const parts = {
      coordinator: {markSeen: (number: number) => this.seen.push(number)},
      signals: {
        receive: (record: SignalRecord, place: object) => this.received.push([record, place]),
        refuse: (record: SignalRecord) => this.refused.push(record.id),
      },
      dispatcher: {
        get occurrence() {
          return occurrence
        },
      },
    }
    this.reader = new SignalTableReader({...parts, tableMarks: marks} as unknown as SignalTableReaderOwner, channels)
  }

  inserted(id: string, type: string, data: string | null = null, row = 0): void {
    this.reader.row('c', JSON.stringify({a: id, b: type, c: data}), row)
  }

  deleted(id: string, type: string): void {
    this.reader.row('d', JSON.stringify({a: id, b: type, c: null}), 0)
  }
}

test('a mark of this run closes windows and is no signal', () => {
  const reading = new Reading()
  reading.inserted('tidemark-0123abcd-7', 'snapshot-window-open')
  assert.deepEqual([reading.seen, reading.received.length], [[7], 0])
})

test('with insert_delete the deleted row of a mark is the next mark', () => {
  const reading = new Reading({strategy: 'insert_delete'})
  reading.deleted('tidemark-0123abcd-7', 'snapshot-window-open')
  assert.deepEqual(reading.seen, [8])
})

test('window rows of earlier runs and of others are passed over, and so are deleted rows', () => {
  for (const strategy of ['insert_insert', 'insert_delete', 'none'] as const) {
    const reading = new Reading({strategy})
    reading.inserted('tidemark-ffffffff-7', 'snapshot-window-open')
    reading.inserted('5f2c-open', 'snapshot-window-open', '{}')
    reading.inserted('5f2c-close', 'snapshot-window-close', '{}')
    reading.deleted('s', 'execute-snapshot')
    assert.deepEqual([reading.seen, reading.received], [[], []], strategy)
  }
})

test('any other row is a signal, by the position of its columns, named by transaction and row', () => {
  const reading = new Reading()
  reading.inserted('s', 'log', '{"message":"x"}', 3)
  assert.deepEqual(reading.received, [
    [
      {id: 's', type: 'log', data: '{"message":"x"}', channel: 'source', occurrence: 'a:5#3'},
      {file: 'b.000001', pos: 100},
    ],
  ])
})

test('without GTIDs a signal is named by the place of its transaction', () => {
  const reading = new Reading()
  reading.occurrence.gtid = ''
  reading.inserted('s', 'log')
  assert.equal(reading.received[0]![0].occurrence, 'b.000001:100#0')
  assert.equal(reading.received[0]![0].data, null)
})

test('where the channel source is not enabled marks still count, and a signal is refused with an answer', () => {
  const reading = new Reading({channels: ['kafka']})
  reading.inserted('tidemark-0123abcd-7', 'snapshot-window-open')
  reading.inserted('mine', 'execute-snapshot')
  assert.deepEqual([reading.seen, reading.received, reading.refused], [[7], [], ['mine']])
})
