import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowsView, StreamTable} from '../../../src/binlog/binlog-events.ts'
import {differentDefinition} from '../../../src/stream/schema-error.ts'
import {
  BinlogScript,
  column,
  rowsView,
  SID,
  signalTable,
  streamTable,
  StreamParts,
  textImage,
} from '../../support/stream-parts.ts'
import type {StreamPartsOptions} from '../../support/stream-parts.ts'
import {smallImage} from '../../support/binlog-bytes.ts'

/** `d.days` (id INT UNSIGNED, day DATE). */
const DAYS: StreamTable = {
  shape: {
    id: {database: 'd', table: 'days'},
    columns: [column('id', 'int', {unsigned: true}), column('day', 'date', {nullable: true})],
    primaryKey: [0],
  },
  layout: {types: Uint8Array.of(3, 10), metadata: Uint16Array.of(0, 0)},
}

function dayImage(id: number, month: number, day: number): Buffer {
  const image = Buffer.alloc(8)
  image.writeUInt32LE(id, 1)
  image.writeUIntLE((2021 << 9) | (month << 5) | day, 5, 3)
  return image
}

const good = (id: number): Buffer => dayImage(id, 2, 28)
const bad = (id: number): Buffer => dayImage(id, 2, 31)

const WARN = {rows: 'warn', definitions: 'warn'} as const

async function open(options: StreamPartsOptions = {}): Promise<StreamParts> {
  return await new StreamParts({failures: WARN, ...options}).open()
}

test('a row that cannot be shown is left out, and those around it come under their own numbers', async () => {
  const parts = await open()
  const script = new BinlogScript().begin(1)
  const {pos} = script
  script.rows('c', DAYS, good(1), bad(2), bad(3), good(4)).rows('c', DAYS, good(5))
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 4', 'c 5'])
  const rows = parts.sink.sent.map(({value}) => (JSON.parse(value!) as {source: {row: number}}).source.row)
  assert.deepEqual(rows, [0, 3, 0])
  assert.equal(parts.dispatcher.place.rows, 5, 'the place inside a transaction counts what was left out')
  const entry = {table: 'days', since: `b.000001:${pos}`, code: 'TIDEMARK_VALUE_INVALID_DATE', removesRows: false}
  assert.deepEqual(parts.leftOut, [
    {...entry, before: ['c 1']},
    {...entry, before: ['c 1']},
  ])
  assert.deepEqual([...parts.failing!.counts], [['d.days', 2]])
})

test('every event with rows left out is logged with its place, code and count, and without what is in it', async () => {
  for (const [mode, level] of [
    ['warn', 'warn'],
    ['skip', 'debug'],
    ['ignore', 'debug'],
  ] as const) {
    const parts = await open({failures: {rows: mode, definitions: 'fail'}})
    const script = new BinlogScript().begin(1)
    const {pos} = script
    await parts.dispatcher.dispatch(script.rows('c', DAYS, bad(1), good(2), bad(3)).commit().read())
    assert.deepEqual(
      parts.log.lines.map(({level: at, fields}) => [at, {...fields, message: ''}]),
      [
        [
          level,
          {
            ...{table: 'd.days', place: `b.000001:${pos}`, operation: 'c', rows: 2},
            ...{code: 'TIDEMARK_VALUE_INVALID_DATE', message: ''},
          },
        ],
      ],
    )
  }
})

test('where the mode is fail the row stops the task, also with the other mode at warn', async () => {
  for (const failures of [undefined, {rows: 'fail', definitions: 'warn'}] as const) {
    const parts = await new StreamParts(failures === undefined ? {} : {failures}).open()
    const script = new BinlogScript().begin(1).rows('c', DAYS, good(1), bad(2), good(3))
    await assert.rejects(parts.dispatcher.dispatch(script.read()), {code: 'TIDEMARK_VALUE_INVALID_DATE'})
    assert.deepEqual(parts.sentOps(), ['c 1'])
    assert.equal(parts.leftOut.length, 0)
  }
})

test('a delete, and an update that may change the key, may leave a row behind in the topic; others do not', async () => {
  const parts = await open()
  const script = new BinlogScript().begin(1)
  script.rows('u', DAYS, good(1), bad(1)).rows('u', DAYS, bad(1), good(1))
  script
    .rows('u', DAYS, bad(1), good(2))
    .rows('d', DAYS, bad(2))
    .rows('u', DAYS, good(3), dayImage(3, 3, 1))
  await parts.dispatcher.dispatch(script.commit().read())
  assert.deepEqual(parts.sentOps(), ['u 3'])
  assert.deepEqual(
    parts.leftOut.map(({removesRows}) => removesRows),
    [false, false, true, true],
  )
})

test('an after image without the key’s columns keeps the key, a before image without them may not', async () => {
  for (const [presentBefore, presentAfter, removesRows] of [
    [0b01, 0b10, false],
    [0b10, 0b01, true],
  ] as const) {
    const parts = await open()
    const id = Buffer.from([0, 1, 0, 0, 0])
    const day = good(1).subarray(4).fill(0, 0, 1)
    const images = presentBefore === 0b01 ? [id, day] : [day, id]
    const view = {
      ...rowsView('u', DAYS, images),
      ...{full: false, presentBefore: Uint8Array.of(presentBefore), presentAfter: Uint8Array.of(presentAfter)},
    }
    await parts.dispatcher.dispatch(new BinlogScript().begin(1).add({kind: 'rows', rows: view}).commit().read())
    assert.deepEqual(
      parts.leftOut.map(entry => [entry.code, entry.removesRows]),
      [['TIDEMARK_BINLOG_ROW_INCOMPLETE', removesRows]],
    )
  }
})

test('resumed behind a row that was left out, it is not counted again, and what comes behind it is emitted once', async () => {
  for (const [rows, ops, counts] of [
    [1, ['c 3'], [['d.days', 1]]],
    [2, ['c 3'], []],
    [3, [], []],
  ] as const) {
    const parts = await open({resume: {sid: SID, gno: 5, rows}})
    const notes = parts.notes.begin('d.days')
    const script = new BinlogScript().begin(5).rows('c', DAYS, good(1), bad(2), good(3)).commit()
    await parts.dispatcher.dispatch(script.read())
    assert.deepEqual(parts.sentOps(), ops)
    assert.deepEqual([...parts.failing!.counts], counts, `rows ${rows}`)
    assert.equal(notes.lostSince(parts.notes.place), true, 'its key is not known, so every key counts as noted')
  }
})

test('windows of the table are read again, those of others are not', async () => {
  const parts = await open()
  const [days, others] = [parts.notes.begin('d.days'), parts.notes.begin('d.t')]
  const script = new BinlogScript().begin(1).rows('c', streamTable('t'), smallImage(1, 'a')).rows('c', DAYS, good(1))
  await parts.dispatcher.dispatch(script.read())
  assert.equal(days.lostSince(parts.notes.place), false)
  await parts.dispatcher.dispatch(script.rows('c', DAYS, bad(2)).commit().read())
  assert.deepEqual([days.lostSince(parts.notes.place), others.lostSince(parts.notes.place)], [true, false])
})

test('the order in the transaction counts the events that come, in the same way after a restart', async () => {
  const images = [good(1), bad(2), good(3)]
  const orders = async (rows: number): Promise<unknown[]> => {
    const resume = rows === 0 ? null : {sid: SID, gno: 5, rows}
    const parts = await open({transactions: true, resume})
    await parts.dispatcher.dispatch(
      new BinlogScript()
        .begin(5)
        .rows('c', DAYS, ...images)
        .commit()
        .read(),
    )
    parts.emitter.flush()
    const events = parts.sink.sent.filter(({topic}) => topic === 'p.d.days')
    return events.map(({value}) => (JSON.parse(value!) as {transaction: {total_order: number}}).transaction.total_order)
  }
  assert.deepEqual([await orders(0), await orders(1), await orders(2)], [[1, 2], [2], [2]])
})

test('rows that cannot be counted stop the task, since no place could be stored behind them', async () => {
  const parts = await open()
  const script = new BinlogScript().begin(1).rows('c', DAYS, good(1), bad(2).subarray(0, 6))
  await assert.rejects(parts.dispatcher.dispatch(script.read()), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
  assert.equal(parts.leftOut.length, 0)
})

test('a row of the signal table that cannot be read stops the task: a signal gets an answer', async () => {
  const parts = await open()
  const view: RowsView = {
    ...rowsView('c', signalTable(), [textImage('id', 'log')]),
    ...{full: false, presentBefore: Uint8Array.of(0b011)},
  }
  const script = new BinlogScript().begin(1).add({kind: 'rows', rows: view})
  await assert.rejects(parts.dispatcher.dispatch(script.read()), {code: 'TIDEMARK_BINLOG_ROW_INCOMPLETE'})
})

test('what was left out is said also where a later row of the event stops the task', async () => {
  const parts = await open()
  const script = new BinlogScript().begin(1).rows('c', DAYS, bad(1), good(2))
  const {encoder} = (await parts.catalog.resolve(DAYS))!
  const encode = encoder.encodeImage.bind(encoder)
  encoder.encodeImage = (...image) => {
    if (image[1] > 0) throw new Error('something else')
    return encode(...image)
  }
  await assert.rejects(parts.dispatcher.dispatch(script.read()), /something else/)
  assert.equal(parts.leftOut.length, 1)
  assert.equal(parts.log.lines.length, 1)
})

const MISMATCH = differentDefinition(DAYS.shape.id, 'b.000001:1', 'its columns are others')

test('events of a table whose definition does not fit are left out until a statement may have mended it', async () => {
  let asked = 0
  let fits = false
  const shapeOf = (table: StreamTable): StreamTable['shape'] => {
    asked++
    if (!fits && table === DAYS) throw MISMATCH
    return table.shape
  }
  const parts = await open({shapeOf})
  const notes = parts.notes.begin('d.days')
  const script = new BinlogScript().begin(1)
  const {pos} = script
  script.rows('c', DAYS, good(1), good(2)).rows('d', DAYS, good(1)).rows('c', streamTable('t'), smallImage(7, 'a'))
  await parts.dispatcher.dispatch(script.read())
  assert.equal(parts.dispatcher.place.rows, 4)
  assert.deepEqual(parts.sentOps(), ['c 7'])
  assert.deepEqual([...parts.failing!.counts], [['d.days', 3]])
  assert.deepEqual(
    parts.leftOut.map(({since, removesRows}) => [since, removesRows]),
    [
      [`b.000001:${pos}`, false],
      [`b.000001:${pos + 10}`, true],
    ],
  )
  assert.deepEqual([asked, notes.lostSince(parts.notes.place)], [2, true])
  fits = true
  await parts.dispatcher.dispatch(script.rows('c', DAYS, good(3)).commit().read())
  assert.equal(parts.leftOut.length, 3)
  script.gtid(2).query('ALTER TABLE days ADD COLUMN x INT')
  await parts.dispatcher.dispatch(script.begin(3).rows('c', DAYS, good(4)).commit().read())
  assert.deepEqual(parts.sentOps(), ['c 7', 'c 4'])
})

test('resumed inside an event without a definition, only the rows behind the place are counted', async () => {
  const shapeOf = (): never => {
    throw MISMATCH
  }
  for (const [rows, counts] of [
    [1, [['d.days', 2]]],
    [3, []],
  ] as const) {
    const parts = await open({shapeOf, resume: {sid: SID, gno: 5, rows}})
    await parts.dispatcher.dispatch(new BinlogScript().begin(5).rows('c', DAYS, good(1), good(2), good(3)).read())
    assert.deepEqual([...parts.failing!.counts], counts)
    assert.equal(parts.dispatcher.place.rows, 3)
  }
})

test('a definition that is missing stops the task where only rows may be left out, and for the signal table', async () => {
  const shapeOf = (): never => {
    throw MISMATCH
  }
  const rowsOnly = await open({shapeOf, failures: {rows: 'warn', definitions: 'fail'}})
  const script = new BinlogScript().begin(1).rows('c', DAYS, good(1))
  await assert.rejects(rowsOnly.dispatcher.dispatch(script.read()), MISMATCH)
  const both = await open({shapeOf})
  const signals = new BinlogScript().begin(1).rows('c', signalTable(), textImage('a', 'b', 'c'))
  await assert.rejects(both.dispatcher.dispatch(signals.read()), MISMATCH)
})

test('what is wrong for another reason stops the task', async () => {
  const shapeOf = (): never => {
    throw new Error('the server is away')
  }
  const parts = await open({shapeOf})
  const script = new BinlogScript().begin(1).rows('c', DAYS, good(1))
  await assert.rejects(parts.dispatcher.dispatch(script.read()), /the server is away/)
})
