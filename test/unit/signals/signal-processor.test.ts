import assert from 'node:assert/strict'
import {test} from 'node:test'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {SignalProcessor} from '../../../src/signals/signal-processor.ts'
import type {SignalReceipt, SignalTargets} from '../../../src/signals/signal-processor.ts'
import type {SignalRecord} from '../../../src/signals/signal.ts'
import type {TableRequest} from '../../../src/snapshot/snapshot-plan.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {tableId} from '../../support/snapshot-parts.ts'
import {settled} from '../../support/stream-parts.ts'

const PLACE = {file: 'b.000001', pos: 100}

function record(type: string, data: unknown, more: Partial<SignalRecord> = {}): SignalRecord {
  const text = typeof data === 'string' || data === null ? data : JSON.stringify(data)
  const id = more.id ?? 's1'
  return {id, type, data: text, channel: 'source', occurrence: `${id}#0`, ...more}
}

function executeOf(collections: readonly string[], more: object = {}, id = 's1'): SignalRecord {
  return record('execute-snapshot', {'data-collections': collections, ...more}, {id})
}

class LossError extends Error {}

class Processing {
  readonly log = rememberingLog()
  readonly executed: {id: string; tables: readonly TableRequest[]}[] = []
  readonly stopped: string[][] = []
  readonly probed: string[] = []
  readonly active = new Set<string>()
  readonly delays: number[] = []
  readonly answered: string[] = []
  onAnswer: (receipt: SignalReceipt) => void = () => undefined
  paused = false
  changes = 0
  tables: SignalTargets['tables'] = () => Promise.resolve(['orders', 'customers', 'order_lines'].map(tableId))
  probe: SignalTargets['probe'] = () => Promise.resolve()
  readonly processor = new SignalProcessor({
    log: this.log,
    onChange: () => this.changes++,
    onAnswer: receipt => {
      this.answered.push(receipt.result)
      this.onAnswer(receipt)
    },
    delay: ms => {
      this.delays.push(ms)
      return Promise.resolve()
    },
    isConnectionLoss: error => error instanceof LossError,
    targets: {
      tables: () => this.tables(),
      probe: request => {
        this.probed.push(request.table.table)
        return this.probe(request)
      },
      execute: (id, tables) => {
        this.executed.push({id, tables})
        this.active.add(id)
      },
      stop: matches => {
        const running = [...this.active].map(tableId)
        const matching = running.filter(matches)
        this.stopped.push(matching.map(({table}) => table))
        return matching
      },
      pause: () => this.active.size > 0 && !this.paused && (this.paused = true),
      resume: () => this.paused && !(this.paused = false),
      isActive: id => this.active.has(id),
      describePlace: () => '{"file":"b.000001"}',
    },
  })

  async send(...records: readonly SignalRecord[]): Promise<void> {
    for (const each of records) this.processor.receive(each, PLACE)
    this.processor.begin()
    for (let i = 0; i < 20; i++) await settled()
  }

  get answers(): (string | null)[][] {
    return this.processor.receipts.map(({id, result, reason}) => [id, result, reason])
  }
}

test('an accepted snapshot names its tables with their conditions, and is answered and logged', async () => {
  const processing = new Processing()
  await processing.send(
    executeOf(['d.order.*', 'd.customers'], {
      'additional-conditions': [{'data-collection': 'd.orders', filter: 'id > 5'}],
      'surrogate-key': 'code',
    }),
  )
  assert.deepEqual(processing.executed, [
    {
      id: 's1',
      tables: [
        {table: tableId('orders'), condition: 'id > 5', surrogateKey: ['code']},
        {table: tableId('order_lines'), condition: null, surrogateKey: ['code']},
        {table: tableId('customers'), condition: null, surrogateKey: ['code']},
      ],
    },
  ])
  assert.deepEqual(processing.answers, [['s1', 'accepted', null]])
  assert.deepEqual(processing.processor.pending, [])
  assert.equal(processing.processor.counts.get('source,accepted'), 1)
  assert.ok(processing.log.lines.some(({level, sentence}) => level === 'info' && sentence === 'signal accepted'))
})

test('a blocking snapshot is accepted with a word on what it blocks, for the parallel reader and without a surrogate key', async () => {
  const processing = new Processing()
  await processing.send(executeOf(['d.orders'], {type: 'blocking', 'surrogate-key': 'code'}))
  assert.deepEqual(processing.executed, [
    {id: 's1', tables: [{table: tableId('orders'), condition: null, surrogateKey: null, reader: 'parallel'}]},
  ])
  assert.match(processing.answers[0]![2] ?? '', /^nothing blocks/)
  assert.equal(processing.answers[0]![1], 'accepted')
})

test('a table that several patterns match is copied once', async () => {
  const processing = new Processing()
  await processing.send(executeOf(['d.orders', 'd\\.orders', '.*orders']))
  assert.equal(processing.executed[0]!.tables.length, 1)
})

test('one pattern without a table rejects the whole signal with the nearest name', async () => {
  const processing = new Processing()
  await processing.send(executeOf(['d.orders', 'd.custmers']))
  assert.equal(processing.executed.length, 0)
  assert.deepEqual(processing.answers, [
    ['s1', 'rejected', 'no captured table matches "d.custmers"; did you mean d.customers?'],
  ])
  assert.ok(processing.log.lines.some(({level, sentence}) => level === 'warn' && sentence === 'signal rejected'))
})

test('no name is proposed where none is near', async () => {
  const processing = new Processing()
  await processing.send(executeOf(['something.else.entirely']))
  assert.deepEqual(processing.answers, [['s1', 'rejected', 'no captured table matches "something.else.entirely"']])
})

test('a condition for none of the tables rejects the signal, since more would be copied than was asked for', async () => {
  const processing = new Processing()
  await processing.send(
    executeOf(['d.orders'], {'additional-conditions': [{'data-collection': 'd.order', filter: 'id > 5'}]}),
  )
  assert.equal(processing.executed.length, 0)
  assert.match(processing.answers[0]![2]!, /condition for .* matches none of the tables/)
})

test('a table that cannot be copied rejects the signal with what the probe says, and nothing is copied', async () => {
  const processing = new Processing()
  processing.probe = ({table}) =>
    table.table === 'orders' ? Promise.resolve() : Promise.reject(new Error('it has no PRIMARY KEY'))
  await processing.send(executeOf(['d.orders', 'd.customers']))
  assert.deepEqual(processing.answers, [['s1', 'rejected', 'it has no PRIMARY KEY']])
  assert.equal(processing.executed.length, 0)
})

test('the same occurrence is acted on once, and the second one is answered as ignored', async () => {
  const processing = new Processing()
  await processing.send(executeOf(['d.orders']), executeOf(['d.orders']))
  assert.equal(processing.executed.length, 1)
  assert.deepEqual(processing.answers.map(([, result]) => result).sort(), ['accepted', 'ignored'])
})

test('an id that is queued or running is ignored with another occurrence, and free again when it has ended', async () => {
  const processing = new Processing()
  const again = (occurrence: string): SignalRecord => ({...executeOf(['d.orders']), occurrence})
  await processing.send(again('a'), again('b'))
  processing.active.clear()
  await processing.send(again('c'))
  assert.deepEqual(
    processing.answers.map(([, result]) => result),
    ['accepted', 'ignored', 'accepted'],
  )
  assert.match(processing.answers[1]![2]!, /a snapshot with id s1 is queued or running/)
})

test('signals without an id are never taken for one another', async () => {
  const processing = new Processing()
  const nameless = (occurrence: string): SignalRecord => ({...executeOf(['d.orders'], {}, ''), occurrence})
  await processing.send(nameless('a'), nameless('b'))
  assert.equal(processing.executed.length, 2)
})

test('signals are acted on in the order of their arrival, however long each takes', async () => {
  const processing = new Processing()
  let go = (): void => undefined
  const known = processing.tables
  processing.tables = async () => {
    await new Promise<void>(resolve => (go = resolve))
    processing.tables = known
    return await known()
  }
  await processing.send(
    executeOf(['d.orders'], {}, 'a'),
    executeOf(['d.customers'], {}, 'b'),
    record('log', {message: 'x'}, {id: 'c'}),
  )
  assert.equal(processing.answers.length, 0)
  assert.deepEqual(
    processing.processor.pending.map(({id}) => id),
    ['a', 'b', 'c'],
  )
  go()
  await processing.send()
  assert.deepEqual(
    processing.answers.map(([id]) => id),
    ['a', 'b', 'c'],
  )
})

test('a signal that meets a lost connection is tried again with growing delays, until it has an answer', async () => {
  const processing = new Processing()
  const known = processing.tables
  let losses = 3
  processing.tables = () => (losses-- > 0 ? Promise.reject(new LossError('away')) : known())
  await processing.send(executeOf(['d.orders']))
  assert.deepEqual(processing.delays, [200, 400, 800])
  assert.deepEqual(processing.answers, [['s1', 'accepted', null]])
  assert.equal(processing.executed.length, 1)
})

test('nothing is acted on before the beginning, nor after the stop', async () => {
  const processing = new Processing()
  processing.processor.restore({pending: [executeOf(['d.orders'], {}, 'restored')], occurrences: []})
  await settled()
  assert.equal(processing.executed.length, 0)
  processing.processor.begin()
  for (let i = 0; i < 5; i++) await settled()
  assert.deepEqual(
    processing.executed.map(({id}) => id),
    ['restored'],
  )
  processing.processor.stop()
  await processing.send(executeOf(['d.customers'], {}, 'late'))
  assert.equal(processing.executed.length, 1)
  assert.deepEqual(
    processing.processor.pending.map(({id}) => id),
    ['late'],
    'it stays part of the state',
  )
})

test('what was received is part of the state at once, and a change of it is told', async () => {
  const processing = new Processing()
  processing.processor.receive(executeOf(['d.orders']), PLACE)
  assert.equal(processing.changes, 1)
  assert.deepEqual(
    processing.processor.pending.map(({id}) => id),
    ['s1'],
  )
  await processing.send()
  assert.equal(processing.changes, 2)
})

test('occurrences are kept while the stream may bring them again', () => {
  const processing = new Processing()
  const at = (occurrence: string, pos: number, file = 'b.000001'): void => {
    processing.processor.receive(record('log', {message: 'x'}, {occurrence}), {file, pos})
  }
  at('a', 100)
  at('b', 200)
  at('c', 50, 'b.000002')
  const {processor} = processing
  assert.deepEqual(processor.occurrencesSince({file: 'b.000001', pos: 200}, null), [
    {key: 'b', file: 'b.000001', pos: 200},
    {key: 'c', file: 'b.000002', pos: 50},
  ])
  assert.deepEqual(processor.occurrencesSince({file: 'b.000002', pos: 51}, null), [])
})

// A start at the end of the binlog is still brought the transactions before it that were not visible then.
test('an occurrence with a GTID is kept until its transaction is done, wherever it stands', () => {
  const sid = '01020304-0506-0708-090a-0b0c0d0e0f10'
  const processing = new Processing()
  for (const occurrence of [`${sid}:7#0`, `${sid}:tag:7#0`]) {
    processing.processor.receive(record('log', {message: 'x'}, {occurrence}), {file: 'b.000001', pos: 100})
  }
  const keysSince = (executed: string): string[] =>
    processing.processor.occurrencesSince({file: 'b.000009', pos: 900}, GtidSet.parse(executed)).map(({key}) => key)
  assert.deepEqual(keysSince(`${sid}:1-6`), [`${sid}:7#0`, `${sid}:tag:7#0`])
  assert.deepEqual(keysSince(`${sid}:1-7`), [`${sid}:tag:7#0`])
  assert.deepEqual(keysSince(`${sid}:1-7:tag:7`), [])
})

test('a restored occurrence that the stream brings again is ignored', async () => {
  const processing = new Processing()
  processing.processor.restore({pending: [], occurrences: [{key: 's1#0', ...PLACE}]})
  await processing.send(executeOf(['d.orders']))
  assert.equal(processing.executed.length, 0)
  assert.deepEqual(processing.answers, [['s1', 'ignored', 'this very signal was received before']])
})

test('stop-snapshot is accepted where it stops something, else ignored', async () => {
  const processing = new Processing()
  processing.active.add('orders')
  await processing.send(
    record('stop-snapshot', {'data-collections': ['d.customers']}, {id: 'a'}),
    record('stop-snapshot', {'data-collections': ['d.ord.*']}, {id: 'b'}),
    record('stop-snapshot', null, {id: 'c'}),
  )
  assert.deepEqual(processing.stopped, [[], ['orders'], ['orders']])
  assert.deepEqual(
    processing.answers.map(([id, result]) => [id, result]),
    [
      ['a', 'ignored'],
      ['b', 'accepted'],
      ['c', 'accepted'],
    ],
  )
})

test('the log signal writes its message with the place of the stream', async () => {
  const processing = new Processing()
  await processing.send(record('log', {message: 'at {} now'}))
  const line = processing.log.lines.find(({sentence}) => sentence.startsWith('at '))
  assert.deepEqual(line, {level: 'info', fields: {signal: 's1'}, sentence: 'at {"file":"b.000001"} now'})
})

test('a malformed signal is rejected, and the next one is acted on', async () => {
  const processing = new Processing()
  await processing.send(record('execute-snapshot', '{', {id: 'bad'}), executeOf(['d.orders'], {}, 'good'))
  assert.deepEqual(
    processing.answers.map(([id, result]) => [id, result]),
    [
      ['bad', 'rejected'],
      ['good', 'accepted'],
    ],
  )
})

test('the last fifty receipts are kept', async () => {
  const processing = new Processing()
  await processing.send(...Array.from({length: 60}, (_, i) => record('log', {message: 'x'}, {id: String(i)})))
  assert.equal(processing.processor.receipts.length, 50)
  assert.equal(processing.processor.receipts.at(-1)!.id, '59')
  assert.equal(processing.processor.counts.get('source,accepted'), 60)
})

test('pause and resume are accepted where they change something, and ignored with the reason where not', async () => {
  const processing = new Processing()
  const send = async (type: string, id: string) => await processing.send(record(type, null, {id}))
  await send('pause-snapshot', 'p0')
  await processing.send(executeOf(['d.orders']))
  for (const [type, id] of [
    ['pause-snapshot', 'p1'],
    ['pause-snapshot', 'p2'],
    ['resume-snapshot', 'r1'],
    ['resume-snapshot', 'r2'],
  ] as const)
    await send(type, id)
  const nothing = 'no snapshot runs or is queued, or all are paused already'
  assert.deepEqual(processing.answers, [
    ['p0', 'ignored', nothing],
    ['s1', 'accepted', null],
    ['p1', 'accepted', null],
    ['p2', 'ignored', nothing],
    ['r1', 'accepted', null],
    ['r2', 'ignored', 'no snapshot is paused or has failed'],
  ])
})

test('a signal without an id is answered and copied under one UUID, and is told before its snapshot', async () => {
  const processing = new Processing()
  const told: string[] = []
  processing.onAnswer = ({id}) => told.push(`${id} ${processing.executed.length}`)
  await processing.send(record('execute-snapshot', {'data-collections': ['d.orders']}, {id: '', occurrence: 'o#1'}))
  const {id} = processing.executed[0]!
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(told, [`${id} 0`])
})

test('no moment shows a signal both as pending and as answered', async () => {
  const processing = new Processing()
  const pending: string[][] = []
  processing.onAnswer = () => pending.push(processing.processor.pending.map(({id}) => id))
  await processing.send(
    executeOf(['d.orders'], {}, 'a'),
    executeOf(['d.nothing'], {}, 'b'),
    record('log', {message: 'x'}, {id: 'c'}),
  )
  assert.deepEqual(pending, [['b', 'c'], ['c'], []])
})

test('what waits to be acted on has a size, by which a channel waits; nothing is left of it afterwards', async () => {
  const processing = new Processing()
  const data = {message: 'x'.repeat(1_000)}
  const sending = processing.send(record('log', data, {id: 'a'}), record('log', data, {id: 'b'}))
  assert.ok(processing.processor.pendingSize > 1_000, String(processing.processor.pendingSize))
  await sending
  assert.equal(processing.processor.pendingSize, 0)
})
