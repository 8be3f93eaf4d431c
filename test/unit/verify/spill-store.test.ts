import assert from 'node:assert/strict'
import {readdirSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {test} from 'node:test'
import fc from 'fast-check'
import {SpillStore, type RecordHead} from '../../../src/verify/spill-store.ts'

interface Item {
  readonly table: number
  readonly key: string
  readonly row: string | null
}

const items = fc.array(
  fc.record({
    table: fc.nat(3),
    key: fc.string({maxLength: 3}),
    row: fc.option(fc.string({maxLength: 200}), {nil: null}),
  }),
  {maxLength: 300},
)

function append(store: SpillStore, {table, key, row}: Item, kind = 1): void {
  const range = (text: string) => ({bytes: Buffer.from(text), start: 0, end: Buffer.byteLength(text)})
  const head: RecordHead = {kind, table, file: 3, pos: 2 ** 40 + 1}
  store.append(head, range(key), row === null ? null : range(row))
}

function readAll(store: SpillStore): {bucket: number; item: Item}[] {
  return store.buckets.flatMap((bucket, index) => {
    const found: {bucket: number; item: Item}[] = []
    bucket.read(({kind, table, file, pos, bytes, keyStart, keyEnd, rowEnd}) => {
      assert.deepEqual([kind, file, pos], [1, 3, 2 ** 40 + 1])
      const key = bytes.toString('utf8', keyStart, keyEnd)
      found.push({bucket: index, item: {table, key, row: bytes.toString('utf8', keyEnd, rowEnd)}})
    })
    return found
  })
}

test('every record comes back once, those of one key in their order and from one bucket, spilled or not', () => {
  fc.assert(
    fc.property(items, fc.constantFrom(1, 500, 1e9), (list, memoryBytes) => {
      const store = new SpillStore({buckets: 4, memoryBytes})
      try {
        for (const item of list) append(store, item)
        const found = readAll(store)
        const byKey = (all: readonly Item[]): Map<string, string[]> => {
          const map = new Map<string, string[]>()
          for (const {table, key, row} of all) {
            const name = `${table}:${key}`
            map.set(name, [...(map.get(name) ?? []), row ?? ''])
          }
          return new Map([...map].sort())
        }
        assert.deepEqual(byKey(found.map(({item}) => item)), byKey(list))
        const buckets = new Map<string, number>()
        for (const {bucket, item} of found) {
          const name = `${item.table}:${item.key}`
          assert.equal(buckets.get(name) ?? bucket, bucket)
          buckets.set(name, bucket)
        }
      } finally {
        store.close()
      }
    }),
    {numRuns: 50},
  )
})

test('no more is held in memory than was allowed and one record', () => {
  const store = new SpillStore({buckets: 8, memoryBytes: 10_000})
  try {
    for (let i = 0; i < 5_000; i++) append(store, {table: 0, key: `${i}`, row: 'x'.repeat(100)})
    assert.ok(store.peakHeldBytes <= 10_000 + 200, `held ${store.peakHeldBytes}`)
    assert.ok(store.spilledBytes > 500_000, `spilled ${store.spilledBytes}`)
    assert.equal(readAll(store).length, 5_000)
  } finally {
    store.close()
  }
})

test('a record larger than a block of the file comes back whole', () => {
  const store = new SpillStore({buckets: 2, memoryBytes: 1})
  try {
    const row = 'é'.repeat(2_000_000)
    append(store, {table: 1, key: 'k', row})
    append(store, {table: 1, key: 'k', row: 'small'})
    assert.deepEqual(
      readAll(store).map(({item}) => item.row),
      [row, 'small'],
    )
  } finally {
    store.close()
  }
})

test('a closed store leaves nothing in the temporary folder', () => {
  const ours = (): string[] => readdirSync(tmpdir()).filter(name => name.startsWith('tidemark-verify-'))
  const before = new Set(ours())
  const store = new SpillStore({buckets: 2, memoryBytes: 1})
  append(store, {table: 0, key: 'a', row: 'b'})
  const made = ours().filter(name => !before.has(name))
  assert.equal(made.length >= 1, true)
  store.close()
  store.close()
  // Other processes may verify meanwhile, so only what appeared with this store counts.
  assert.equal(ours().filter(name => made.includes(name)).length < made.length, true)
})

test('keys spread over all buckets', () => {
  const store = new SpillStore({buckets: 64, memoryBytes: 1e9})
  for (let i = 0; i < 6_400; i++) append(store, {table: 0, key: `{"id":${i}}`, row: null})
  const sizes = store.buckets.map(bucket => bucket.byteLength)
  assert.ok(Math.min(...sizes) > 0.5 * Math.max(...sizes), `from ${Math.min(...sizes)} to ${Math.max(...sizes)} bytes`)
  store.close()
})
