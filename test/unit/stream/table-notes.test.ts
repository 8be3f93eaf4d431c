import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {NoteLog, TableNotes} from '../../../src/stream/table-notes.ts'

interface Note {
  readonly key: string
  readonly place: number
}

const notes = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({min: 0, max: 2})), {maxLength: 40})
  .map(list => {
    let place = 0
    return list.map(([key, steps]): Note => ({key, place: (place += steps)}))
  })

function noted(list: readonly Note[]): TableNotes {
  const table = new TableNotes()
  for (const {key, place} of list) table.note(key, place)
  return table
}

test('a key is superseded exactly where it was noted at or behind the low watermark', () => {
  fc.assert(
    fc.property(notes, fc.nat(30), (list, low) => {
      const table = noted(list)
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
        assert.equal(
          table.supersedes(key, low),
          list.some(note => note.key === key && note.place >= low),
        )
      }
    }),
  )
})

test('forgetting before a low watermark changes nothing for that watermark and all later ones', () => {
  fc.assert(
    fc.property(notes, fc.nat(30), fc.nat(30), (list, forgotten, more) => {
      const whole = noted(list)
      const table = noted(list)
      table.forgetBefore(forgotten)
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        assert.equal(table.supersedes(key, forgotten + more), whole.supersedes(key, forgotten + more))
      }
      const kept = new Set(list.filter(note => whole.supersedes(note.key, forgotten)).map(note => note.key))
      assert.equal(table.size, kept.size, 'and everything older is gone')
    }),
  )
})

test('quiet since a low watermark means that no key is superseded there', () => {
  fc.assert(
    fc.property(notes, fc.nat(30), (list, low) => {
      const table = noted(list)
      const superseded = ['a', 'b', 'c', 'd', 'e'].some(key => table.supersedes(key, low))
      assert.equal(table.quietSince(low), !superseded)
    }),
  )
})

test('the bytes are those of the keys that are kept, and none when all are forgotten', () => {
  fc.assert(
    fc.property(notes, fc.nat(30), (list, low) => {
      const table = noted(list)
      table.forgetBefore(low)
      const again = noted(list.filter(note => note.place >= low))
      assert.equal(table.bytes, again.bytes)
      table.forgetBefore(1_000)
      assert.equal(table.bytes, 0)
    }),
  )
})

test('after an overflow every window that began at or before it is lost, and later ones are not', () => {
  const table = noted([{key: 'a', place: 3}])
  table.overflow(5)
  assert.equal(table.bytes, 0)
  assert.equal(table.lostSince(4), true)
  assert.equal(table.lostSince(5), true)
  assert.equal(table.lostSince(6), false)
  table.note('a', 6)
  assert.equal(table.supersedes('a', 6), true, 'noting goes on')
})

test('above the bound the table with the most notes gives them up, the others keep theirs', () => {
  const log = new NoteLog(1_000)
  const small = log.begin('d.small')
  const large = log.begin('d.large')
  small.note('k', 0)
  for (let i = 0; i < 20; i++) large.note(`key ${i}`, 0)
  log.place = 2
  log.bound()
  assert.equal(log.overflows, 1)
  assert.equal(large.lostSince(2), true)
  assert.equal(large.size, 0)
  assert.equal(small.lostSince(0), false)
  assert.equal(small.supersedes('k', 0), true)
  log.bound()
  assert.equal(log.overflows, 1, 'within the bound nothing is given up')
})

test('a table that begins twice has one set of notes, and none after its end', () => {
  const log = new NoteLog(1_000)
  const first = log.begin('d.t')
  assert.equal(log.begin('d.t'), first)
  log.end('d.t')
  assert.equal(log.of('d.t'), null)
})

test('the image of a change that was not emitted lives as long as its note, and counts in bytes', () => {
  const notes = new TableNotes()
  notes.note('a', 1)
  const plain = notes.bytes
  const image = {bytes: Buffer.alloc(100), rowEnd: 50}
  notes.noteSilently('a', 2, image)
  assert.equal(notes.imageOf('a'), image)
  assert.equal(notes.bytes, plain + 100)
  notes.note('a', 2)
  assert.equal(notes.imageOf('a'), null, 'an event that is emitted shows the row itself')
  assert.equal(notes.bytes, plain)
  notes.noteSilently('a', 3, image)
  notes.forgetBefore(4)
  assert.deepEqual([notes.imageOf('a'), notes.bytes, notes.size], [null, 0, 0])
  notes.noteSilently('a', 5, image)
  notes.overflow(6)
  assert.deepEqual([notes.imageOf('a'), notes.bytes], [null, 0])
})
