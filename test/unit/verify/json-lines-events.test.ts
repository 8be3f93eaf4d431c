import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {EventIntake} from '../../../src/verify/event-intake.ts'
import {readJsonLines} from '../../../src/verify/json-lines-events.ts'
import {ADD_SHOWN, TRUNCATE_SHOWN} from '../../../src/verify/record-kinds.ts'
import {SpillStore} from '../../../src/verify/spill-store.ts'
import {tempFolder} from '../../support/temp-folder.ts'

const place = {executed: null, from: {file: 'b.000001', pos: 1000}, to: {file: 'b.000001', pos: 1000}}
const never = new AbortController().signal

function line(topic: string, key: string, after: string): string {
  const source = '{"file":"b.000001","pos":4,"gtid":null}'
  return `{"topic":"${topic}","key":${key},"value":{"before":null,"after":${after},"source":${source},"op":"c"},"headers":{"a":"}"}}\n`
}

async function read(t: TestContext, content: string, indexes: Record<string, number>) {
  const path = join(await tempFolder(t), 'events.jsonl')
  await writeFile(path, content)
  const store = new SpillStore({buckets: 1, memoryBytes: 1e9})
  const topics = [0, 1].map(table => ({type: 'own', table}) as const)
  const intake = new EventIntake(store, place, {tables: 2, topics})
  await readJsonLines({path, topics: new Map(Object.entries(indexes))}, intake, never)
  const records: [number, string, string][] = []
  store.buckets[0]!.read(({table, bytes, keyStart, keyEnd, rowEnd}) => {
    records.push([table, bytes.toString('utf8', keyStart, keyEnd), bytes.toString('utf8', keyEnd, rowEnd)])
  })
  return {records, counts: intake.counts}
}

test('one pass takes the lines of all tables asked for and no other', async t => {
  const content =
    line('s.a', '{"id":1}', '{"id":1}') + line('s.x', '{"id":9}', '{}') + line('s.b', '{"id":2}', '{"id":2}')
  const {records, counts} = await read(t, content, {'s.a': 0, 's.b': 1})
  assert.deepEqual(records, [
    [0, '{"id":1}', '{"id":1}'],
    [1, '{"id":2}', '{"id":2}'],
  ])
  assert.deepEqual(
    counts.map(({events}) => events),
    [1, 1],
  )
})

test('a last line that is still being written is no event yet', async t => {
  const whole = line('s.a', '{"id":1}', '{"id":1}')
  const {records} = await read(t, whole + line('s.a', '{"id":2}', '{"id":2}').slice(0, -1), {'s.a': 0})
  assert.equal(records.length, 1)
})

test('the text key of a StringConverter is the key itself, as it stands in a topic', async t => {
  const {records} = await read(t, line('s.a', '"Struct{id=\\"é\\"}"', '{"id":1}'), {'s.a': 0})
  assert.deepEqual(records, [[0, 'Struct{id="é"}', '{"id":1}']])
})

test('lines across blocks and lines larger than a block come whole', async t => {
  const big = JSON.stringify({text: 'é'.repeat(1_500_000)})
  const small = Array.from({length: 20_000}, (_, i) =>
    line('s.a', `{"id":${i}}`, `{"id":${i},"pad":"${'x'.repeat(i % 97)}"}`),
  )
  const content = small.join('') + line('s.a', '{"id":-1}', big) + line('s.a', '{"id":-2}', '{}')
  const {records} = await read(t, content, {'s.a': 0})
  assert.equal(records.length, 20_002)
  assert.deepEqual(records.at(-2), [0, '{"id":-1}', big])
  assert.deepEqual(records.at(-1), [0, '{"id":-2}', '{}'])
})

test('a line that is no event is refused with its number', async t => {
  const content = line('s.a', '{"id":1}', '{"id":1}') + '\n{"level":30,"msg":"a log line"}\n'
  await assert.rejects(read(t, content, {'s.a': 0}), {
    code: 'TIDEMARK_VERIFY_EVENT_MALFORMED',
    message: /events\.jsonl, line 3: .*no "topic"/,
  })
})

test('members may stand in any order', async t => {
  const [, key, value] = /"key":(.*),"value":(.*),"headers"/.exec(line('s.a', '{"id":1}', '{"id":1}'))!
  const content = [
    `{"value":${value},"key":${key},"topic":"s.a"}`,
    `{"topic":"s.a","value":${value},"key":${key}}`,
    `{"headers":{"topic":"s.b"},"partition":1,"topic":"s.a","key":${key},"value":${value}}`,
    `{"value":null,"topic":"s.a","key":${key}}`,
  ]
  const {records, counts} = await read(t, content.map(text => `${text}\n`).join(''), {'s.a': 0, 's.b': 1})
  assert.deepEqual(
    records.map(([table, keyText, row]) => [table, keyText, row]),
    [
      [0, '{"id":1}', '{"id":1}'],
      [0, '{"id":1}', '{"id":1}'],
      [0, '{"id":1}', '{"id":1}'],
      [0, '{"id":1}', ''],
    ],
  )
  assert.equal(counts[1]!.events, 0)
})

test('the copy id is taken from the headers, which stand behind the value, for tables without a key', async t => {
  const event = (op: string, pos: number, copyId: string | null) => {
    const source = `{"file":"b.000001","pos":${pos},"row":0,"gtid":null}`
    const value = `{"before":null,"after":${op === 't' ? 'null' : '{"n":1}'},"source":${source},"op":"${op}"}`
    const headers = copyId === null ? '' : `,"headers":{"other":{"x":[1]},"__tidemark.copy.id":"${copyId}"}`
    return `{"topic":"s.a","key":null,"value":${value}${headers}}\n`
  }
  const path = join(await tempFolder(t), 'events.jsonl')
  const reads = ['a', 'b', 'a'].map(copyId => event('r', 20, copyId))
  await writeFile(path, [event('c', 10, null), event('r', 15, 'a'), event('t', 20, 'b'), ...reads].join(''))
  const store = new SpillStore({buckets: 1, memoryBytes: 1e9})
  const intake = new EventIntake(store, place, {tables: 1, topics: [{type: 'own', table: 0}], keyless: new Set([0])})
  await readJsonLines({path, topics: new Map([['s.a', 0]])}, intake, never)
  const kinds: number[] = []
  store.buckets[0]!.read(({kind}) => kinds.push(kind))
  assert.deepEqual(kinds, [ADD_SHOWN, ADD_SHOWN, TRUNCATE_SHOWN, ADD_SHOWN])
  assert.deepEqual([intake.counts[0]!.events, intake.counts[0]!.superseded], [6, 2])
})
